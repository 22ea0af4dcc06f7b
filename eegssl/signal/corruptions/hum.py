"""Add hum of the mains, and the harmonics within the band."""

import numpy as np

from eegssl.signal.corruptions.corruption import Corruption, Draws, Floats, Site

UNKNOWN_HZ = 50.0
"""The mains where nobody knows it."""
_GAINS = (0.5, 1.5)  # channels catch more and less of it


class Mains(Corruption):
    """A sine of the mains' frequency, and its harmonics, falling as one over their number."""

    name = "mains"
    words = "Hum of the mains"
    unit = "µV, amplitude at the mains' frequency"
    levels = (2.0, 5.0, 10.0, 20.0, 50.0)
    bounds = (0.0, 1e4)

    def lacks(self, site: Site) -> str:
        """Why there can be no hum."""
        line_hz, top_hz = _line_hz(site), site.band_hz[1]
        return "" if line_hz <= top_hz else f"mains of {line_hz:g} Hz is above its {top_hz:g} Hz"

    def assumed(self, site: Site) -> str:
        """The mains where nobody knows it."""
        return f"mains taken for {UNKNOWN_HZ:g} Hz" if site.line_hz is None else ""

    def apply(self, signal_uv: Floats, level: float, draws: Draws) -> Floats:
        """The hum goes on through a recording: its phase and the channels' gains are that's own."""
        site, rng = draws.site, draws.of_recording()
        phase = rng.uniform(0, 2 * np.pi)
        gains = rng.uniform(*_GAINS, len(signal_uv))
        time_s = (draws.start + np.arange(signal_uv.shape[1])) / site.sfreq_hz
        line_hz, hum = _line_hz(site), np.zeros(signal_uv.shape[1])
        for k in range(1, int(site.band_hz[1] // line_hz) + 1):
            hum += np.sin(k * (2 * np.pi * line_hz * time_s + phase)) / k
        return signal_uv + level * gains[:, None] * hum


def _line_hz(site: Site) -> float:
    return UNKNOWN_HZ if site.line_hz is None else site.line_hz

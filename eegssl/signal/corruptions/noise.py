"""Add noise to every channel, white or with power as 1/f.

The noise is as large in a seizure as before it, as that of an amplifier is: its size follows from
the typical size of the channel in its recording, not from the window's own.
"""

from typing import ClassVar

from eegssl.signal.corruptions.corruption import Corruption, Draws, Floats, band_noise


class WhiteNoise(Corruption):
    """Noise that is as strong at every frequency of the recording's band."""

    name = "white"
    words = "White noise"
    unit = "signal to noise in dB"
    levels = (20.0, 10.0, 5.0, 0.0, -5.0)
    bounds = (-60.0, 120.0)
    ascending = False
    slope: ClassVar[float] = 0.0

    def apply(self, signal_uv: Floats, level: float, draws: Draws) -> Floats:
        """Each channel's signal and noise are in the ratio of powers that is asked for."""
        site = draws.site
        noise = band_noise(
            draws.of_window(), _shape(signal_uv), site.sfreq_hz, site.band_hz, self.slope
        )
        return signal_uv + noise * (site.size_uv * 10 ** (-level / 20))[:, None]


class PinkNoise(WhiteNoise):
    """Noise with power as 1/f, as electrodes and sweat make it."""

    name = "pink"
    words = "1/f noise"
    slope = 1.0


def _shape(signal_uv: Floats) -> tuple[int, int]:
    return signal_uv.shape[0], signal_uv.shape[1]

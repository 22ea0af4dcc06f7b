"""Narrow the band of a recording, as another amplifier would."""

import numpy as np
from scipy.signal import butter, sosfiltfilt

from eegssl.signal.corruptions.corruption import Corruption, Draws, Floats, Site

LOW_HZ = 1.0
"""The lower edge at every severity."""
_ORDER = 4  # of Butterworth filters, run forth and back: no delay


class NarrowBand(Corruption):
    """Every window is filtered to a band from 1 Hz to the upper edge that is asked for."""

    name = "band"
    words = "A narrower band"
    unit = "upper edge in Hz"
    levels = (40.0, 30.0, 20.0, 15.0, 10.0)
    bounds = (2.0, 1e4)
    ascending = False

    def lacks(self, site: Site) -> str:
        """Why the band can't be narrowed."""
        return "" if site.sfreq_hz > 4 * LOW_HZ else "sampled too slowly"

    def apply(self, signal_uv: Floats, level: float, draws: Draws) -> Floats:
        """An edge above the recording's own changes nothing there."""
        site, n = draws.site, signal_uv.shape[1]
        margin = min(n - 1, round(3 * site.sfreq_hz / LOW_HZ))
        edges = [(LOW_HZ, "highpass")] if site.band_hz[0] < LOW_HZ else []
        if level < min(site.band_hz[1], site.sfreq_hz / 2):
            edges.append((level, "lowpass"))
        for edge_hz, kind in edges:
            sections = butter(_ORDER, edge_hz, kind, fs=site.sfreq_hz, output="sos")
            signal_uv = sosfiltfilt(sections, signal_uv, axis=1, padlen=margin)
        return np.array(signal_uv)

"""Add bursts of muscle activity over the temples."""

import numpy as np

from eegssl.signal.corruptions.corruption import Corruption, Draws, Floats, Site, band_noise

FROM_HZ = 20.0
"""Muscle of the scalp has most of its power from here on (Goncharova et al., Clin Neurophysiol
2003)."""
TEMPORAL = frozenset({"LT", "RT"})
_SHARE = 0.5  # of a window that a burst lasts
_EDGE_S = 0.1


class Muscle(Corruption):
    """A burst in half of every window, another in each temporal channel."""

    name = "muscle"
    words = "Muscle over the temples"
    unit = "µV, root mean square of a burst"
    levels = (5.0, 10.0, 20.0, 40.0, 80.0)
    bounds = (0.0, 1e4)

    def lacks(self, site: Site) -> str:
        """Why there can be no muscle."""
        if not any(TEMPORAL & regions for regions in site.regions):
            return "no temporal channel"
        if site.band_hz[1] <= FROM_HZ:
            return f"its band ends at {site.band_hz[1]:g} Hz, and muscle begins at {FROM_HZ:g} Hz"
        return ""

    def apply(self, signal_uv: Floats, level: float, draws: Draws) -> Floats:
        """The burst begins at random, and rises and falls within a tenth of a second."""
        site, rng = draws.site, draws.of_window()
        n = signal_uv.shape[1]
        rows = np.flatnonzero([bool(TEMPORAL & regions) for regions in site.regions])
        length = max(1, round(_SHARE * n))
        start = int(rng.integers(0, n - length + 1))
        inside = np.arange(length)
        from_edge_s = (np.minimum(inside, length - 1 - inside) + 0.5) / site.sfreq_hz
        envelope = np.sin(np.pi / 2 * np.minimum(from_edge_s / _EDGE_S, 1.0)) ** 2
        band_hz = (FROM_HZ, site.band_hz[1])
        noise = band_noise(rng, (len(rows), n), site.sfreq_hz, band_hz)
        corrupted = signal_uv.copy()
        corrupted[rows, start : start + length] += level * envelope * noise[:, :length]
        return corrupted

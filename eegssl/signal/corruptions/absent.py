"""Silence channels, or whole regions of the head.

A silent channel stays in its place and holds the noise of an amplifier alone, so that models that
read channels by name, and those that read any, meet the same array. (At exactly 0 µV the logarithm
of a power would say more of a floor in a program than of a lost electrode.) Which ones are silent
is drawn once for a recording; those of a lower severity are among those of a higher one.
"""

import numpy as np
from numpy.typing import NDArray

from eegssl.signal.corruptions.corruption import Corruption, Draws, Floats, Site, band_noise

NOISE_UV = 0.5
"""Root mean square of what is left in a silent channel (ours)."""


class DroppedChannels(Corruption):
    """Channels are silent, at least one and never all."""

    name = "drop-channels"
    words = "Dropped channels"
    unit = "share of the channels"
    levels = (0.1, 0.2, 0.3, 0.5, 0.7)
    bounds = (0.0, 1.0)

    def lacks(self, site: Site) -> str:
        """Why none can be dropped."""
        return "a single channel" if len(site.names) < 2 else ""

    def apply(self, signal_uv: Floats, level: float, draws: Draws) -> Floats:
        """So many channels, rounded, are silent."""
        n = len(signal_uv)
        silent = np.zeros(n, dtype=np.bool_)
        so_many = min(max(round(level * n), 1), n - 1)
        silent[draws.of_recording().permutation(n)[:so_many]] = True
        return _silenced(signal_uv, silent, draws)


class DroppedRegions(Corruption):
    """All channels of some regions are silent; one region at least stays."""

    name = "drop-regions"
    words = "Dropped regions"
    unit = "regions of the eight"
    levels = (1.0, 2.0, 3.0, 4.0, 5.0)
    bounds = (1.0, 7.0)

    def lacks(self, site: Site) -> str:
        """Why none can be dropped."""
        order = sorted({region for regions in site.regions for region in regions})
        kept = [not _of(site, order[:1])[k] for k in range(len(site.names))]
        return "" if any(kept) and len(order) > 1 else "its channels lie in a single region"

    def apply(self, signal_uv: Floats, level: float, draws: Draws) -> Floats:
        """Derivations are silent with either of their electrodes; not all channels ever are."""
        site = draws.site
        order = sorted({region for regions in site.regions for region in regions})
        drawn = [order[k] for k in draws.of_recording().permutation(len(order))]
        silent = np.zeros(len(signal_uv), dtype=np.bool_)
        for k in range(1, min(round(level), len(order) - 1) + 1):
            more = _of(site, drawn[:k])
            silent = silent if more.all() else more
        return _silenced(signal_uv, silent, draws)


def _silenced(signal_uv: Floats, silent: NDArray[np.bool_], draws: Draws) -> Floats:
    """Noise in the silent channels, and the others as they are."""
    site = draws.site
    shape = (len(signal_uv), signal_uv.shape[1])
    noise = NOISE_UV * band_noise(draws.of_window(), shape, site.sfreq_hz, site.band_hz)
    return np.where(silent[:, None], noise, signal_uv)


def _of(site: Site, some: list[str]) -> NDArray[np.bool_]:
    """The channels [C] with an electrode in one of these regions."""
    return np.array([bool(set(some) & regions) for regions in site.regions])

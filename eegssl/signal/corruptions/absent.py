"""Silence channels, or whole regions of the head.

A silent channel is flat at 0 µV, as one whose electrode came off: models that read channels by
name, and those that read any, meet the same array. Which ones are silent is drawn once for a
recording; those of a lower severity are among those of a higher one.
"""

import numpy as np
from numpy.typing import NDArray

from eegssl.signal.corruptions.corruption import Corruption, Draws, Floats, Site


class DroppedChannels(Corruption):
    """Channels are flat, at least one and never all."""

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
        silent = min(max(round(level * n), 1), n - 1)
        corrupted = signal_uv.copy()
        corrupted[draws.of_recording().permutation(n)[:silent]] = 0
        return corrupted


class DroppedRegions(Corruption):
    """All channels of some regions are flat; one region at least stays."""

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
        corrupted = signal_uv.copy()
        corrupted[silent] = 0
        return corrupted


def _of(site: Site, some: list[str]) -> NDArray[np.bool_]:
    """The channels [C] with an electrode in one of these regions."""
    return np.array([bool(set(some) & regions) for regions in site.regions])

"""What a channel's raw samples say about its recording: flat, saturated, not finite.

Never a cut by amplitude: that removes seizures. All thresholds are ours.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FLAT_SHARE = 0.99
SATURATED_SHARE = 0.01
RUN = 3


@dataclass(frozen=True)
class ChannelQuality:
    """Per channel [C]: ``flat``, ``saturated``, ``non_finite`` (bool), and ``saturated_share``.

    ``saturated_share`` is the share of samples in runs of three or more at the channel's extremes.
    """

    flat: npt.NDArray[np.bool_]
    saturated: npt.NDArray[np.bool_]
    non_finite: npt.NDArray[np.bool_]
    saturated_share: npt.NDArray[np.float64]


def channel_quality(signal_uv: npt.NDArray[np.floating]) -> ChannelQuality:
    """Flags for a raw recording [C,T], before any filter.

    Flat: 99 % of samples repeat the one before. Saturated: 1 % lie in runs at an extreme, the
    channel not being flat.
    """
    non_finite = np.array([not np.isfinite(x).all() for x in signal_uv], dtype=np.bool_)
    flat = np.array([_repeat_share(x) >= FLAT_SHARE for x in signal_uv], dtype=np.bool_)
    share = np.array([_extreme_share(x) for x in signal_uv], dtype=np.float64)
    share[flat | non_finite] = 0.0
    return ChannelQuality(flat, share >= SATURATED_SHARE, non_finite, share)


def _repeat_share(x: npt.NDArray[np.floating]) -> float:
    """Share of samples equal to the one before; 1 for fewer than two samples."""
    return float(np.mean(x[1:] == x[:-1])) if x.size > 1 else 1.0


def _extreme_share(x: npt.NDArray[np.floating]) -> float:
    """Share of samples in runs of RUN or more at the least or the greatest value."""
    if x.size < RUN:
        return 0.0
    held = 0
    for extreme in (x.min(), x.max()):
        at = np.concatenate([[False], x == extreme, [False]]).astype(np.int8)
        edges = np.flatnonzero(np.diff(at))
        lengths = edges[1::2] - edges[::2]
        held += int(lengths[lengths >= RUN].sum())
    return held / x.size

"""Average window probabilities over time, across overlaps and gaps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError

_PER_S = 1_000_000  # edges are whole microseconds: windows that touch share an edge exactly
_ROUNDING = 1e-12  # relative: the mean of equal probabilities may fall short of them by this


@dataclass(frozen=True)
class Timeline:
    """Steps of probability between ``edges_us`` [n + 1] in microseconds from the start.

    ``probability`` [n] is the mean over the windows that cover a step, NaN where none does.
    """

    edges_us: NDArray[np.int64]
    probability: NDArray[np.float64]

    def above(self, threshold: float, merge_gap_s: float = 0.0) -> NDArray[np.float64]:
        """Stretches [m, 2] (onset, offset in s) at or above a threshold.

        Those closer than ``merge_gap_s`` are joined, never over time without a window.
        """
        with np.errstate(invalid="ignore"):
            positive = self.probability >= threshold * (1 - _ROUNDING)
        changes = np.flatnonzero(np.diff(np.concatenate(([False], positive, [False]))))
        first, last = changes[::2], changes[1::2]
        if merge_gap_s > 0 and len(first) > 1:
            gap_us = self.edges_us[first[1:]] - self.edges_us[last[:-1]]
            uncovered = np.concatenate(([0], np.cumsum(np.isnan(self.probability))))
            covered = uncovered[first[1:]] == uncovered[last[:-1]]
            apart = (gap_us >= merge_gap_s * _PER_S) | ~covered
            first = first[np.concatenate(([True], apart))]
            last = last[np.concatenate((apart, [True]))]
        return np.stack([self.edges_us[first], self.edges_us[last]], axis=1) / _PER_S

    def highest(self, onset_s: float, offset_s: float) -> float:
        """The highest probability between two times; NaN where no window lies."""
        edges = np.rint(np.array([onset_s, offset_s]) * _PER_S)
        first = np.searchsorted(self.edges_us, edges[0], side="right") - 1
        last = np.searchsorted(self.edges_us, edges[1], side="left")
        inside = self.probability[max(0, first) : last]
        known = inside[~np.isnan(inside)]
        return float(known.max()) if len(known) else float("nan")


def timeline(
    start_s: NDArray[np.floating],
    duration_s: NDArray[np.floating],
    probability: NDArray[np.floating],
    smooth: int = 1,
) -> Timeline:
    """The timeline of one recording's windows; arrays are [n], in any order.

    With ``smooth`` each window first takes the mean of that many windows around it, fewer at the
    ends and beside a gap. Centred, so smoothing looks into the future by half its width. Raises
    InputError for arrays that do not fit each other, windows without a length, and values that
    are not finite.
    """
    start, length, p = (np.asarray(a, dtype=np.float64) for a in (start_s, duration_s, probability))
    _check(start, length, p)
    start_us = np.rint(start * _PER_S).astype(np.int64)
    order = np.argsort(start_us, kind="stable")
    start_us, p = start_us[order], p[order]
    end_us = np.rint((start + length)[order] * _PER_S).astype(np.int64)
    p = _smoothed(p, _stretches(start_us, end_us), smooth)
    edges_us = np.unique(np.concatenate([start_us, end_us]))
    return Timeline(edges_us, _mean_of_steps(edges_us, start_us, end_us, p))


def _stretches(start_us: NDArray[np.int64], end_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number for each window [n], the same for windows with no uncovered time between them."""
    begins = start_us[1:] > np.maximum.accumulate(end_us)[:-1]
    return np.concatenate(([0], np.cumsum(begins)))[: len(start_us)]


def _smoothed(
    p: NDArray[np.float64], stretch: NDArray[np.int64], smooth: int
) -> NDArray[np.float64]:
    """The moving mean of ``smooth`` windows within each stretch."""
    total, count = p.copy(), np.ones(len(p))
    for offset in range(1, min(smooth // 2, len(p) - 1) + 1):
        same = stretch[offset:] == stretch[:-offset]
        total[:-offset] += np.where(same, p[offset:], 0.0)
        total[offset:] += np.where(same, p[:-offset], 0.0)
        count[:-offset] += same
        count[offset:] += same
    return total / count


def _mean_of_steps(
    edges_us: NDArray[np.int64],
    start_us: NDArray[np.int64],
    end_us: NDArray[np.int64],
    p: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The mean probability between neighbouring edges, NaN where no window lies."""
    first = np.searchsorted(edges_us, start_us)
    n_steps = np.searchsorted(edges_us, end_us) - first
    within = np.arange(n_steps.sum()) - np.repeat(np.cumsum(n_steps) - n_steps, n_steps)
    step = np.repeat(first, n_steps) + within
    size = max(0, len(edges_us) - 1)
    count = np.bincount(step, minlength=size)
    total = np.bincount(step, weights=np.repeat(p, n_steps), minlength=size)
    return np.divide(total, count, out=np.full(size, np.nan), where=count > 0)


def _check(start: NDArray[np.float64], length: NDArray[np.float64], p: NDArray[np.float64]) -> None:
    """Refuse windows that make no timeline."""
    if not (start.shape == length.shape == p.shape and start.ndim == 1):
        raise InputError(
            f"got starts {start.shape}, durations {length.shape}, probabilities {p.shape}; "
            "expected one of each per window."
        )
    if not (np.all(np.isfinite(start)) and np.all(np.isfinite(p)) and np.all(np.isfinite(length))):
        raise InputError("got a time or a probability that is not finite; expected finite ones.")
    if np.any(length * _PER_S < 1):
        raise InputError("got a window without a duration; expected at least a microsecond.")

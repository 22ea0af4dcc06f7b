"""Score predicted numbers: errors and correlations.

A score that is undefined (a correlation with a constant, or of two points, which is always 1 or
-1) is ``None``; the reason stands under ``undefined``, as in `eegssl.scoring.window_scores`.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.scoring.statistics.bootstrap import bootstrap_weighted
from eegssl.scoring.statistics.intervals import Interval

Floats = NDArray[np.float64]
NUMBER_METRICS = ("mae", "rmse", "r2", "pearson", "spearman")
"""The scores of ``number_scores``, in the order of the tables."""
_FEWEST_POINTS = 3  # ours: two points lie on a line, whatever they are
_RELATIVE = ("r2", "pearson", "spearman")
_CONSTANT = 1e-12  # relative: a spread below this is rounding


def number_scores(truth: NDArray[np.floating], value: NDArray[np.floating]) -> dict[str, Any]:
    """Scores of predicted numbers ``value`` [n] beside the true ones ``truth`` [n].

    ``mae`` and ``rmse`` are in the unit of the labels; ``r2`` is 1 less the squared error over
    that of the mean of ``truth`` (scikit-learn's definition: below 0 is worse than that mean).
    It and the correlations are undefined for fewer than 3 different pairs (ours).
    Raises InputError for arrays that don't fit, values that are not finite, and none at all.
    """
    truth, value = _checked(truth, value)
    sums = _sums(truth, value, np.zeros(len(truth), dtype=np.int64), 1)
    one = np.ones((1, 1))
    scores: dict[str, Any] = {"n": len(truth)}
    undefined: dict[str, str] = {}
    too_few = _too_few(truth, value)
    for name in NUMBER_METRICS:
        if too_few and name in _RELATIVE:
            scores[name], undefined[name] = None, too_few
            continue
        if name == "spearman":
            score = weighted_spearman(truth, value, np.ones((1, len(truth))))[0]
        else:
            score = _FROM_SUMS[name](one @ sums)[0]
        scores[name] = float(score) if np.isfinite(score) else None
        if not np.isfinite(score):
            same = "true" if _constant(truth) else "predicted"
            undefined[name] = f"all {same} numbers are the same"
    return scores | {"mean_truth": float(truth.mean()), "undefined": undefined}


def number_intervals(
    subjects: Sequence[str],
    truth: NDArray[np.floating],
    value: NDArray[np.floating],
    *,
    seed: int,
    n_resamples: int,
) -> dict[str, dict[str, Interval]]:
    """Bootstrap intervals over subjects of each score; arrays [n], one subject each."""
    truth, value = _checked(truth, value)
    names, patient = np.unique(np.asarray(subjects), return_inverse=True)
    sums = _sums(truth, value, patient, len(names))
    too_few = _too_few(truth, value)

    def score(name: str, weights: NDArray[np.int64]) -> Floats:
        if too_few and name in _RELATIVE:
            return np.full(len(weights), np.nan)
        if name == "spearman":
            return weighted_spearman(truth, value, (row[patient] for row in weights))
        return _FROM_SUMS[name](weights @ sums)

    often = {"seed": seed, "n_resamples": n_resamples}
    return {
        name: bootstrap_weighted(partial(score, name), len(names), **often)
        for name in NUMBER_METRICS
    }


def weighted_spearman(truth: Floats, value: Floats, weights: Iterable[NDArray[Any]]) -> Floats:
    """Rank correlation [R] of pairs [n], which count as R ``weights`` [n] say; ties share."""
    correlations = []
    orders = [np.unique(x, return_inverse=True)[1] for x in (truth, value)]
    for row in weights:
        weight = np.asarray(row, dtype=np.float64)
        ranks = []
        for order in orders:
            mass = np.bincount(order, weights=weight)
            ranks.append((np.cumsum(mass) - mass / 2)[order])
        correlations.append(_weighted_pearson(ranks[0], ranks[1], weight))
    return np.array(correlations)


def _weighted_pearson(x: Floats, y: Floats, weight: Floats) -> float:
    total = weight.sum()
    if total == 0:
        return np.nan
    dx, dy = x - weight @ x / total, y - weight @ y / total
    spread = np.sqrt((weight @ dx**2) * (weight @ dy**2))
    return float(weight @ (dx * dy) / spread) if spread > _CONSTANT * total else np.nan


def _sums(truth: Floats, value: Floats, patient: NDArray[np.integer], n_patients: int) -> Floats:
    """Per patient [n, 8] what all scores but Spearman's follow from; centred, to lose no digits."""
    x, y, error = truth - truth.mean(), value - value.mean(), value - truth
    parts = (np.ones_like(x), np.abs(error), error**2, x, y, x**2, y**2, x * y)
    return np.stack(
        [np.bincount(patient, weights=part, minlength=n_patients) for part in parts], axis=1
    )


def _r2(s: Floats) -> Floats:
    return 1 - _over(s[:, 2], _spread(s, 3, 5))


def _pearson(s: Floats) -> Floats:
    shared = s[:, 7] - s[:, 3] * s[:, 4] / s[:, 0]
    return _over(shared, np.sqrt(_spread(s, 3, 5) * _spread(s, 4, 6)))


def _spread(s: Floats, total: int, squares: int) -> Floats:
    """Sums of squares about the mean; rounding counts as 0."""
    spread = s[:, squares] - s[:, total] ** 2 / s[:, 0]
    return np.where(spread > _CONSTANT * np.maximum(s[:, squares], 1e-300), spread, 0.0)


def _over(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


_FROM_SUMS: dict[str, Callable[[Floats], Floats]] = {
    "mae": lambda s: s[:, 1] / s[:, 0],
    "rmse": lambda s: np.asarray(np.sqrt(s[:, 2] / s[:, 0])),
    "r2": _r2,
    "pearson": _pearson,
}
"""Each score [R] from sums [R, 8]."""


def _too_few(truth: Floats, value: Floats) -> str:
    """The reason why points are too few for a correlation; "" where there are enough."""
    n_points = len(np.unique(np.stack([truth, value], axis=1), axis=0))
    if n_points >= _FEWEST_POINTS:
        return ""
    return f"fewer than {_FEWEST_POINTS} different pairs of a true and a predicted number"


def _constant(x: Floats) -> bool:
    return bool(np.ptp(x) <= _CONSTANT * np.abs(x).max())


def _checked(truth: NDArray[np.floating], value: NDArray[np.floating]) -> tuple[Floats, Floats]:
    x, y = np.asarray(truth, dtype=np.float64), np.asarray(value, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or not len(x):
        raise InputError(f"got {x.shape} true and {y.shape} predicted numbers; expected [n] twice.")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError("got numbers that are not finite; expected finite ones.")
    return x, y

"""Score predictions of left-out patients, with bootstrap intervals.

The AUROC compares patients who were left out together: scores of different folds come from
different models, and comparing them pulls a useless model below .5 (Airola et al., Comput Stat
Data Anal 2011). Under labels without meaning each such comparison is a fair coin. Calibration
follows Van Calster et al. (BMC Med 2019): intercept, slope, and an error in bins.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.statistics.bootstrap import bootstrap_weighted
from eegssl.scoring.statistics.intervals import Interval
from eegssl.tasks.patients.cohort.limits import standard_error

Floats = NDArray[np.float64]
FEWEST_PERMUTATIONS = 50
"""Below this many permutations their spread is not known well enough for an interval (ours)."""
_WITHIN = 20.0  # logits; a steeper line separates the classes and has no slope


@dataclass(frozen=True)
class Pairs:
    """Comparisons of patients left out together: ``right`` [P, P] of ``compared`` [P, P].

    Row: a patient of good outcome, column: one of poor; counts over repeats, ties one half.
    """

    right: Floats = field(repr=False)
    compared: Floats = field(repr=False)

    def auroc(self, weights: NDArray[np.integer]) -> Floats:
        """AUROC [R] under weights [R, P]: the mean over pairs of the share that was right."""
        w = np.asarray(weights, dtype=np.float64)
        seen = self.compared > 0
        share = np.where(seen, self.right / np.where(seen, self.compared, 1.0), 0.0)
        above = np.einsum("rp,rp->r", w @ share, w)
        pairs = np.einsum("rp,rp->r", w @ seen.astype(np.float64), w)
        return np.where(pairs > 0, above / np.where(pairs > 0, pairs, 1.0), np.nan)

    @property
    def overall(self) -> float:
        """AUROC of all patients, each counting once."""
        return float(self.auroc(np.ones((1, len(self.right)), dtype=np.int64))[0])


@dataclass(frozen=True)
class Scores:
    """Scores of left-out patients; None where there is no value, with the reason beside it."""

    auroc: float
    brier: float
    calibration_slope: float | None
    calibration_intercept: float | None
    ece: float
    undefined: dict[str, str]


def pairs_of(truth: NDArray[np.integer], logits: Floats, folds: NDArray[np.integer]) -> Pairs:
    """Compare patients who share a fold; ``truth`` [P], ``logits`` and ``folds`` [R, P]."""
    together = folds[:, :, None] == folds[:, None]
    compared = together & ((truth[:, None] == 1) & (truth == 0))
    apart = logits[:, :, None] - logits[:, None]
    won = (apart > 0) + 0.5 * (apart == 0)
    return Pairs(
        np.sum(np.where(compared, won, 0.0), axis=0), compared.sum(axis=0).astype(np.float64)
    )


def scores_of(
    truth: NDArray[np.integer], logits: Floats, folds: NDArray[np.integer], n_bins: int
) -> Scores:
    """Score left-out ``logits`` [R, P] of ``truth`` [P]; repeats count as one patient."""
    p = probability(logits)
    intercept, slope, reason = calibration_line(truth, logits)
    undefined = {"calibration_slope": reason, "calibration_intercept": reason} if reason else {}
    return Scores(
        auroc=pairs_of(truth, logits, folds).overall,
        brier=float(np.mean((p - truth) ** 2)),
        calibration_slope=slope,
        calibration_intercept=intercept,
        ece=calibration_error(truth, p.mean(axis=0), n_bins),
        undefined=undefined,
    )


def intervals_of(
    truth: NDArray[np.integer],
    logits: Floats,
    folds: NDArray[np.integer],
    *,
    seed: int,
    n_resamples: int,
) -> dict[str, dict[str, Interval]]:
    """Bootstrap intervals over patients of AUROC and Brier score.

    Patients are drawn with the scores that they got; the models are not fitted anew, so that the
    intervals say how patients differ and not how fits do.
    """
    error = np.mean((probability(logits) - truth) ** 2, axis=0)

    def brier(weights: NDArray[np.int64]) -> Floats:
        return np.asarray(weights @ error / weights.sum(axis=1))

    auroc = pairs_of(truth, logits, folds).auroc
    return {
        name: bootstrap_weighted(score, len(truth), seed=seed, n_resamples=n_resamples)
        for name, score in (("auroc", auroc), ("brier", brier))
    }


def permutation_interval(auroc: float, null: Floats, n_good: int, n_poor: int) -> Interval:
    """95 % interval of a cross-validated AUROC, from those of permuted outcomes ``null`` [B].

    All true values A with |auroc - A| <= 1.96 SE(A), where SE(.5) is how far permuted outcomes lie
    from .5, and the way SE falls towards 1 is Hanley & McNeil's. It holds .5 exactly where that
    can't be refused. Ours: patients drawn with fixed scores leave out how fits differ, and hold
    .5 far too rarely (docs); the permuted procedure has it all.
    """
    if len(null) < FEWEST_PERMUTATIONS:
        few = f"{len(null)} permutations, fewer than {FEWEST_PERMUTATIONS}"
        return Interval(None, None, "permutation", n_good + n_poor, few)
    grid = np.linspace(0.0, 1.0, 2001)
    # Hanley and McNeil's is no mirror image; the side below .5 is taken as that above.
    shape = np.array([standard_error(max(a, 1 - a), n_good, n_poor) for a in grid])
    error = np.sqrt(np.mean((null - 0.5) ** 2)) * shape / standard_error(0.5, n_good, n_poor)
    inside = grid[np.abs(auroc - grid) <= 1.96 * error]
    low, high = (float(inside.min()), float(inside.max())) if len(inside) else (auroc, auroc)
    return Interval(min(low, auroc), max(high, auroc), "permutation", n_good + n_poor)


def gain_of(a: Pairs, b: Pairs, *, seed: int, n_resamples: int) -> tuple[float, Interval]:
    """AUROC of ``a`` less that of ``b``, and its BCa interval on the same drawn patients."""
    intervals = bootstrap_weighted(
        lambda weights: a.auroc(weights) - b.auroc(weights),
        len(a.right),
        seed=seed,
        n_resamples=n_resamples,
    )
    return a.overall - b.overall, intervals["bca"]


def probability(logits: Floats) -> Floats:
    """Probabilities of logits, of any shape."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -700, 700))))  # beyond, exp overflows


def calibration_line(
    truth: NDArray[np.integer], logits: Floats
) -> tuple[float | None, float | None, str]:
    """Intercept (at slope 1) and slope of the outcome on left-out ``logits`` [R, P]; or a reason.

    0 and 1 are ideal; a slope below 1 says that probabilities are too extreme (Cox 1958).
    """
    x, y = logits.reshape(-1), np.broadcast_to(truth, logits.shape).reshape(-1).astype(np.float64)
    if np.ptp(x) < 1e-9:
        return None, None, "all patients got the same probability"
    spread = float(x.std())
    both = _logistic(np.stack([np.ones_like(x), x / spread], axis=1), y, np.zeros_like(x))
    only = _logistic(np.ones((len(x), 1)), y, x)
    if both is None or only is None:
        return None, None, "the probabilities tell the outcomes apart without an error"
    return float(only[0]), float(both[1] / spread), ""


def calibration_error(truth: NDArray[np.integer], p: Floats, n_bins: int) -> float:
    """Mean over bins of equally many patients of |share of good outcomes - mean probability|."""
    bins = np.array_split(np.argsort(p, kind="stable"), min(n_bins, len(p)))
    gaps = [abs(float(truth[b].mean() - p[b].mean())) * len(b) for b in bins]
    return sum(gaps) / len(p)


def _logistic(x: Floats, y: Floats, offset: Floats) -> Floats | None:
    """Coefficients of a logistic regression of y on x [n, k] beside an offset, or None."""
    beta = np.zeros(x.shape[1])
    for _ in range(100):
        p = probability(x @ beta + offset)
        slope = x.T @ (y - p)
        curvature = x.T @ (x * (p * (1 - p))[:, None])
        if np.linalg.cond(curvature) > 1e10:
            return None
        step = np.linalg.solve(curvature, slope)
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(beta).max() > _WITHIN:
            return None
        if np.abs(step).max() < 1e-9:
            return beta
    return None

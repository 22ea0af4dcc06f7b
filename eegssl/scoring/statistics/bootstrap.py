"""Compute bootstrap intervals of scores, drawing patients.

Windows and events of one patient are alike, so patients are what is drawn, with replacement, and
everything of a patient comes along (the cluster bootstrap; Davison & Hinkley 1997, section 3.8).
Beside the percentile interval stands BCa, which corrects bias and skewness (Efron, J Am Stat
Assoc 1987). Below ten patients neither is given (ours): the patients' own values say more.

One draw of patients is an array of weights [n]: how often each patient was drawn.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from eegssl.errors import InputError
from eegssl.scoring.statistics.intervals import Interval

Floats = NDArray[np.float64]

FEWEST_PATIENTS = 10
"""Below this many patients there is no bootstrap interval (ours)."""
METHODS = ("percentile", "bca")
N_RESAMPLES = 2000

_MOST_UNDEFINED = 0.5  # the share of resamples that may have no score
_TIE = 1e-12  # relative: the same patients summed in another order have the same score


def bootstrap_weighted(
    statistic: Callable[[NDArray[np.int64]], Floats],
    n_patients: int,
    *,
    seed: int,
    n_resamples: int = N_RESAMPLES,
    coverage: float = 0.95,
    n_with_score: int | None = None,
) -> dict[str, Interval]:
    """Percentile and BCa interval of a score of patients, by name of the method.

    ``statistic`` takes weights [R, n_patients], one row a draw, and gives scores [R], NaN where
    there is none. A score of pooled counts [n_patients, k] is a function of ``weights @ counts``.
    Draws without a score are left out, and the interval's note says how many. Of ``n_patients``
    only ``n_with_score`` may decide the score (patients with a seizure, for a pooled sensitivity):
    then these must be ten.
    """
    n = n_patients if n_with_score is None else n_with_score
    if not 0 <= n <= n_patients or not 0 < coverage < 1 or n_resamples < 1:
        raise InputError(
            f"got {n} of {n_patients} patients, coverage {coverage}, {n_resamples} resamples; "
            "expected no more than all patients, a coverage in (0, 1), at least one resample."
        )
    if n < FEWEST_PATIENTS:
        return _without(
            f"{n} patients, fewer than {FEWEST_PATIENTS}: per-patient values instead", n
        )
    estimate = float(statistic(np.ones((1, n_patients), dtype=np.int64))[0])
    if not np.isfinite(estimate):
        return _without("the score itself is undefined", n)
    drawn = np.asarray(statistic(draw_weights(n_patients, n_resamples, seed)), dtype=np.float64)
    one_left_out = 1 - np.eye(n_patients, dtype=np.int64)
    left_out = np.asarray(statistic(one_left_out), dtype=np.float64)
    return _intervals(estimate, drawn, left_out, coverage, n)


def all_weights(n_patients: int, n_resamples: int, seed: int) -> NDArray[np.int64]:
    """Weights [1 + R + n, n] of all patients, of R resamples, and without each of the patients."""
    every = np.ones((1, n_patients), dtype=np.int64)
    one_left_out = 1 - np.eye(n_patients, dtype=np.int64)
    return np.concatenate([every, draw_weights(n_patients, n_resamples, seed), one_left_out])


def intervals_of(
    scores: Floats, n_patients: int, n_with_score: int, coverage: float = 0.95
) -> dict[str, Interval]:
    """Intervals of a score whose values [1 + R + n] under `all_weights` are known already.

    As `bootstrap_weighted`; several scores, or what follows from them, share one draw of patients.
    """
    if n_with_score < FEWEST_PATIENTS:
        reason = f"{n_with_score} patients, fewer than {FEWEST_PATIENTS}"
        return _without(reason, n_with_score)
    if not np.isfinite(scores[0]):
        return _without("the score itself is undefined", n_with_score)
    drawn, left_out = np.split(scores[1:], [len(scores) - 1 - n_patients])
    return _intervals(float(scores[0]), drawn, left_out, coverage, n_with_score)


def mean_of_patients(
    values: Sequence[float | None] | Floats,
    *,
    seed: int,
    n_resamples: int = N_RESAMPLES,
    coverage: float = 0.95,
) -> dict[str, Interval]:
    """Bootstrap intervals of the mean of per-patient values [n].

    Patients without a value (None, NaN) are left out first, as they are of the mean itself. Of
    differences between two systems it is the interval of their mean paired difference.
    """
    numbers = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    return ratio_of_sums(
        numbers, np.ones_like(numbers), seed=seed, n_resamples=n_resamples, coverage=coverage
    )


def ratio_of_sums(
    numerator: Sequence[float] | Floats,
    denominator: Sequence[float] | Floats,
    *,
    seed: int,
    n_resamples: int = N_RESAMPLES,
    coverage: float = 0.95,
) -> dict[str, Interval]:
    """Bootstrap intervals of a pooled score that is a sum over patients over another one.

    Sensitivity is tp over reference events, F1 is 2 tp over reference events + tp + fp, false
    alarms per 24 h are fp over days; both arrays [n]. Patients with denominator 0 add nothing;
    they are left out and not counted.
    """
    above = np.asarray(numerator, dtype=np.float64)
    below = np.asarray(denominator, dtype=np.float64)
    if above.ndim != 1 or above.shape != below.shape:
        raise InputError(f"got {above.shape} over {below.shape}; expected [n_patients] twice.")
    if not (np.all(np.isfinite(above)) and np.all(np.isfinite(below)) and np.all(below >= 0)):
        raise InputError("got sums that are not finite or below 0; expected finite ones from 0.")
    defined = below > 0
    sums = np.stack([above[defined], below[defined]], axis=1)

    def ratio(weights: NDArray[np.int64]) -> Floats:
        both = weights @ sums
        return both[:, 0] / both[:, 1]

    return bootstrap_weighted(
        ratio, len(sums), seed=seed, n_resamples=n_resamples, coverage=coverage
    )


def draw_weights(n_patients: int, n_resamples: int, seed: int) -> NDArray[np.int64]:
    """Draw how often each patient is in a resample: [R, n_patients], rows sum to n_patients."""
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, n_patients, (n_resamples, n_patients))
    places = draws + n_patients * np.arange(n_resamples)[:, None]
    counts = np.bincount(places.ravel(), minlength=n_resamples * n_patients)
    return counts.reshape(n_resamples, n_patients).astype(np.int64)


def _intervals(
    estimate: float, drawn: Floats, left_out: Floats, coverage: float, n: int
) -> dict[str, Interval]:
    """Both intervals from the score of all, of the resamples [R] and without each patient [n]."""
    defined = drawn[np.isfinite(drawn)]
    n_undefined = len(drawn) - len(defined)
    note = ""
    if n_undefined:
        note = f"{n_undefined} of {len(drawn)} resamples have no score and are left out"
    if n_undefined > _MOST_UNDEFINED * len(drawn):
        return _without("most resamples have no score", n, note)
    if np.ptp(defined) <= _TIE * np.abs(defined).max():
        return _without("every resample has the same score: no variation to learn from", n, note)
    tails = np.array([(1 - coverage) / 2, (1 + coverage) / 2])
    low, high = np.quantile(defined, tails)
    percentile = Interval(float(low), float(high), "percentile", n, "", note)
    shifted, reason = _bca_tails(estimate, defined, left_out, tails)
    if reason:
        return {"percentile": percentile, "bca": Interval(None, None, "bca", n, reason, note)}
    low, high = np.quantile(defined, shifted)
    return {"percentile": percentile, "bca": Interval(float(low), float(high), "bca", n, "", note)}


def _bca_tails(
    estimate: float, drawn: Floats, left_out: Floats, tails: Floats
) -> tuple[Floats, str]:
    """The quantiles [2] to take instead of ``tails``, or the reason why there are none.

    Efron & Tibshirani 1993, equations 14.9 to 14.15; ties with the estimate count half, as in
    `scipy.stats.bootstrap`.
    """
    if not np.all(np.isfinite(left_out)):
        return tails, "the score is undefined without one of the patients"
    above = drawn - estimate
    above[np.abs(above) <= _TIE * np.abs(drawn).max()] = 0
    share_below = (np.mean(above < 0) + np.mean(above <= 0)) / 2
    if not 0 < share_below < 1:
        return tails, "the score lies outside all resamples"
    apart = left_out.mean() - left_out
    spread = np.sum(apart**2)
    acceleration = np.sum(apart**3) / (6 * spread**1.5) if spread > 0 else 0.0
    bias = ndtri(share_below)
    shift = bias + ndtri(tails)
    stretch = 1 - acceleration * shift
    if np.any(stretch <= 0):
        return tails, "the score is too skewed over patients for the correction"
    return ndtr(bias + shift / stretch), ""


def _without(reason: str, n: int, note: str = "") -> dict[str, Interval]:
    return {method: Interval(None, None, method, n, reason, note) for method in METHODS}

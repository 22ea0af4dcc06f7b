"""Pool each code's odds ratio for seizure against background over subjects.

Each subject gives one 2 x 2 table a code: patches in seizures with it (a) and without (b), patches
of background with it (c) and without (d). Subjects differ in how often they show a code at all, so
the odds ratio is pooled over subjects, never over patches: Mantel & Haenszel (J Natl Cancer Inst
1959), sum of a d / n over sum of b c / n. Patches of one person resemble each other, so the
variance for independent patches (Robins, Breslow & Greenland, Biometrics 1986) is far too small: it
is a lower bound here. Subjects are the independent units, as in Liang (Biometrika 1985) and Zhang &
Boos (Biometrics 1997).

The interval is Student's t on the log odds ratio with the jackknife over subjects in its linear
form (each subject's term a d / n - OR b c / n, inflated by the subject's leverage), and with as
many degrees of freedom as effective subjects, less one: 1 / sum of squared leverages, after
Carter, Schnepel & Steigerwald (Rev Econ Stat 2017). The combination is ours: in
simulations with strong subject effects and 8 to 60 subjects the interval covered .94 to .98 of the
true values, and p < .05 occurred in .01 to .05 of the nulls; with n - 1 degrees of freedom in up to
.11, without the leverage in up to .21.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

MIN_SUBJECTS = 6
"""Ours: with fewer informative subjects there is an odds ratio, but no interval and no p."""

_CODES_AT_ONCE = 512
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class OddsRatios:
    """Log odds ratio of each of K codes for seizure against background; NaN where there is none."""

    log_odds_ratio: Floats
    """[K]; natural logarithm. NaN where no informative subject shows the code."""
    ci_low: Floats
    ci_high: Floats
    """[K], of the log odds ratio at the coverage asked for."""
    p: Floats
    """[K], two-sided."""
    q: Floats
    """[K], Benjamini and Hochberg's over all codes that have a p."""
    n_informative: NDArray[np.int64]
    """[K], subjects with both classes in whom the code occurs."""
    n_effective: Floats
    """[K], the number of equally informative subjects that would be as informative."""
    corrected: NDArray[np.bool_]
    """[K]; in one class alone, or all of it: patches were added (see `odds_ratios`)."""
    n_both: int
    """Subjects with patches of both classes."""
    n_one_class: int
    """Subjects with patches of one class only, without information on the difference."""


def odds_ratios(
    seizure: NDArray[np.integer], background: NDArray[np.integer], coverage: float = 0.95
) -> OddsRatios:
    """Pool each code's odds ratio over subjects, from counts of patches [S, K] of both classes.

    A code that occurs in one class alone, or is all of it, has no finite odds ratio: in each
    subject that shows it one patch with it and one without are added, spread over the classes as
    all the subject's patches are (no association), after Sweeting, Sutton & Lambert (Stat Med
    2004). Shares sum to one: where some codes fill the seizures, all others are rarer there.
    Raises ValueError for counts that do not fit each other or are negative.
    """
    if seizure.ndim != 2 or seizure.shape != background.shape:
        raise ValueError(f"got counts {seizure.shape} and {background.shape}; expected two [S, K].")
    if min(seizure.min(initial=0), background.min(initial=0)) < 0:
        raise ValueError("got a negative count of patches; expected counts from 0.")
    totals = seizure.sum(axis=1), background.sum(axis=1)
    both = (totals[0] > 0) & (totals[1] > 0)
    parts = [
        _pooled(
            seizure[both, k : k + _CODES_AT_ONCE].astype(np.float64),
            background[both, k : k + _CODES_AT_ONCE].astype(np.float64),
            *(total[both, None].astype(np.float64) for total in totals),
        )
        for k in range(0, seizure.shape[1], _CODES_AT_ONCE)
    ]
    log_odds, error, informative, effective, corrected = map(
        np.concatenate, zip(*parts, strict=True)
    )
    sure = (informative >= MIN_SUBJECTS) & (error > 0)
    freedom = np.maximum(effective - 1, 1.0)
    half = np.where(sure, stdtrit(freedom, 0.5 + coverage / 2) * error, np.nan)
    t = np.divide(log_odds, error, out=np.full_like(error, np.nan), where=sure)
    p = 2 * stdtr(freedom, -np.abs(t))
    return OddsRatios(
        log_odds_ratio=log_odds,
        ci_low=log_odds - half,
        ci_high=log_odds + half,
        p=p,
        q=false_discovery(p),
        n_informative=informative,
        n_effective=effective,
        corrected=corrected,
        n_both=int(both.sum()),
        n_one_class=int(((totals[0] > 0) ^ (totals[1] > 0)).sum()),
    )


def false_discovery(p: Floats) -> Floats:
    """The q of each p [K] (Benjamini & Hochberg, J R Stat Soc B 1995); NaN stays and is not
    counted.

    Of the codes with q below .05 a twentieth are expected to be there by chance.
    """
    q = np.full_like(p, np.nan)
    places = np.flatnonzero(np.isfinite(p))
    order = places[np.argsort(p[places], kind="stable")]
    raw = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum.accumulate(raw[::-1])[::-1]
    return q


def _pooled(
    a: Floats, c: Floats, n_seizure: Floats, n_background: Floats
) -> tuple[Floats, Floats, NDArray[np.int64], Floats, NDArray[np.bool_]]:
    """Log odds ratio, its standard error, subjects, effective subjects, corrected; each [K].

    ``a`` and ``c`` [S, K] are patches with the code, the others [S, 1] all patches of a class.
    """
    n = n_seizure + n_background
    occurs_for = (a * (n_background - c) / n).sum(axis=0) > 0
    corrected = occurs_for ^ ((c * (n_seizure - a) / n).sum(axis=0) > 0)
    share = n_seizure / n
    added = (a + c > 0) * corrected
    a, c = a + added * share, c + added * (1 - share)
    n_seizure, n_background = n_seizure + 2 * added * share, n_background + 2 * added * (1 - share)
    n = n_seizure + n_background
    for_ = a * (n_background - c) / n
    against = c * (n_seizure - a) / n
    sums = for_.sum(axis=0), against.sum(axis=0)
    finite = (sums[0] > 0) & (sums[1] > 0)
    ratio = np.divide(sums[0], sums[1], out=np.full_like(sums[0], np.nan), where=finite)
    expected = np.where(finite, ratio, 0) * against
    weight = (for_ + expected) * finite
    leverage = weight / np.where(finite, weight.sum(axis=0), 1.0)
    k = (leverage > 0).sum(axis=0)
    score = np.where(finite, for_ - expected, 0.0)
    inflated = np.divide(score, 1 - leverage, out=np.zeros_like(score), where=leverage < 1)
    between = (inflated**2).sum(axis=0) * (k - 1) / np.maximum(k, 1)
    agree = (a + n_background - c) / n
    within = robins_breslow_greenland(for_, against, agree)
    variance = np.maximum(between / np.where(finite, sums[0], 1.0) ** 2, within)
    effective = 1 / np.where(finite, (leverage**2).sum(axis=0), np.inf)
    return np.log(ratio), np.sqrt(variance), k, effective, corrected


def robins_breslow_greenland(for_: Floats, against: Floats, agree: Floats) -> Floats:
    """Variance [K] of the log odds ratio if patches were independent; 0 where there is none.

    From a d / n, b c / n and (a + d) / n, each [S, K] (Robins, Breslow & Greenland 1986, eq. 10).
    """
    r, s = for_.sum(axis=0), against.sum(axis=0)
    finite = (r > 0) & (s > 0)
    r, s = np.where(finite, r, 1.0), np.where(finite, s, 1.0)
    mixed = (agree * against + (1 - agree) * for_).sum(axis=0) / (r * s)
    alike = (agree * for_).sum(axis=0) / r**2 + ((1 - agree) * against).sum(axis=0) / s**2
    variance: Floats = np.where(finite, (alike + mixed) / 2, 0.0)
    return variance

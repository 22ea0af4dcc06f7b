"""Test systems on the same patients, and correct for many tests."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.scoring.statistics.intervals import Interval

Key = TypeVar("Key", bound=Hashable)

_TIE = 1e-9  # relative: sums of the same numbers in another order are the same sum
_FEWEST = 2
_MOST_ENUMERATED = 13  # 8192 patterns
_BLOCK = 1000  # draws at a time: bounds the memory


def paired_permutation(
    a: Sequence[float | None] | NDArray[np.floating],
    b: Sequence[float | None] | NDArray[np.floating],
    *,
    seed: int,
    n: int = 10_000,
) -> float | None:
    """Two-sided p of the mean difference between per-patient scores [n_patients] of two systems.

    Under the null hypothesis the systems can be swapped within a patient, which flips the sign of
    the difference. All sign patterns are enumerated where they are no more than ``n``, so that p
    is exact; else ``n`` are drawn, and the observed one counts among them (Phipson & Smyth 2010),
    so that p is never 0. Patients without one of the scores are left out; None for fewer than
    two, of which nothing can be told.
    The smallest p that is possible is 2 / 2**n_patients: five patients never reach .05.
    """
    difference = _numbers(a) - _numbers(b) if len(a) == len(b) else None
    if difference is None or n < 1:
        raise InputError(f"got {len(a)} and {len(b)} patients, {n} draws; expected pairs, n >= 1.")
    difference = difference[np.isfinite(difference)]
    if len(difference) < _FEWEST:
        return None
    observed = abs(difference.sum()) - _TIE * np.abs(difference).sum()
    if 2 ** len(difference) <= n:
        patterns = np.arange(2 ** len(difference))[:, None] >> np.arange(len(difference)) & 1
        return float(np.mean(np.abs(_signed_sums(patterns, difference)) >= observed))
    rng = np.random.default_rng(seed)
    as_far = 0
    for start in range(0, n, _BLOCK):
        patterns = rng.integers(0, 2, (min(_BLOCK, n - start), len(difference)))
        as_far += int(np.sum(np.abs(_signed_sums(patterns, difference)) >= observed))
    return (1 + as_far) / (1 + n)


def typical_interval(
    differences: Sequence[float] | NDArray[np.floating], *, coverage: float = 0.95
) -> Interval:
    """Interval of the centre of a few paired differences [n], from the means of all their subsets.

    Hartigan, J Am Stat Assoc 1969: if differences are independent and symmetric about a centre,
    it is equally likely to lie between any two neighbours of the 2**n - 1 sorted means. As many
    are cut off at both ends as leave ``coverage`` at least; they are the centres that
    `paired_permutation` does not reject. 95 % needs six differences; more than 13 are too many to
    enumerate, and a bootstrap has them.
    """
    values = np.asarray(differences, dtype=np.float64)
    n = len(values)
    if n > _MOST_ENUMERATED or not np.all(np.isfinite(values)):
        raise InputError(
            f"got {n} differences; expected at most {_MOST_ENUMERATED}, all of them finite."
        )
    cut = int((1 - coverage) / 2 * 2**n + _TIE)
    if cut < 1:
        least = int(np.ceil(np.log2(2 / (1 - coverage))))
        return Interval(None, None, "typical", n, f"{n} differences, fewer than {least}")
    subsets = np.arange(1, 2**n)[:, None] >> np.arange(n) & 1
    means = np.sort(subsets @ values / subsets.sum(axis=1))
    return Interval(float(means[cut - 1]), float(means[-cut]), "typical", n)


def holm(p_values: Mapping[Key, float]) -> dict[Key, float]:
    """Adjusted p by name: the chance of any false finding among all stays below it.

    Holm, Scand J Stat 1979: the i-th smallest of m is multiplied by m - i + 1, and none is below
    one before it. In the order given.
    """
    outside = [name for name, p in p_values.items() if not 0 <= p <= 1]
    if outside:
        raise InputError(f"got p = {p_values[outside[0]]}; expected values in [0, 1].")
    adjusted: dict[Key, float] = {}
    largest = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}


def _signed_sums(
    patterns: NDArray[np.integer], difference: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The sum of differences [m] under each pattern [k, m] of kept (1) and flipped (0) signs."""
    return patterns @ (2 * difference) - difference.sum()


def _numbers(values: Sequence[float | None] | NDArray[np.floating]) -> NDArray[np.float64]:
    """Per-patient scores, NaN for None."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

"""Compare systems in pairs, unit by unit, with adjusted p."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.statistics.bootstrap import FEWEST_PATIENTS, mean_of_patients
from eegssl.scoring.statistics.intervals import Interval
from eegssl.scoring.statistics.permutation import holm, paired_permutation, typical_interval

Values = Sequence[float | None] | NDArray[np.floating]
Key = TypeVar("Key", bound=Hashable)

SAME = 1e-6
"""Relative: two scores that float32 rounding alone sets apart are the same."""


@dataclass(frozen=True)
class PairedDifference:
    """The mean difference of two systems over ``n`` units that have both scores.

    ``low`` and ``high`` bound its 95 % interval, and ``note`` says why there is none; ``p`` is of
    a paired permutation, and ``p_holm`` is adjusted for all pairs that were compared together.
    """

    n: int
    n_below: int
    """Units in which the difference is below 0."""
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    note: str

    @classmethod
    def of(
        cls,
        gap: NDArray[np.float64],
        n: int,
        interval: Interval,
        p: float | None,
        p_holm: float | None,
        note: str,
    ) -> "PairedDifference":
        """The mean of differences ``gap`` [units with both scores] with its interval and p."""
        return cls(
            n=n,
            n_below=int((gap < 0).sum()),
            difference=float(gap.mean()) if len(gap) else None,
            low=interval.low,
            high=interval.high,
            p=p,
            p_holm=p_holm,
            note=note,
        )

    def statistics(self) -> dict[str, Any]:
        """All but the counts, as plain values for tables and JSON."""
        names = ("difference", "low", "high", "p", "p_holm", "note")
        return {name: getattr(self, name) for name in names}


def compare_pairs(
    pairs: Mapping[Key, tuple[Values, Values]],
    *,
    seed: int,
    n_resamples: int,
    exact_if_few: bool = False,
) -> dict[Key, PairedDifference]:
    """Each pair's first scores less its second, over units in the same order ([n] and [n]).

    Units (subjects, folds) without one of the scores, None or NaN, are left out. The interval is
    BCa over units, from ten on; with ``exact_if_few`` fewer units have `typical_interval`. Holm's
    correction is over all ``pairs``. Raises ValueError where the two are not equally long.
    """
    gaps = {key: paired_gaps(ours, theirs) for key, (ours, theirs) in pairs.items()}
    p_values = {
        key: p
        for key, gap in gaps.items()
        if (p := paired_permutation(gap, np.zeros(len(gap)), seed=seed)) is not None
    }
    adjusted = holm(p_values)
    compared = {}
    for key, gap in gaps.items():
        if exact_if_few and len(gap) < FEWEST_PATIENTS:
            interval = typical_interval(gap)
        else:
            interval = mean_of_patients(gap, seed=seed, n_resamples=n_resamples)["bca"]
        p, p_holm = p_values.get(key), adjusted.get(key)
        compared[key] = PairedDifference.of(gap, len(gap), interval, p, p_holm, interval.reason)
    return compared


def paired_gaps(ours: Values, theirs: Values) -> NDArray[np.float64]:
    """Ours less theirs in the units that have both; 0 where rounding alone sets them apart.

    A model that learned nothing and stays its base differs from it by float32's rounding in each
    unit, often to the same side: a permutation would call that a difference.
    """
    a, b = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"got {a.shape} and {b.shape} scores; expected one pair a unit.")
    gaps = np.where(np.abs(a - b) < SAME * np.abs(b), 0.0, a - b)
    return np.asarray(gaps[np.isfinite(gaps)])

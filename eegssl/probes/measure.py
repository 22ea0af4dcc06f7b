"""Hold a number that a probe gives, beside chance, with its interval."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.statistics.bootstrap import (
    FEWEST_PATIENTS,
    bootstrap_weighted,
    mean_of_patients,
)
from eegssl.scoring.statistics.intervals import Interval

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """One number, what chance would give, and its interval; without a number, the reason why."""

    value: float | None
    chance: float | None
    interval: Interval
    n_subjects: int
    n_windows: int
    note: str = ""
    """What a reader must know, as that a fit did not converge."""

    @property
    def reason(self) -> str:
        """The reason why there is no number; empty where there is one."""
        return self.interval.reason if self.value is None else ""

    def as_dict(self) -> dict[str, Any]:
        """The measure as JSON values."""
        return asdict(self) | {"reason": self.reason}


def nothing(reason: str, n_subjects: int = 0, n_windows: int = 0) -> Measure:
    """A measure that there is not, with the reason."""
    return Measure(
        None, None, Interval(None, None, "bca", n_subjects, reason), n_subjects, n_windows
    )


def mean_measure(
    values: Sequence[float] | Floats,
    chance: float | None,
    n_windows: int,
    *,
    seed: int,
    note: str = "",
) -> Measure:
    """The mean of values of subjects [S], and its bootstrap interval."""
    numbers = np.asarray(values, dtype=np.float64)
    interval = usual(mean_of_patients(numbers, seed=seed))
    return Measure(float(numbers.mean()), chance, interval, len(numbers), n_windows, note)


def weighted_measure(
    statistic: Callable[[NDArray[np.int64]], Floats],
    n_subjects: int,
    chance: float | None,
    n_windows: int,
    *,
    seed: int,
    note: str = "",
) -> Measure:
    """A score of subjects drawn by weights [R, S] (see `bootstrap_weighted`), and its interval."""
    value = float(statistic(np.ones((1, n_subjects), dtype=np.int64))[0])
    interval = usual(bootstrap_weighted(statistic, n_subjects, seed=seed))
    return Measure(value, chance, interval, n_subjects, n_windows, note)


def usual(intervals: dict[str, Interval]) -> Interval:
    """The BCa interval, or the percentile interval where there is no other."""
    bca, percentile = intervals["bca"], intervals["percentile"]
    if bca.n < FEWEST_PATIENTS:
        return replace(bca, reason=f"{bca.n} subjects, fewer than {FEWEST_PATIENTS}")
    return percentile if bca.low is None and percentile.low is not None else bca

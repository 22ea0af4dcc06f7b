"""Hold an interval of a score; compute those over repeated runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit


@dataclass(frozen=True)
class Interval:
    """An interval of one score and its method; without one, the reason why.

    ``n`` counts patients for a bootstrap, trials or events for an exact interval. ``note`` says
    what a reader must know, such as what was ignored.
    """

    low: float | None
    high: float | None
    method: str
    n: int
    reason: str = ""
    note: str = ""


@dataclass(frozen=True)
class MeanInterval:
    """A mean with its standard deviation and 95 % interval; None below two values."""

    mean: float
    sd: float | None
    low: float | None
    high: float | None
    n: int


def mean_interval(values: Sequence[float], coverage: float = 0.95) -> MeanInterval:
    """Mean of ``values`` with Student's t interval.

    Over seeds it says how much training varies, and nothing about other patients. Raises
    ValueError without values or with one that is not finite.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size == 0 or not np.all(np.isfinite(x)):
        raise ValueError(f"got {x.size} values to average; expected finite ones, at least one.")
    mean = float(x.mean())
    if x.size == 1:
        return MeanInterval(mean, None, None, None, 1)
    sd = float(x.std(ddof=1))
    half = float(stdtrit(x.size - 1, 0.5 + coverage / 2)) * sd / float(np.sqrt(x.size))
    return MeanInterval(mean, sd, mean - half, mean + half, int(x.size))

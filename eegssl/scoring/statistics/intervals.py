"""Hold intervals of scores; compute those of repeated runs and of counts.

Intervals of counts take events as independent, and seizures of one patient are alike: they are too
narrow wherever a patient has more than one. They exist where the bootstrap has none: for few
patients, or no error at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, gammaincinv, stdtrit

from eegssl.errors import InputError

IGNORES_CLUSTERING = "ignores clustering by patient: events of one patient count as independent"


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


def binomial_interval(k: float, n: float, *, coverage: float = 0.95) -> Interval:
    """Interval of the share ``k`` of ``n``: Clopper & Pearson, Biometrika 1934.

    Scorers that count in fractions (TAES) give no binomial count: such a share gets no interval.
    """
    _check(coverage)
    if not 0 <= k <= n:
        raise InputError(f"got {k} of {n}; expected a part of a whole.")
    method = "Clopper-Pearson"
    if n == 0:
        return Interval(None, None, method, 0, "nothing to count", IGNORES_CLUSTERING)
    if not (_whole(k) and _whole(n)):
        return Interval(None, None, method, int(n), "fractions, not counts", IGNORES_CLUSTERING)
    tail = (1 - coverage) / 2
    low = float(betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    high = float(betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0
    return Interval(low, high, method, int(n), "", IGNORES_CLUSTERING)


def poisson_rate_interval(count: float, hours: float, *, coverage: float = 0.95) -> Interval:
    """Interval of the rate per 24 h of ``count`` events in ``hours``: Garwood, Biometrika 1936.

    ``n`` is the count. Without hours there is none.
    """
    _check(coverage)
    if not (np.isfinite(count) and np.isfinite(hours)) or count < 0 or hours < 0:
        raise InputError(f"got {count} events in {hours} h; expected none below 0.")
    method = "Poisson (Garwood)"
    if hours == 0:
        return Interval(None, None, method, int(count), "no recorded time", IGNORES_CLUSTERING)
    if not _whole(count):
        return Interval(None, None, method, int(count), "fractions, not counts", IGNORES_CLUSTERING)
    tail = (1 - coverage) / 2
    low = float(gammaincinv(count, tail)) if count > 0 else 0.0
    high = float(gammaincinv(count + 1, 1 - tail))
    per_day = (low * 24.0 / hours, high * 24.0 / hours)
    return Interval(*per_day, method, int(count), "", IGNORES_CLUSTERING)


def _whole(count: float) -> bool:
    return float(count).is_integer()


def _check(coverage: float) -> None:
    if not 0 < coverage < 1:
        raise InputError(f"got the coverage {coverage}; expected one in (0, 1).")

"""Compute exact intervals of counts, taking events as independent.

Seizures and false alarms of one patient are alike, so these intervals are too narrow wherever a
patient has more than one; each result says so. They exist where the bootstrap has none: for few
patients, or no error at all.
"""

import numpy as np
from scipy.special import betaincinv, gammaincinv

from eegssl.errors import InputError
from eegssl.scoring.statistics.intervals import Interval

IGNORES_CLUSTERING = "ignores clustering by patient: events of one patient count as independent"


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


def poisson_rate_interval(
    count: float, hours: float, per: float = 24.0, *, coverage: float = 0.95
) -> Interval:
    """Interval of the rate per ``per`` hours of ``count`` events in ``hours``.

    Garwood, Biometrika 1936. ``n`` is the count. Without hours there is none.
    """
    _check(coverage)
    if not (np.isfinite(count) and np.isfinite(hours)) or count < 0 or hours < 0 or per <= 0:
        raise InputError(f"got {count} events in {hours} h, per {per} h; expected none below 0.")
    method = "Poisson (Garwood)"
    if hours == 0:
        return Interval(None, None, method, int(count), "no recorded time", IGNORES_CLUSTERING)
    if not _whole(count):
        return Interval(None, None, method, int(count), "fractions, not counts", IGNORES_CLUSTERING)
    tail = (1 - coverage) / 2
    low = float(gammaincinv(count, tail)) if count > 0 else 0.0
    high = float(gammaincinv(count + 1, 1 - tail))
    return Interval(
        low * per / hours, high * per / hours, method, int(count), "", IGNORES_CLUSTERING
    )


def _whole(count: float) -> bool:
    return float(count).is_integer()


def _check(coverage: float) -> None:
    if not 0 < coverage < 1:
        raise InputError(f"got the coverage {coverage}; expected one in (0, 1).")

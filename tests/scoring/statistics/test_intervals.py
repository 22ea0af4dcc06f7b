"""The interval over seeds is Student's."""

import numpy as np
import pytest
from scipy import stats

from eegssl.scoring.statistics.intervals import mean_interval


def test_the_interval_is_students():
    values = [0.71, 0.74, 0.69, 0.80]
    got = mean_interval(values)
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert (got.low, got.high, got.n) == (pytest.approx(low), pytest.approx(high), 4)


def test_one_run_has_no_interval():
    assert mean_interval([0.7]).low is None


@pytest.mark.parametrize("values", [[], [0.1, float("nan")]])
def test_nothing_finite_to_average_is_an_error(values):
    with pytest.raises(ValueError, match="expected finite"):
        mean_interval(values)

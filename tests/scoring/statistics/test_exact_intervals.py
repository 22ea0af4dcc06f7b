"""Exact intervals are scipy's, hold their promise, and say what they ignore."""

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from eegssl.errors import InputError
from eegssl.scoring.statistics.intervals import binomial_interval, poisson_rate_interval

shares = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@examples(100)
@given(shares, st.sampled_from([0.9, 0.95, 0.99]))
def test_a_share_has_the_interval_of_clopper_and_pearson(share, coverage):
    k, n = share
    got = binomial_interval(k, n, coverage=coverage)
    reference = stats.binomtest(k, n).proportion_ci(coverage, method="exact")
    assert (got.low, got.high) == pytest.approx((reference.low, reference.high), abs=1e-9)
    assert got.n == n


@examples(60)
@given(st.integers(0, 500), st.floats(0.5, 1e5))
def test_the_tails_of_a_rate_are_two_and_a_half_percent_each(count, hours):
    got = poisson_rate_interval(count, hours)
    at_low, at_high = got.low * hours / 24, got.high * hours / 24
    assert stats.poisson.cdf(count, at_high) == pytest.approx(0.025)
    if count:
        assert stats.poisson.sf(count - 1, at_low) == pytest.approx(0.025)
    else:
        assert got.low == 0


def test_no_false_alarm_in_a_day_still_allows_three_a_day():
    assert poisson_rate_interval(0, 24).high == pytest.approx(-np.log(0.025))
    assert poisson_rate_interval(0, 24 * 100).high == pytest.approx(-np.log(0.025) / 100)


def test_they_cover_at_least_as_often_as_they_say():
    k = np.arange(31)
    ends = np.array([(i.low, i.high) for i in (binomial_interval(x, 30) for x in k)])
    for chance in np.linspace(0.01, 0.99, 50):
        inside = (ends[:, 0] <= chance) & (chance <= ends[:, 1])
        assert stats.binom.pmf(k, 30, chance)[inside].sum() >= 0.95


@pytest.mark.parametrize("interval", [binomial_interval(3, 4), poisson_rate_interval(3, 4)])
def test_each_says_that_it_ignores_clustering(interval):
    assert "ignores clustering by patient" in interval.note


@pytest.mark.parametrize(
    ("interval", "reason"),
    [
        (binomial_interval(0, 0), "nothing to count"),
        (binomial_interval(1.5, 3), "fractions"),
        (poisson_rate_interval(0, 0), "no recorded time"),
        (poisson_rate_interval(2.25, 10), "fractions"),
    ],
)
def test_where_there_is_none_the_reason_is_given(interval, reason):
    assert (interval.low, interval.high) == (None, None)
    assert reason in interval.reason


@pytest.mark.parametrize(("k", "n"), [(3, 2), (-1, 2), (float("nan"), 2)])
def test_no_part_of_a_whole_is_refused(k, n):
    with pytest.raises(InputError, match="part of a whole"):
        binomial_interval(k, n)


@pytest.mark.parametrize(("count", "hours"), [(-1, 2), (1, -2), (1, float("inf"))])
def test_no_count_or_time_is_refused(count, hours):
    with pytest.raises(InputError, match="expected none below 0"):
        poisson_rate_interval(count, hours)

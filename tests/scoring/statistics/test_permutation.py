"""Permutation p values are exact for few patients, honest for many, and Holm's are Holm's."""

from itertools import chain, combinations, product

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from eegssl.errors import InputError
from eegssl.scoring.statistics.permutation import holm, paired_permutation, typical_interval


def brute(difference):
    """The share of all sign patterns that lie as far from 0 as what was seen."""
    sums = [abs(np.dot(signs, difference)) for signs in product((1, -1), repeat=len(difference))]
    return float(np.mean(np.array(sums) >= abs(sum(difference)) - 1e-9))


@examples(60)
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=9))
def test_few_patients_are_enumerated_exactly_whatever_the_seed(difference):
    a, b = np.array(difference) / 7, np.zeros(len(difference))
    assert paired_permutation(a, b, seed=0) == pytest.approx(brute(np.array(difference)))
    assert paired_permutation(a, b, seed=0) == paired_permutation(b, a, seed=9)


def test_of_one_patient_nothing_can_be_told():
    assert paired_permutation([0.7], [0.5], seed=0) is None
    assert paired_permutation([0.7, None], [0.5, 0.1], seed=0) is None


def test_it_is_the_test_of_scipy():
    rng = np.random.default_rng(0)
    a, b = rng.random(11), rng.random(11)
    reference = stats.permutation_test(
        (a, b),
        lambda x, y: np.mean(x - y),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=False,
    )
    assert paired_permutation(a, b, seed=0) == pytest.approx(reference.pvalue)


def test_draws_come_close_to_the_enumeration_and_are_the_same_for_a_seed():
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.35, 1, 12), rng.normal(0, 1, 12)
    exact = paired_permutation(a, b, seed=0, n=4096)
    drawn = paired_permutation(a, b, seed=0, n=4095)
    assert exact == pytest.approx(brute(a - b), abs=1e-12)
    assert 0.05 < exact < 0.95
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 4095))
    assert drawn == paired_permutation(a, b, seed=0, n=4095)


def test_p_is_never_0_and_five_patients_never_reach_5_percent():
    assert paired_permutation(np.ones(60), np.zeros(60), seed=0, n=999) == 1 / 1000
    assert paired_permutation(np.arange(1, 6), np.zeros(5), seed=0) == 2 / 2**5


def test_equal_systems_have_p_1():
    assert paired_permutation(np.ones(4), np.ones(4), seed=0) == 1
    assert paired_permutation(np.ones(40), np.ones(40), seed=0) == 1


def test_patients_without_one_of_the_scores_are_left_out():
    a, b = [0.9, None, 0.8, 0.7, float("nan")], [0.5, 0.4, None, 0.1, 0.2]
    assert paired_permutation(a, b, seed=0) == paired_permutation([0.9, 0.7], [0.5, 0.1], seed=0)
    assert paired_permutation([None], [0.3], seed=0) is None


def test_without_a_difference_p_below_5_percent_is_as_rare_as_that():
    rng = np.random.default_rng(3)
    p = [
        paired_permutation(rng.exponential(1, 25), rng.exponential(1, 25), seed=k, n=400)
        for k in range(400)
    ]
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.085  # three standard errors are .033


def test_scores_of_other_patients_are_refused():
    with pytest.raises(InputError, match="expected pairs"):
        paired_permutation([0.1, 0.2], [0.1], seed=0)


def closed_testing(p):
    """Holm's p as the largest Bonferroni p of any set of hypotheses that holds the one."""
    names = list(p)
    sets = list(chain.from_iterable(combinations(names, k) for k in range(1, len(names) + 1)))
    bonferroni = {s: min(1.0, len(s) * min(p[name] for name in s)) for s in sets}
    return {name: max(v for s, v in bonferroni.items() if name in s) for name in names}


@examples(100)
@given(st.lists(st.integers(0, 60), max_size=7))
def test_holm_is_closed_testing_with_bonferroni(thousandths):
    p = {f"model {k}": value / 100 for k, value in enumerate(thousandths) if value <= 100}
    got = holm(p)
    assert list(got) == list(p)
    assert got == pytest.approx(closed_testing(p))


def test_holm_by_hand():
    # Sorted .01, .02, .03, .04 times 4, 3, 2, 1 is .04, .06, .06, .04; none below one before.
    assert holm({"d": 0.04, "a": 0.01, "b": 0.02, "c": 0.03}) == pytest.approx(
        {"d": 0.06, "a": 0.04, "b": 0.06, "c": 0.06}
    )


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_is_refused(p):
    with pytest.raises(InputError, match=r"\[0, 1\]"):
        holm({"a": 0.5, "b": p})


def test_the_interval_of_a_few_holds_the_centre_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = []
    for _ in range(2000):
        found = typical_interval(rng.standard_t(3, 7) * rng.uniform(0.1, 3) + 0.7)
        held.append(found.low <= 0.7 <= found.high)
    assert np.mean(held) == pytest.approx(1 - 6 / 128, abs=0.013)


def test_it_leaves_out_zero_exactly_where_the_permutation_does():
    rng = np.random.default_rng(1)
    for n in (6, 7, 9):
        for _ in range(100):
            gap = rng.normal(rng.uniform(0, 2), 1, n)
            found = typical_interval(gap)
            p = paired_permutation(gap, np.zeros(n), seed=0)
            assert (found.low <= 0 <= found.high) == (p > 0.05)


def test_six_differences_have_their_range_and_five_have_no_interval():
    found = typical_interval([0.1, 0.5, -0.2, 0.3, 0.0, 0.2])
    assert (found.low, found.high, found.n) == (-0.2, 0.5, 6)
    none = typical_interval([0.1, 0.5, -0.2, 0.3, 0.0])
    assert (none.low, none.high) == (None, None)
    assert "5 differences, fewer than 6" in none.reason


@pytest.mark.parametrize("differences", [[0.1] * 14, [0.1, np.nan] * 4])
def test_what_can_not_be_enumerated_is_refused(differences):
    with pytest.raises(InputError):
        typical_interval(differences)

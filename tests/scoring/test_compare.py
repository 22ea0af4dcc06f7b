"""Systems compared in pairs: what each number is, and what it may not depend on."""

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.scoring.compare import compare_pairs, paired_gaps
from eegssl.scoring.means import mean_of_defined
from eegssl.scoring.statistics.bootstrap import mean_of_patients
from eegssl.scoring.statistics.permutation import holm, paired_permutation, typical_interval

scores = st.lists(st.floats(-1, 1, width=32) | st.none(), min_size=0, max_size=12)


def one(ours, theirs, **options):
    return compare_pairs({"": (ours, theirs)}, seed=0, n_resamples=50, **options)[""]


def test_every_number_is_that_of_the_test_and_the_interval_it_names():
    rng = np.random.default_rng(1)
    base = rng.normal(0.6, 0.1, 14)
    others = {name: base + rng.normal(shift, 0.05, 14) for name, shift in (("a", 0.1), ("b", 0.0))}
    compared = compare_pairs(
        {name: (list(values), list(base)) for name, values in others.items()},
        seed=3,
        n_resamples=200,
    )
    p_values = {n: paired_permutation(v, base, seed=3) for n, v in others.items()}
    for name, values in others.items():
        interval = mean_of_patients(values - base, seed=3, n_resamples=200)["bca"]
        got = compared[name]
        assert (got.n, got.n_below) == (14, int((values < base).sum()))
        assert got.statistics() == {
            "difference": float((values - base).mean()),
            "low": interval.low,
            "high": interval.high,
            "p": p_values[name],
            "p_holm": holm(p_values)[name],
            "note": "",
        }


@given(scores)
def test_a_system_does_not_differ_from_itself(values):
    got = one(values, values)
    n = sum(value is not None for value in values)
    assert (got.n, got.n_below) == (n, 0)
    assert got.difference == (0.0 if n else None)
    assert got.p == (1.0 if n >= 2 else None)


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32)), max_size=11))
@examples(30)
def test_swapped_systems_have_the_opposite_difference_and_the_same_p(values):
    rounded = [(round(a, 3), round(b, 3)) for a, b in values]  # beyond what rounding sets apart
    ours, theirs = [a for a, _ in rounded], [b for _, b in rounded]
    there, back = one(ours, theirs), one(theirs, ours)
    assert there.p == pytest.approx(back.p)
    assert there.difference == pytest.approx(None if back.difference is None else -back.difference)


@given(
    st.lists(st.lists(st.floats(0, 1, width=32), min_size=6, max_size=6), min_size=1, max_size=5)
)
@examples(30)
def test_more_systems_never_make_one_more_certain(systems):
    base = [0.5] * 6
    pairs = {k: (values, base) for k, values in enumerate(systems)}
    compared = compare_pairs(pairs, seed=0, n_resamples=50)
    for k, got in compared.items():
        assert got.p <= got.p_holm <= min(1.0, len(pairs) * got.p)
        fewer = {name: pair for name, pair in pairs.items() if name <= k}
        assert compare_pairs(fewer, seed=0, n_resamples=50)[k].p_holm <= got.p_holm
    ranked = sorted(compared.values(), key=lambda got: got.p)
    assert [got.p_holm for got in ranked] == sorted(got.p_holm for got in ranked)


def test_units_without_both_scores_are_left_out():
    got = one([0.5, None, 0.7, float("nan"), 0.9], [0.4, 0.5, None, 0.1, 0.5])
    assert (got.n, got.difference) == (2, pytest.approx(0.25))


def test_what_float32_sets_apart_is_no_difference():
    assert paired_gaps([0.5 * (1 + 1e-8), 0.7], [0.5, 0.6]).tolist() == [0.0, pytest.approx(0.1)]


def test_few_units_have_the_interval_of_the_permutation_where_asked():
    ours, base = [0.6, 0.7, 0.55, 0.65, 0.8, 0.52, 0.62], [0.5] * 7
    assert (one(ours, base).low, "7 patients" in one(ours, base).note) == (None, True)
    exact = typical_interval(paired_gaps(ours, base))
    got = one(ours, base, exact_if_few=True)
    assert (got.low, got.high) == (exact.low, exact.high)
    many = list(np.linspace(0, 1, 12))
    assert one(many, [0.5] * 12, exact_if_few=True) == one(many, [0.5] * 12)


def test_scores_that_are_no_pairs_are_refused():
    with pytest.raises(ValueError, match="expected one pair a unit"):
        one([0.1, 0.2], [0.1])


def test_a_mean_is_of_the_values_that_there_are():
    assert mean_of_defined([1.0, None, 2.0]) == 1.5
    assert mean_of_defined([None]) is None

"""Shares of subjects are nested and hold every class; examples of a class are drawn by seed."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegssl.adaptation.few_labels import (
    FewLabels,
    fewest_subjects,
    some_examples,
    some_subjects,
)
from eegssl.errors import InputError

BOTH = {f"s-{k:02d}": {0, 1} for k in range(10)}
held = st.lists(st.sets(st.integers(0, 3), min_size=1), min_size=2, max_size=8)


def share(of, draw=0):
    return FewLabels(draw, share=of)


@given(held, st.integers(0, 5), st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_smaller_share_is_a_part_of_a_larger_one(classes, seed, a, b):
    classes_of = {f"s-{k}": v for k, v in enumerate(classes)}
    small, large = sorted((a, b))
    try:
        fewer = some_subjects(classes_of, share(small, seed))
    except InputError:
        return
    assert set(fewer) <= set(some_subjects(classes_of, share(large, seed)))


@given(held, st.integers(0, 5), st.integers(1, 8))
def test_every_class_is_there_whenever_so_many_subjects_can_hold_them(classes, seed, n):
    classes_of = {f"s-{k}": v for k, v in enumerate(classes)}
    n = min(n, len(classes))
    every = set().union(*classes)
    possible = any(set().union(*chosen) == every for chosen in combinations(classes, n))
    if not possible:
        with pytest.raises(InputError, match="hold every class"):
            some_subjects(classes_of, share(n / len(classes), seed))
        with pytest.raises(InputError, match=f"set it to {fewest_subjects(classes_of)} or more"):
            some_subjects(classes_of, FewLabels(seed, n))
        return
    chosen = some_subjects(classes_of, FewLabels(seed, n))
    assert chosen == some_subjects(classes_of, share(n / len(classes), seed))
    assert len(chosen) == n
    assert set().union(*(classes_of[s] for s in chosen)) == every


def test_at_least_one_subject_is_taken():
    assert len(some_subjects(BOTH, share(0.01))) == 1
    assert len(some_subjects(BOTH, share(0.25))) == 2
    assert some_subjects(BOTH, share(1.0)) == tuple(sorted(BOTH))


def test_the_seed_chooses_and_the_order_of_subjects_does_not():
    backwards = dict(reversed(BOTH.items()))
    assert some_subjects(BOTH, share(0.3, 1)) == some_subjects(backwards, share(0.3, 1))
    assert len({some_subjects(BOTH, share(0.3, seed)) for seed in range(8)}) > 3


def test_a_number_nests_in_every_larger_one_whatever_the_draw():
    for draw in range(5):
        chosen = [set(some_subjects(BOTH, FewLabels(draw, n))) for n in (1, 2, 4, 8, 10)]
        assert [len(one) for one in chosen] == [1, 2, 4, 8, 10]
        assert all(a < b for a, b in pairwise(chosen))


def test_more_subjects_than_there_are_are_refused_with_how_many_there_are():
    with pytest.raises(InputError, match="labels_subjects 11: 10 training subjects"):
        some_subjects(BOTH, FewLabels(0, 11))


@pytest.mark.parametrize(
    ("of", "n", "words"),
    [(0.01, 6, "is 1 of them, a share of 0.17"), (0.5, 5, "is 2"), (0.5, 6, ""), (0.3, 10, "")],
)
def test_a_share_that_whole_subjects_miss_says_the_true_one(of, n, words):
    told = share(of).rounding(n)
    assert bool(told) == bool(words)
    assert words in told
    assert FewLabels(0, 1).rounding(n) == ""


def test_numbers_need_no_classes():
    assert len(some_subjects({f"s-{k}": set() for k in range(4)}, share(0.5))) == 2


def test_examples_are_of_each_class_and_fewer_are_part_of_more():
    truth = np.array([0, 1, 1, -1, 0, 1, 2, 1, 0, 1])
    few, more = (some_examples(truth, 3, shots, seed=0) for shots in (1, 3))
    assert np.bincount(truth[few]).tolist() == [1, 1, 1]
    assert np.bincount(truth[more]).tolist() == [3, 3, 1]  # of class 2 there is one
    assert set(few) <= set(more)

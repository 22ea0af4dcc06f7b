"""The threshold is the best one on validation windows, found exactly and repeatably."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score

from eegssl.errors import InputError
from eegssl.scoring.threshold import choose_threshold

cases = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=2, max_size=30).filter(
    lambda rows: len({y for y, _ in rows}) == 2
)


@settings(max_examples=80, deadline=None)
@given(cases, st.sampled_from(["balanced_accuracy", "f1"]))
def test_no_threshold_among_the_scores_does_better_and_ties_go_to_the_highest(rows, criterion):
    truth, probability = (np.array(column) for column in zip(*rows, strict=True))
    probability = probability / 8
    scorer = balanced_accuracy_score if criterion == "balanced_accuracy" else f1_score
    tried = {t: scorer(truth, probability >= t) for t in np.unique(probability)}
    best = max(tried.values())
    got = choose_threshold(truth, probability, criterion)
    assert got.score == pytest.approx(best)
    assert got.value == max(t for t, score in tried.items() if score > best - 1e-12)


def test_the_order_of_windows_does_not_matter():
    rng = np.random.default_rng(0)
    truth, probability = rng.integers(0, 2, 200), rng.random(200).round(1)
    order = rng.permutation(200)
    assert choose_threshold(truth, probability) == choose_threshold(
        truth[order], probability[order]
    )


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_on_validation_is_refused_with_what_to_do(label):
    with pytest.raises(InputError, match="subjects with both classes"):
        choose_threshold(np.full(5, label), np.linspace(0, 1, 5))


def test_scores_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="not finite"):
        choose_threshold(np.array([0, 1]), np.array([0.1, np.nan]))


def test_labels_of_three_classes_are_refused():
    with pytest.raises(InputError, match="other than 0 and 1"):
        choose_threshold(np.array([0, 1, 2]), np.array([0.1, 0.2, 0.3]))

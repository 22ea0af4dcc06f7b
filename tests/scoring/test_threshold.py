"""The threshold is the best one on validation windows, found exactly and repeatably."""

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit, ndtr
from sklearn.metrics import balanced_accuracy_score, f1_score

from eegssl.errors import InputError
from eegssl.scoring.threshold import Threshold, choose_threshold, concerns

cases = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=2, max_size=30).filter(
    lambda rows: len({y for y, _ in rows}) == 2
)


@examples(80)
@given(cases, st.sampled_from(["balanced_accuracy", "f1"]))
def test_no_score_does_better_and_the_threshold_is_in_the_middle_of_the_widest_good_gap(
    rows, criterion
):
    truth, probability = (np.array(column) for column in zip(*rows, strict=True))
    probability = (1 + probability) / 10
    scorer = balanced_accuracy_score if criterion == "balanced_accuracy" else f1_score
    scores = np.unique(probability)
    merit = np.array([scorer(truth, probability >= t) for t in scores])
    got = choose_threshold(truth, probability, criterion)
    assert got.score == pytest.approx(merit.max())
    assert scorer(truth, probability >= got.value) == pytest.approx(merit.max())
    logits = logit(scores)
    below = np.append(logits[0], logits[:-1])
    good = np.flatnonzero(merit > merit.max() - 1e-12)
    widest = (logits - below)[good].max()
    k = max(k for k in good if logits[k] - below[k] > widest - 1e-12)
    assert got.value == pytest.approx(expit((logits[k] + below[k]) / 2), abs=1e-12)


@pytest.mark.parametrize(
    ("scores", "middle"),
    [
        ((0.1, 0.9), 0.5),
        ((0.01, 0.5), expit(logit(0.01) / 2)),  # .091: in probabilities it would be .255
        ((0.0, 1.0), 0.5),  # saturated
        ((0.5, 0.5), 0.5),  # a constant: all are positive, as when the score itself was taken
        ((0.3, np.nextafter(0.3, 1)), np.nextafter(0.3, 1)),  # no number lies between
    ],
)
def test_two_windows_have_the_threshold_between_them(scores, middle):
    got = choose_threshold(np.array([0, 1]), np.array(scores)).value
    assert got == pytest.approx(middle, rel=1e-9)
    assert got <= scores[1]


@pytest.mark.parametrize(("positives", "negatives", "gain"), [(3, 27, 0.06), (15, 15, 0.01)])
def test_small_samples_without_an_overlap_decide_better_than_by_one_of_their_own_scores(
    positives, negatives, gain
):
    """Logits of unit variance, 4.1 apart (AUROC .998): the expected balanced accuracy is known."""
    rng, apart = np.random.default_rng(0), 4.1
    truth = np.repeat([1, 0], [positives, negatives])
    accuracy = {"between": [], "observed": []}
    for _ in range(300):
        logits = rng.normal(apart * truth)
        if logits[truth == 1].min() < logits[truth == 0].max():
            continue
        chosen = logit(choose_threshold(truth, expit(logits)).value)
        for name, at in (("between", chosen), ("observed", logits[truth == 1].min())):
            accuracy[name].append((ndtr(apart - at) + ndtr(at)) / 2)
    between, observed = (np.array(accuracy[name]) for name in ("between", "observed"))
    assert len(between) > 100
    assert between.mean() > observed.mean() + gain
    assert np.quantile(between, 0.05) > np.quantile(observed, 0.05) + gain


def test_a_shift_of_all_logits_shifts_the_threshold():
    truth, logits = np.array([0, 0, 1, 1]), np.array([-1.0, 0.0, 1.0, 2.0])
    values = [logit(choose_threshold(truth, expit(logits + b)).value) - b for b in (-6, 0, 3)]
    assert values == pytest.approx([0.5] * 3)


@pytest.mark.parametrize(
    ("positives", "negatives", "warned"), [(29, 500, True), (500, 29, True), (30, 30, False)]
)
def test_a_threshold_of_few_windows_of_a_class_says_so(positives, negatives, warned):
    truth = np.repeat([1, 0], [positives, negatives])
    told = concerns(choose_threshold(truth, np.linspace(1, 0, len(truth))))
    assert len(told) == warned
    assert all(f"{positives} positive and {negatives} negative" in line for line in told)


def test_no_threshold_has_no_concern():
    assert concerns(None) == concerns(Threshold(0.5)) == []


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

"""Ranking scores of drawn patients are scikit-learn's of their weighted windows."""

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from indexed_bootstrap import bootstrap
from sklearn.metrics import average_precision_score, roc_auc_score

from eegssl.errors import InputError
from eegssl.scoring.statistics.bootstrap import bootstrap_weighted, draw_weights
from eegssl.scoring.statistics.weighted import patient_curves

rows = st.lists(
    st.tuples(st.integers(0, 1), st.integers(-3, 3), st.integers(0, 4)), min_size=1, max_size=40
)


def columns(found):
    truth, score, third = (np.array(c) for c in zip(*found, strict=True))
    return truth, score / 3, third


def by_scikit_learn(truth, score, weight):
    """AUROC and average precision of weighted windows, NaN where undefined."""
    positive, negative = weight[truth == 1].sum() > 0, weight[truth == 0].sum() > 0
    both, some = positive and negative, weight > 0
    auroc = roc_auc_score(truth, score, sample_weight=weight) if both else np.nan
    if not positive:
        return auroc, np.nan
    return auroc, average_precision_score(truth[some], score[some], sample_weight=weight[some])


@pytest.mark.slow
@examples(100)
@given(rows, st.integers(0, 1000))
def test_scores_of_drawn_patients_are_those_of_scikit_learn(found, seed):
    truth, score, patient = columns(found)
    curves = patient_curves(truth, score, patient, 5)
    weights = draw_weights(5, 20, seed)
    auroc, precision = curves.auroc(weights), curves.average_precision(weights)
    for k, row in enumerate(weights):
        reference = by_scikit_learn(truth, score, row[patient])
        assert (auroc[k], precision[k]) == pytest.approx(reference, nan_ok=True)


def planted(n_windows, n_patients, share, seed=0):
    rng = np.random.default_rng(seed)
    truth = (rng.random(n_windows) < share).astype(int)
    score = rng.normal(0, 1, n_windows) + 0.8 * truth
    return truth, score, rng.integers(0, n_patients, n_windows)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_many_thresholds_in_blocks_are_still_exact(share):
    truth, score, patient = planted(8000, 15, share)
    curves = patient_curves(truth, score, patient, 15)
    assert share < 0.5 or curves.n_thresholds > 3000
    weights = draw_weights(15, 6, seed=1)
    for row, auroc, precision in zip(
        weights, curves.auroc(weights), curves.average_precision(weights), strict=True
    ):
        w = row[patient]
        assert auroc == pytest.approx(roc_auc_score(truth, score, sample_weight=w))
        drawn = w > 0
        assert precision == pytest.approx(
            average_precision_score(truth[drawn], score[drawn], sample_weight=w[drawn])
        )


def test_the_interval_of_a_pooled_auroc_is_that_of_pooling_the_drawn_patients_windows():
    truth, score, patient = planted(600, 12, 0.2)
    windows = [np.flatnonzero(patient == k) for k in range(12)]

    def pooled(drawn):
        own = np.concatenate([windows[k] for k in drawn])
        return roc_auc_score(truth[own], score[own])

    curves = patient_curves(truth, score, patient, 12)
    slow = bootstrap(pooled, 12, seed=0, n_resamples=100)
    fast = bootstrap_weighted(
        curves.auroc, 12, seed=0, n_resamples=100, n_with_score=curves.n_with_positives
    )
    for method in ("percentile", "bca"):
        assert fast[method].low == pytest.approx(slow[method].low)
        assert fast[method].high == pytest.approx(slow[method].high)


def test_permuted_labels_give_an_auroc_at_chance_within_the_interval():
    inside = 0
    for seed in range(60):
        truth, score, patient = planted(1500, 20, 0.3, seed)
        truth = np.random.default_rng(seed).permutation(truth)
        curves = patient_curves(truth, score, patient, 20)
        interval = bootstrap_weighted(curves.auroc, 20, seed=seed, n_resamples=500)["bca"]
        inside += interval.low <= 0.5 <= interval.high
    assert inside >= 51  # 95 % of 60 is 57; six fewer has a chance below 1 in 100


def test_patients_with_a_positive_window_are_counted():
    curves = patient_curves(np.array([1, 0, 1, 0]), np.arange(4.0), np.array([0, 0, 2, 3]), 5)
    assert curves.n_with_positives == 2


@pytest.mark.parametrize(
    ("truth", "score", "third"),
    [
        ([0, 2], [0.1, 0.2], [1, 1]),
        ([0, 1], [0.1, np.nan], [1, 1]),
        ([0, 1], [0.1], [1, 1]),
        ([0, 1], [0.1, 0.2], [1]),
        ([0, 1], [0.1, 0.2], [1, -1]),
    ],
)
def test_windows_that_do_not_fit_are_refused(truth, score, third):
    arrays = np.array(truth), np.array(score), np.array(third)
    with pytest.raises(InputError, match="got"):
        patient_curves(*arrays, 3)


def test_a_patient_beyond_their_number_is_refused():
    with pytest.raises(InputError, match="expected less than 2"):
        patient_curves(np.array([0, 1]), np.array([0.1, 0.2]), np.array([0, 2]), 2)

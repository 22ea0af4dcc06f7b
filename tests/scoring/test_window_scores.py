"""Window scores agree with scikit-learn, and an undefined score says why."""

import json

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn import metrics

from eegssl.errors import InputError
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.window_scores import METRICS, calibration_error, per_subject, subject_means
from eegssl.scoring.window_scores import window_scores as score

BINARY = ("background", "seizure")
THREE = ("rest", "left", "right")


def _two_columns(p):
    p = np.asarray(p, dtype=float)
    return np.stack([1 - p, p], axis=1)


def _example(n=400, seed=0):
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.2).astype(int)
    return truth, _two_columns(np.clip(0.3 * truth + 0.7 * rng.random(n), 0, 1))


def test_binary_scores_are_those_of_scikit_learn():
    truth, p = _example()
    got, predicted = score(truth, p, 0.5, BINARY), (p[:, 1] >= 0.5).astype(int)
    expected = {
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, predicted),
        "auroc": metrics.roc_auc_score(truth, p[:, 1]),
        "auc_pr": metrics.average_precision_score(truth, p[:, 1]),
        "f1": metrics.f1_score(truth, predicted),
        "weighted_f1": metrics.f1_score(truth, predicted, average="weighted"),
        "cohen_kappa": metrics.cohen_kappa_score(truth, predicted),
        "sensitivity": metrics.recall_score(truth, predicted),
        "specificity": metrics.recall_score(truth, predicted, pos_label=0),
        "brier": metrics.brier_score_loss(truth, p[:, 1]),
    }
    assert {name: got[name] for name in expected} == pytest.approx(expected)
    assert got["n"] == 400
    assert got["n_per_class"] == {"background": int((truth == 0).sum()), "seizure": truth.sum()}
    assert got["undefined"] == {}


def test_macro_scores_of_three_classes_are_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 300)
    p = rng.dirichlet([1, 1, 1], 300) + 0.8 * np.eye(3)[truth]
    p /= p.sum(axis=1, keepdims=True)
    got, predicted = score(truth, p, None, THREE), p.argmax(axis=1)
    assert got["auroc"] == pytest.approx(
        metrics.roc_auc_score(truth, p, multi_class="ovr", average="macro")
    )
    assert got["auc_pr"] == pytest.approx(metrics.average_precision_score(truth, p))
    assert got["f1"] == pytest.approx(metrics.f1_score(truth, predicted, average="macro"))
    assert got["balanced_accuracy"] == got["sensitivity"]
    assert got["balanced_accuracy"] == pytest.approx(
        metrics.balanced_accuracy_score(truth, predicted)
    )


def test_a_three_class_subject_without_one_class_is_scored_on_the_others_and_says_so():
    truth = np.array([0, 0, 1, 1])
    p = np.array([[0.8, 0.1, 0.1], [0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.3, 0.5]])
    got = score(truth, p, None, THREE)
    assert got["classes_absent"] == ["right"]
    assert got["auroc"] == 1.0
    assert got["balanced_accuracy"] == 0.75


def test_a_subject_without_seizures_has_a_specificity_and_says_why_it_has_no_sensitivity():
    got = score(np.zeros(4, int), _two_columns([0.1, 0.2, 0.3, 0.9]), 0.5, BINARY)
    assert got["specificity"] == 0.75
    for metric in ("sensitivity", "auroc", "auc_pr", "balanced_accuracy", "cohen_kappa"):
        assert got[metric] is None
        assert got["undefined"][metric]
    assert got["f1"] == 0.0  # one false alarm: defined, and bad
    silent = score(np.zeros(4, int), _two_columns([0.1] * 4), 0.5, BINARY)
    assert silent["f1"] is None


@examples(60)
@given(
    st.integers(2, 4).flatmap(
        lambda k: st.tuples(
            st.just(k), st.lists(st.integers(0, k - 1), min_size=1, max_size=12), st.integers(0, 99)
        )
    )
)
@example((2, [0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1], 50))  # an average precision of 1 + 2e-16
def test_any_labels_give_numbers_in_range_or_none_with_a_reason_and_valid_json(case):
    k, truth, seed = case
    p = np.random.default_rng(seed).dirichlet(np.ones(k), len(truth))
    got = score(np.array(truth), p, None, [f"c{i}" for i in range(k)])
    assert set(got["undefined"]) == {m for m in METRICS if got[m] is None}
    for metric in METRICS:
        low, high = (-1, 1) if metric == "cohen_kappa" else (0, 2 if metric == "brier" else 1)
        assert got[metric] is None or low <= got[metric] <= high
    json.dumps(got, allow_nan=False)


def test_a_perfectly_calibrated_probability_has_no_calibration_error_and_a_boast_has_all_of_it():
    p = np.repeat([0.1, 0.7], 10)
    event = np.concatenate([np.arange(10) < 1, np.arange(10) < 7]).astype(float)
    assert calibration_error(p, event, 10) == pytest.approx(0, abs=1e-12)
    assert calibration_error(np.ones(5), np.zeros(5), 10) == 1.0
    truth, columns = _example()
    coarse, fine = (
        score(truth, columns, 0.5, BINARY, ScoringConfig(calibration_bins=b))["ece"]
        for b in (2, 50)
    )
    assert coarse <= fine  # a finer partition can only show more error


def test_each_subject_is_scored_on_its_own_windows_and_counts_once_in_the_mean():
    truth, p = _example()
    subjects = np.array(["b"] * 300 + ["a"] * 100)
    got = per_subject(subjects, truth, p, 0.5, BINARY)
    assert list(got) == ["a", "b"]
    assert got["a"] == score(truth[300:], p[300:], 0.5, BINARY)
    means = subject_means(got)
    assert means["auroc"]["mean"] == pytest.approx((got["a"]["auroc"] + got["b"]["auroc"]) / 2)
    assert means["auroc"]["n_subjects"] == 2


def test_the_mean_over_subjects_says_how_many_had_a_score():
    truth = np.array([0, 0, 0, 1])
    got = subject_means(
        per_subject(list("aabb"), truth, _two_columns([0.1, 0.2, 0.3, 0.4]), 0.35, BINARY)
    )
    assert got["sensitivity"] == {"mean": 1.0, "sd": None, "n_subjects": 1}
    assert got["specificity"]["n_subjects"] == 2


@pytest.mark.parametrize(
    ("truth", "p", "threshold", "words"),
    [
        ([0, 1], [0.2, np.nan], 0.5, "no probabilities"),
        ([0, 1], [0.2, 1.5], 0.5, "no probabilities"),
        ([0, 2], [0.2, 0.5], 0.5, "class index 2"),
        ([0, -1], [0.2, 0.5], 0.5, "no class index"),
        ([], [], 0.5, "no windows"),
        ([0, 1, 1], [0.2, 0.5], 0.5, "expected \\[n\\]"),
        ([0, 1], [0.2, 0.5], np.nan, "finite number"),
    ],
)
def test_arrays_that_are_no_predictions_are_refused(truth, p, threshold, words):
    with pytest.raises(InputError, match=words):
        score(np.array(truth, dtype=int), _two_columns(p), threshold, BINARY)


def test_a_threshold_is_refused_for_three_classes():
    with pytest.raises(InputError, match="decides between two"):
        score(np.array([0, 1, 2]), np.eye(3), 0.5, THREE)


def test_labels_permuted_give_scores_at_chance():
    truth, p = _example(n=20_000)
    permuted = np.random.default_rng(3).permutation(truth)
    got = score(permuted, p, 0.5, BINARY)
    assert got["auroc"] == pytest.approx(0.5, abs=0.02)
    assert got["balanced_accuracy"] == pytest.approx(0.5, abs=0.02)
    assert got["cohen_kappa"] == pytest.approx(0, abs=0.02)
    assert got["auc_pr"] == pytest.approx(permuted.mean(), abs=0.02)

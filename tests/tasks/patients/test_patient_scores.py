"""Scores of left-out patients are the known ones, and .5 where there is nothing to know."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from eegssl.tasks.patients.cohort.limits import standard_error
from eegssl.tasks.patients.scores import (
    calibration_error,
    calibration_line,
    pairs_of,
    permutation_interval,
    probability,
    scores_of,
)

RNG = np.random.default_rng(0)
TRUTH = RNG.permutation(np.arange(40) % 2)
LOGITS = RNG.normal(size=(1, 40)) + TRUTH


def test_with_everybody_left_out_together_it_is_the_auroc():
    one_fold = np.zeros((1, 40), int)
    rounded = np.round(LOGITS)
    everyone = np.ones((1, 40), int)
    found = pairs_of(TRUTH, rounded, one_fold).auroc(everyone)[0]
    assert found == pytest.approx(roc_auc_score(TRUTH, rounded[0]))


def test_a_patient_drawn_twice_counts_twice():
    weights = np.random.default_rng(1).multinomial(40, np.full(40, 1 / 40), size=20)
    found = pairs_of(TRUTH, LOGITS, np.zeros((1, 40), int)).auroc(weights)
    expected = [roc_auc_score(np.repeat(TRUTH, w), np.repeat(LOGITS[0], w)) for w in weights]
    np.testing.assert_allclose(found, expected)


def test_only_patients_of_the_same_fold_are_compared():
    truth = np.array([1, 0, 1, 0])
    folds = np.array([[0, 0, 1, 1]])
    # Within folds the order is right, across folds it is wrong.
    logits = np.array([[1.0, 0.0, 9.0, 8.0]])
    assert pairs_of(truth, logits, folds).auroc(np.ones((1, 4), int))[0] == 1.0
    assert np.isnan(pairs_of(truth, logits, folds).auroc(np.array([[1, 0, 0, 1]]))[0])


def test_the_calibration_line_is_scikit_learns():
    intercept, slope, reason = calibration_line(TRUTH, LOGITS)
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(LOGITS.T, TRUTH)
    assert reason == ""
    assert slope == pytest.approx(model.coef_[0, 0], abs=1e-4)
    assert probability(LOGITS + intercept).mean() == pytest.approx(TRUTH.mean(), abs=1e-6)


def test_true_probabilities_are_calibrated_and_doubled_logits_have_half_the_slope():
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 1.5, size=(1, 20_000))
    truth = (rng.random(20_000) < probability(logits[0])).astype(int)
    for factor in (1.0, 2.0):
        intercept, slope, _ = calibration_line(truth, factor * logits)
        assert slope == pytest.approx(1 / factor, abs=0.05)
        assert intercept == pytest.approx(0, abs=0.06)
    assert calibration_error(truth, probability(logits[0]), 4) < 0.02


def test_a_line_that_does_not_exist_has_a_reason():
    folds = np.zeros((1, 40), int)
    for logits, words in ((10.0 * TRUTH - 5, "without an error"), (np.zeros(40), "same prob")):
        scores = scores_of(TRUTH, logits[None], folds, 4)
        assert scores.calibration_slope is None
        assert words in scores.undefined["calibration_slope"]


def test_bins_hold_equally_many_patients():
    truth = np.array([0, 0, 1, 1, 1, 1])
    p = np.array([0.1, 0.3, 0.2, 0.8, 0.9, 1.0])
    # Halves: one of three at mean .2, three of three at mean .9.
    assert calibration_error(truth, p, 2) == pytest.approx((1 / 3 - 0.2 + 0.1) / 2)


def test_the_interval_holds_half_exactly_where_it_cannot_be_refused():
    null = 0.5 + 0.1 * np.random.default_rng(3).standard_normal(500)
    spread = np.sqrt(np.mean((null - 0.5) ** 2))
    for auroc in (0.5 + 1.9 * spread, 0.5 + 2.0 * spread, 0.5 - 2.0 * spread, 0.5, 1.0):
        interval = permutation_interval(float(auroc), null, 10, 10)
        holds = interval.low <= 0.5 <= interval.high
        assert holds == (abs(auroc - 0.5) <= 1.96 * spread)
        assert 0 <= interval.low <= auroc <= interval.high <= 1


def test_an_interval_needs_permutations():
    interval = permutation_interval(0.8, np.full(10, 0.5), 10, 10)
    assert interval.low is None
    assert "fewer than 50" in interval.reason


def test_a_spread_as_of_ranks_gives_hanley_and_mcneils_width():
    sd = standard_error(0.5, 20, 20)
    null = 0.5 + sd * np.array([-1.0, 1.0] * 50)
    interval = permutation_interval(0.8, null, 20, 20)
    assert interval.low == pytest.approx(
        0.8 - 1.96 * standard_error(interval.low, 20, 20), abs=2e-3
    )

"""The batched regressions are scikit-learn's, and what is left out of a fit does not touch it."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from eegssl.tasks.patients.classifiers.ridge import fit_logits, kernels


@pytest.mark.parametrize("cost", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("width", [3, 40])
def test_it_is_scikit_learns(cost, width):
    rng = np.random.default_rng(width)
    x, part = rng.normal(3, 5, size=(30, width)), rng.random((4, 30)) < 0.7
    y = rng.permutation(np.arange(30) % 2)
    found = fit_logits(kernels(x, part), y, part, np.full(4, cost))
    for logits, fits in zip(found, part, strict=True):
        z = (x - x[fits].mean(axis=0)) / x[fits].std(axis=0) / np.sqrt(width)
        model = LogisticRegression(C=cost, tol=1e-10, max_iter=10_000).fit(z[fits], y[fits])
        np.testing.assert_allclose(logits, model.decision_function(z), atol=1e-4)


def test_who_is_left_out_changes_no_other_logit():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 6)), np.arange(20) % 2
    part = np.ones((1, 20), bool)
    part[0, 7] = False
    logits = []
    for value in (0.0, 1e6, np.nan):
        x[7] = value
        for label in (0, 1):
            y[7] = label
            logits.append(fit_logits(kernels(x, part), y, part, np.ones(1))[0])
    kept = np.delete(logits, 7, axis=1)
    np.testing.assert_array_equal(kept, np.broadcast_to(kept[0], kept.shape))


def test_blocks_count_the_same_however_many_features_they_have():
    rng = np.random.default_rng(0)
    one, many = rng.normal(size=(50, 1)), rng.normal(size=(50, 300))
    part = np.ones((1, 50), bool)
    traces = [np.trace(kernels(b, part)[0]) for b in (one, many)]
    assert traces == pytest.approx([50, 50])


def test_a_feature_that_is_the_same_in_all_says_nothing():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 2))
    part = np.ones((1, 20), bool)
    flat = np.column_stack([x, np.full(20, 7.3)])
    np.testing.assert_allclose(kernels(flat, part) * 3, kernels(x, part) * 2, atol=1e-9)


def test_separable_patients_and_a_weak_ridge_stay_finite():
    x, y = np.linspace(-1, 1, 20)[:, None], (np.arange(20) >= 10).astype(int)
    part = np.ones((1, 20), bool)
    logits = fit_logits(kernels(x, part), y, part, np.array([1e6]))
    assert np.isfinite(logits).all()
    assert ((logits[0] > 0) == y).all()

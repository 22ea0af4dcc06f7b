"""Linear models: scikit-learn's numbers to convergence, labels that allow several classes."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from eegssl.adaptation.linear import fit_logistic, fit_ridge
from eegssl.errors import InputError


def one_hot(labels, n_classes):
    return np.eye(n_classes)[labels]


def drawn(n=200, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6)) * [1, 100, 0.01, 1, 1, 1] + 5
    labels = rng.integers(0, n_classes, n)
    x[:, 0] += labels
    return x, labels


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("c", [0.01, 1.0])
def test_it_is_logistic_regression_on_standardised_features(n_classes, c):
    x, labels = drawn(n_classes=n_classes)
    weight = (1 / np.bincount(labels))[labels]
    (model,) = fit_logistic(x, one_hot(labels, n_classes), weight, [c], 1000)
    z = StandardScaler().fit_transform(x)
    peer = LogisticRegression(C=c, class_weight="balanced", tol=1e-8, max_iter=5000)
    expected = peer.fit(z, labels).predict_proba(z)
    assert np.allclose(model.probabilities(x), expected, atol=2e-4)
    assert model.converged
    assert model.n_parameters == (7 if n_classes == 2 else 21)


def test_the_path_goes_from_the_strongest_penalty_down_and_each_step_is_its_own_optimum():
    x, labels = drawn()
    path = list(fit_logistic(x, one_hot(labels, 3), np.ones(200), [1.0, 1e-3, 0.1], 1000))
    assert [m.c for m in path] == [1e-3, 0.1, 1.0]
    norms = [np.linalg.norm(m.coefficients) for m in path]
    assert norms == sorted(norms)
    (alone,) = fit_logistic(x, one_hot(labels, 3), np.ones(200), [1.0], 1000)
    assert np.allclose(alone.probabilities(x), path[-1].probabilities(x), atol=2e-4)


def test_a_label_that_allows_two_classes_is_learned_by_their_summed_probability():
    x, labels = drawn(300)
    allowed = one_hot(labels, 3)
    partly = np.arange(300) % 3 == 0
    allowed[partly & (labels > 0)] = [0, 1, 1]
    (model,) = fit_logistic(x, allowed, np.ones(300), [1.0], 1000)
    z = (x - x.mean(axis=0)) / x.std(axis=0)

    def penalised(flat):
        w, b = flat[:18].reshape(3, 6), flat[18:]
        logits = z @ w.T + b
        within = np.where(allowed > 0, logits, -np.inf)
        return (logsumexp(logits, axis=1) - logsumexp(within, axis=1)).sum() + (w**2).sum() / 2

    best = minimize(penalised, np.zeros(21), method="L-BFGS-B", options={"maxiter": 3000})
    here = penalised(np.concatenate([model.coefficients.ravel(), model.intercepts]))
    assert here == pytest.approx(best.fun, abs=0.01)


def test_rows_without_a_label_have_no_part_and_a_class_without_one_has_probability_zero():
    x, labels = drawn(100)
    labels[labels == 1] = 0
    allowed = one_hot(labels, 3)
    extra = np.vstack([allowed, np.zeros((5, 3))])
    (model,) = fit_logistic(np.vstack([x, x[:5] * 1e6]), extra, np.ones(105), [1.0], 1000)
    (plain,) = fit_logistic(x, allowed, np.ones(100), [1.0], 1000)
    assert np.array_equal(model.coefficients, plain.coefficients)
    assert np.all(model.probabilities(x)[:, 1] == 0)


def test_too_few_steps_are_told():
    x, labels = drawn()
    (model,) = fit_logistic(x, one_hot(labels, 3), np.ones(200), [10.0], 2)
    assert not model.converged


def test_numbers_are_ridge_regression_with_weights():
    rng = np.random.default_rng(0)
    x = rng.normal(3, 7, (80, 4))
    y = x @ [1, 0, -1, 2] + rng.normal(size=80)
    weight = rng.uniform(0.5, 2, 80)
    (model,) = fit_ridge(x, y, weight, [0.1])
    z = StandardScaler().fit_transform(x)
    peer = Ridge(alpha=10).fit(z, y, sample_weight=weight / weight.mean())
    assert np.allclose(model.outputs(x)[:, 0], peer.predict(z))


def test_what_nothing_can_be_learned_from_is_refused():
    with pytest.raises(InputError, match="expected two"):
        next(fit_logistic(np.zeros((4, 2)), one_hot([0] * 4, 2), np.ones(4), [1.0], 9))
    with pytest.raises(InputError, match="not finite"):
        next(fit_ridge(np.full((4, 2), np.nan), np.arange(4.0), np.ones(4), [1.0]))

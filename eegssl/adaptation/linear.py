"""Fit linear models on standardised features to convergence, by scikit-learn."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from eegssl.errors import InputError

Floats = NDArray[np.float64]

_TOLERANCE = 1e-5  # of the largest gradient; scikit-learn stops at 1e-4 unless asked
_SAME_SHARE = 1e-3  # change of a label's share of a class that no longer counts
_MOST_ROUNDS = 50  # of sharing out labels that allow several classes


@dataclass(frozen=True)
class LinearModel:
    """Outputs (x - ``mean``) / ``scale`` @ ``coefficients``.T + ``intercepts``.

    ``mean`` and ``scale`` [F] standardise, ``coefficients`` [K, F] and ``intercepts`` [K] give the
    logits of a softmax, or one number. ``c`` is the inverse strength of the L2 penalty.
    """

    mean: Floats
    scale: Floats
    coefficients: Floats
    intercepts: Floats
    c: float
    iterations: int
    """Steps of the solver; 0 for a solution in closed form."""
    converged: bool
    """Whether the solver reached its tolerance."""

    def outputs(self, features: NDArray[np.floating]) -> Floats:
        """Logits, or the number, [n, K] of features [n, F]."""
        x = (np.asarray(features, dtype=np.float64) - self.mean) / self.scale
        return np.asarray(x @ self.coefficients.T + self.intercepts)

    def probabilities(self, features: NDArray[np.floating]) -> Floats:
        """Class probabilities [n, K] of features [n, F]."""
        return _softmax(self.outputs(features))

    @property
    def n_parameters(self) -> int:
        """Free weights and intercepts: two classes have one logit."""
        n_outputs, n_features = self.coefficients.shape
        return (1 if n_outputs == 2 else n_outputs) * (n_features + 1)


def fit_logistic(
    features: NDArray[np.floating],
    allowed: Floats,
    weight: Floats,
    cs: Sequence[float],
    most_iterations: int,
) -> Iterator[LinearModel]:
    """Multinomial logistic regressions on ``features`` [n, F], from the strongest penalty down.

    ``allowed`` [n, K] has rows of 1s and 0s: the classes that a label may mean (none: the row is
    not used). A label that allows several is shared between them in proportion to what the model
    itself gives them, fit after fit, until that settles (expectation maximisation, ours).
    ``weight`` [n] scales rows; its mean over the rows used is brought to 1, so that ``c`` means
    the same as in scikit-learn. Raises InputError for a feature that is not finite or fewer than
    two classes.
    """
    used = (allowed.sum(axis=1) > 0) & (weight > 0)
    x, allowed, weight = np.asarray(features, np.float64)[used], allowed[used], weight[used]
    mean, scale = _standard(x)
    x = (x - mean) / scale
    weight = weight / weight.mean()
    share = allowed / allowed.sum(axis=1, keepdims=True)
    if np.count_nonzero(share.any(axis=0)) < 2:
        raise InputError(
            f"got labels of {np.count_nonzero(share.any(axis=0))} class(es) to learn from; "
            "expected two at least. Give training subjects with more classes."
        )
    model = LogisticRegression(tol=_TOLERANCE, max_iter=most_iterations, warm_start=True)
    for c in sorted(cs):
        model.C = c
        for _ in range(_MOST_ROUNDS):
            rows, columns = np.nonzero(share)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # `converged` says it
                model.fit(x[rows], columns, sample_weight=weight[rows] * share[rows, columns])
            weights, offsets = _by_class(model, allowed.shape[1])
            again = allowed * _softmax(x @ weights.T + offsets)
            again /= again.sum(axis=1, keepdims=True)
            settled = np.abs(again - share).max() < _SAME_SHARE or (allowed.sum(axis=1) == 1).all()
            share = share if settled else again
            if settled:
                break
        steps = int(model.n_iter_.max())
        yield LinearModel(mean, scale, weights, offsets, c, steps, steps < most_iterations)


def fit_ridge(
    features: NDArray[np.floating], values: Floats, weight: Floats, cs: Sequence[float]
) -> Iterator[LinearModel]:
    """Ridge regressions of ``values`` [n] on ``features`` [n, F], from the strongest penalty down.

    The penalty on the squared weights is 1 / C beside the rows' squared errors times ``weight``
    [n], whose mean is brought to 1; the intercept is not shrunk. Raises InputError for a feature
    that is not finite.
    """
    x = np.asarray(features, np.float64)
    mean, scale = _standard(x)
    x, weight = (x - mean) / scale, weight / weight.mean()
    for c in sorted(cs):
        model = Ridge(alpha=1 / c, solver="cholesky").fit(x, values, sample_weight=weight)
        intercept = np.array([model.intercept_])
        yield LinearModel(mean, scale, model.coef_[None], intercept, c, 0, True)


def _standard(x: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation [F] of features; 1 for one that is constant."""
    if not np.isfinite(x).all():
        raise InputError("got a feature that is not finite; expected signal without gaps.")
    spread = x.std(axis=0)
    return x.mean(axis=0), np.where(spread > 0, spread, 1.0)


def _by_class(model: LogisticRegression, n_classes: int) -> tuple[Floats, Floats]:
    """Weights [K, F] and intercepts [K]; -inf for a class without a label."""
    weights, offsets = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn has one logit; the other class's is 0
        weights = np.concatenate([np.zeros_like(weights), weights])
        offsets = np.concatenate([np.zeros_like(offsets), offsets])
    coefficients = np.zeros((n_classes, weights.shape[1]))
    intercepts = np.full(n_classes, -np.inf)
    coefficients[model.classes_], intercepts[model.classes_] = weights, offsets
    return coefficients, intercepts


def _softmax(logits: Floats) -> Floats:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))

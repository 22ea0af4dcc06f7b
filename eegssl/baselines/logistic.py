"""Fit logistic regression on standardised features, kept as plain arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from eegssl.baselines.config import BandPowerConfig
from eegssl.errors import InputError


@dataclass(frozen=True)
class BandPowerLogReg:
    """A fitted classifier of F features into K classes.

    ``mean`` and ``scale`` [F] standardise, ``coefficients`` [K, F] and ``intercepts`` [K] are
    logits of a softmax; a class without training windows has the intercept -inf.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]

    @classmethod
    def fit(
        cls,
        features: NDArray[np.floating],
        truth: NDArray[np.integer],
        n_classes: int,
        seed: int,
        config: BandPowerConfig = BandPowerConfig(),
    ) -> "BandPowerLogReg":
        """Fit to ``features`` [n, F] and class indices ``truth`` [n], classes weighted equally.

        Raises InputError for fewer than two classes or a feature that is not finite.
        """
        x, y = np.asarray(features, dtype=np.float64), np.asarray(truth)
        _check(x, y, n_classes)
        scaler = StandardScaler().fit(x)
        model = LogisticRegression(
            C=config.regularisation_c,
            max_iter=config.max_iterations,
            class_weight="balanced",
            random_state=seed,
        ).fit(scaler.transform(x), y)
        weights, offsets = model.coef_, model.intercept_
        if len(model.classes_) == 2:  # scikit-learn keeps one logit; the other class is at 0
            weights = np.concatenate([np.zeros_like(weights), weights])
            offsets = np.concatenate([np.zeros_like(offsets), offsets])
        coefficients = np.zeros((n_classes, x.shape[1]))
        intercepts = np.full(n_classes, -np.inf)
        coefficients[model.classes_], intercepts[model.classes_] = weights, offsets
        return cls(scaler.mean_, scaler.scale_, coefficients, intercepts)

    def predict_proba(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Class probabilities [n, K] of features [n, F]."""
        x = (np.asarray(features, dtype=np.float64) - self.mean) / self.scale
        logits = x @ self.coefficients.T + self.intercepts
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)


def _check(x: NDArray[np.float64], y: NDArray[np.integer], n_classes: int) -> None:
    """Raise InputError for features or labels that cannot be fitted."""
    if x.ndim != 2 or y.shape != (len(x),):
        raise InputError(f"got features {x.shape} and labels {y.shape}; expected [n, F] and [n].")
    if not np.all(np.isfinite(x)):
        raise InputError("got a feature that is not finite; expected signal without gaps.")
    classes = np.unique(y)
    if len(classes) < 2 or classes.min() < 0 or classes.max() >= n_classes:
        raise InputError(
            f"got the classes {classes.tolist()} to learn from; expected at least two of "
            f"0 to {n_classes - 1}. Give training subjects with both classes."
        )

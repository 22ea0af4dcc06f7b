"""Fit logistic and ridge regression on standardised log band power."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from eegssl.baselines.band_power import band_power_of
from eegssl.baselines.config import BandPowerConfig
from eegssl.baselines.interface import BaselineInputs
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.number_scale import NumberScale
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
    threshold: float | None = None
    """Of two classes, from validation windows."""

    @property
    def n_parameters(self) -> int:
        """Free weights and intercepts: for two classes there is one logit."""
        n_classes, n_features = self.coefficients.shape
        return (1 if n_classes == 2 else n_classes) * (n_features + 1)

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

    def predict(self, labelled: LabelledWindows) -> NDArray[np.float64]:
        """Class probabilities [n, K] of windows."""
        return self.predict_proba(band_power_of(labelled.windows))


def fit_logistic(inputs: BaselineInputs) -> BandPowerLogReg:
    """Log band power and logistic regression, classes weighted equally."""
    system = BandPowerLogReg.fit(
        band_power_of(inputs.train.windows),
        inputs.train.truth,
        len(inputs.classes),
        inputs.seed,
        inputs.config.band_power,
    )
    return replace(system, threshold=inputs.threshold(system))


@dataclass(frozen=True)
class RidgeSystem:
    """A linear function of F features: ``mean`` and ``scale`` [F] standardise them."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    intercept: float
    threshold: None = None

    @property
    def n_parameters(self) -> int:
        """Weights and the intercept."""
        return len(self.coefficients) + 1

    def predict(self, labelled: LabelledWindows) -> NDArray[np.float64]:
        """The number [n, 1] of each window."""
        features = (band_power_of(labelled.windows) - self.mean) / self.scale
        return (features @ self.coefficients + self.intercept)[:, None]


def fit_ridge(inputs: BaselineInputs) -> RidgeSystem:
    """Log band power and ridge regression: units weigh alike, the intercept is not shrunk.

    The penalty is that of the logistic regression, 1 / (2 C) of the squared weights, on labels of
    deviation 1.
    """
    features, weight = band_power_of(inputs.train.windows), inputs.unit_weights()
    scale = NumberScale.of(inputs.train)
    share = weight / weight.sum()
    mean = share @ features
    spread = np.sqrt(share @ (features - mean) ** 2)
    spread[spread == 0] = 1.0
    x, y = (features - mean) / spread, scale.scaled(inputs.train.truth)
    level = share @ y
    penalty = np.eye(x.shape[1]) / inputs.config.band_power.regularisation_c
    weighted = x.T * weight
    coefficients = scale.sd * np.linalg.solve(weighted @ x + penalty, weighted @ (y - level))
    return RidgeSystem(mean, spread, coefficients, float(scale.undone(np.array(level))))


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

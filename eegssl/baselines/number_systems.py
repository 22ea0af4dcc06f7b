"""Fit baselines of numbers: the mean, and regressions on log band power."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from eegssl.baselines.interface import BaselineInputs
from eegssl.baselines.plain_systems import band_power_of, best_round
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.number_scale import NumberScale


@dataclass(frozen=True)
class Mean:
    """Predicts the mean of the training units for every window."""

    mean: float
    threshold: None = None
    n_parameters: int = 1

    def predict(self, labelled: LabelledWindows) -> NDArray[np.float64]:
        """The number [n, 1] of each window."""
        return np.full((len(labelled), 1), self.mean)


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


@dataclass(frozen=True)
class BoostedNumbers:
    """Gradient-boosted regression trees on band power; the first ``rounds`` are used."""

    regressor: HistGradientBoostingRegressor
    rounds: int
    max_leaves: int
    threshold: None = None

    @property
    def n_parameters(self) -> int:
        """At most: the value of each leaf, and feature and limit of each split (ours)."""
        return self.rounds * (self.max_leaves + 2 * (self.max_leaves - 1))

    def predict(self, labelled: LabelledWindows) -> NDArray[np.float64]:
        """The number [n, 1] of each window."""
        staged = self.regressor.staged_predict(band_power_of(labelled.windows))
        return np.asarray(next(islice(staged, self.rounds - 1, None)), dtype=np.float64)[:, None]


def fit_mean(inputs: BaselineInputs) -> Mean:
    """Average the labels of the training units."""
    return Mean(NumberScale.of(inputs.train).mean)


def fit_ridge(inputs: BaselineInputs) -> RidgeSystem:
    """Log band power and ridge regression: units weigh alike, the intercept is not shrunk.

    The penalty is that of the logistic regression, 1 / (2 C) of the squared weights, on labels of
    deviation 1.
    """
    features, weight = band_power_of(inputs.train.windows), _weights(inputs)
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


def fit_boosted_numbers(inputs: BaselineInputs) -> BoostedNumbers:
    """Log band power and boosted regression trees, units weighted alike.

    The number of rounds is the one that validates best.
    """
    config = inputs.config.boosting
    regressor = HistGradientBoostingRegressor(
        learning_rate=config.learning_rate,
        max_iter=config.max_rounds,
        max_leaf_nodes=config.max_leaves,
        min_samples_leaf=config.min_windows_a_leaf,
        early_stopping=False,
        random_state=inputs.seed,
    )
    features = band_power_of(inputs.train.windows)
    regressor.fit(features, inputs.train.truth, sample_weight=_weights(inputs))
    staged = regressor.staged_predict(band_power_of(inputs.val.windows))
    rounds = best_round(inputs, (numbers[:, None] for numbers in staged))
    return BoostedNumbers(regressor, rounds, config.max_leaves)


def _weights(inputs: BaselineInputs) -> NDArray[np.float64]:
    """Weights [n] of training windows that weight units alike; their mean is 1."""
    weight = inputs.train.balanced(0)
    return weight / weight.mean()

"""Fit the majority or mean, and boosted trees on band power."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from eegssl.baselines.band_power import band_power_of
from eegssl.baselines.interface import BaselineInputs
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.number_scale import NumberScale
from eegssl.corpus.windows import Windows


@dataclass(frozen=True)
class Majority:
    """Predicts the shares of the training windows for every window, or their mean number.

    Its threshold is always one half: the more frequent of two classes is predicted.
    """

    answer: NDArray[np.float64]
    """[classes], or [1] for numbers."""
    threshold: float | None

    @property
    def n_parameters(self) -> int:
        """A share for each class, or the mean."""
        return len(self.answer)

    def predict(self, labelled: LabelledWindows) -> NDArray[np.float64]:
        """Class probabilities [n, classes], or numbers [n, 1]."""
        return np.tile(self.answer, (len(labelled), 1))


@dataclass(frozen=True)
class BoostingSystem:
    """Gradient-boosted trees on band power; the first ``rounds`` are used."""

    trees: HistGradientBoostingClassifier | HistGradientBoostingRegressor
    rounds: int
    n_trees: int
    max_leaves: int
    threshold: float | None = None

    @property
    def n_parameters(self) -> int:
        """At most: the value of each leaf, and feature and limit of each split (ours)."""
        return self.n_trees * (self.max_leaves + 2 * (self.max_leaves - 1))

    def predict(self, labelled: LabelledWindows) -> NDArray[np.float64]:
        """Class probabilities [n, classes] of windows, or numbers [n, 1]."""
        staged = _staged(self.trees, labelled.windows)
        return np.asarray(next(islice(staged, self.rounds - 1, None)), dtype=np.float64)


def fit_majority(inputs: BaselineInputs) -> Majority:
    """Count the classes of the training windows, or average the numbers of their units."""
    if not inputs.classes:
        return Majority(np.array([NumberScale.of(inputs.train).mean]), None)
    counts = inputs.train.counts(len(inputs.classes))
    return Majority(counts / counts.sum(), 0.5 if len(inputs.classes) == 2 else None)


def fit_boosting(inputs: BaselineInputs) -> BoostingSystem:
    """Log band power and boosted trees, classes (of numbers: units) weighted equally.

    The number of rounds is the one that validates best. Histogram gradient boosting (after
    LightGBM, Ke et al. 2017) as scikit-learn has it.
    """
    config, features = inputs.config.boosting, band_power_of(inputs.train.windows)
    settings = {
        "learning_rate": config.learning_rate,
        "max_iter": config.max_rounds,
        "max_leaf_nodes": config.max_leaves,
        "min_samples_leaf": config.min_windows_a_leaf,
        "early_stopping": False,
        "random_state": inputs.seed,
    }
    if inputs.classes:
        trees = HistGradientBoostingClassifier(class_weight="balanced", **settings)
        trees.fit(features, inputs.train.truth)
    else:
        trees = HistGradientBoostingRegressor(**settings)
        trees.fit(features, inputs.train.truth, sample_weight=inputs.unit_weights())
    rounds = _best_round(inputs, _staged(trees, inputs.val.windows))
    n_trees = rounds * (len(inputs.classes) if len(inputs.classes) > 2 else 1)
    system = BoostingSystem(trees, rounds, n_trees, config.max_leaves)
    return replace(system, threshold=inputs.threshold(system))


def _staged(
    trees: HistGradientBoostingClassifier | HistGradientBoostingRegressor, windows: Windows
) -> Iterable[NDArray[np.float64]]:
    """Class probabilities [n, classes] or numbers [n, 1] after each round of boosting."""
    features = band_power_of(windows)
    if isinstance(trees, HistGradientBoostingClassifier):
        return trees.staged_predict_proba(features)
    return (numbers[:, None] for numbers in trees.staged_predict(features))


def _best_round(inputs: BaselineInputs, staged: Iterable[NDArray[np.float64]]) -> int:
    """The round of boosting, from 1, whose predictions of the validation windows score best."""
    config = inputs.config.boosting
    scores = {
        k: inputs.score(predictions)
        for k, predictions in enumerate(staged, start=1)
        if k % config.validate_every == 0 or k == config.max_rounds
    }
    rounds = max(scores, key=lambda k: scores[k])  # the first of equals: the fewest
    inputs.say(
        f"band-power-boosting: round {rounds} of {config.max_rounds} validates best "
        f"({inputs.monitor} {scores[rounds]:.3f})"
    )
    return rounds

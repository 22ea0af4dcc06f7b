"""Fit baselines of classes: the majority, and classifiers on log band power."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from eegssl.baselines.band_power import band_power_features, feature_names
from eegssl.baselines.interface import BaselineInputs
from eegssl.baselines.logistic import BandPowerLogReg
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.windows import Windows

_WINDOWS_AT_ONCE = 256


@dataclass(frozen=True)
class Majority:
    """Predicts the shares [classes] of the training windows for every window.

    Its threshold is always one half: the more frequent of two classes is predicted.
    """

    shares: NDArray[np.float64]
    threshold: float | None

    @property
    def n_parameters(self) -> int:
        """A share for each class."""
        return len(self.shares)

    def predict(self, labelled: LabelledWindows) -> NDArray[np.float64]:
        """Class probabilities [n, classes]."""
        return np.tile(self.shares, (len(labelled), 1))


@dataclass(frozen=True)
class BandPowerSystem:
    """A fitted band-power classifier and its threshold (two classes), from validation windows."""

    classifier: BandPowerLogReg
    threshold: float | None

    @property
    def n_parameters(self) -> int:
        """Free weights and intercepts: for two classes there is one logit."""
        n_classes, n_features = self.classifier.coefficients.shape
        return (1 if n_classes == 2 else n_classes) * (n_features + 1)

    def predict(self, labelled: LabelledWindows) -> NDArray[np.float64]:
        """Class probabilities [n, classes] of windows."""
        return self.classifier.predict_proba(band_power_of(labelled.windows))


@dataclass(frozen=True)
class BoostingSystem:
    """Gradient-boosted trees on band power; the first ``rounds`` are used."""

    classifier: HistGradientBoostingClassifier
    rounds: int
    n_trees: int
    max_leaves: int
    threshold: float | None = None

    @property
    def n_parameters(self) -> int:
        """At most: the value of each leaf, and feature and limit of each split (ours)."""
        return self.n_trees * (self.max_leaves + 2 * (self.max_leaves - 1))

    def predict(self, labelled: LabelledWindows) -> NDArray[np.float64]:
        """Class probabilities [n, classes] of windows."""
        staged = self.classifier.staged_predict_proba(band_power_of(labelled.windows))
        return np.asarray(next(islice(staged, self.rounds - 1, None)), dtype=np.float64)


def fit_majority(inputs: BaselineInputs) -> Majority:
    """Count the classes of the training windows."""
    counts = inputs.train.counts(len(inputs.classes))
    return Majority(counts / counts.sum(), 0.5 if len(inputs.classes) == 2 else None)


def fit_logistic(inputs: BaselineInputs) -> BandPowerSystem:
    """Log band power and logistic regression, classes weighted equally."""
    features = band_power_of(inputs.train.windows)
    classifier = BandPowerLogReg.fit(
        features, inputs.train.truth, len(inputs.classes), inputs.seed, inputs.config.band_power
    )
    system = BandPowerSystem(classifier, None)
    return replace(system, threshold=inputs.threshold(system))


def fit_boosting(inputs: BaselineInputs) -> BoostingSystem:
    """Log band power and boosted trees, classes weighted equally; rounds by validation.

    Histogram gradient boosting (after LightGBM, Ke et al. 2017) as scikit-learn has it.
    """
    config = inputs.config.boosting
    classifier = HistGradientBoostingClassifier(
        learning_rate=config.learning_rate,
        max_iter=config.max_rounds,
        max_leaf_nodes=config.max_leaves,
        min_samples_leaf=config.min_windows_a_leaf,
        class_weight="balanced",
        early_stopping=False,
        random_state=inputs.seed,
    ).fit(band_power_of(inputs.train.windows), inputs.train.truth)
    staged = classifier.staged_predict_proba(band_power_of(inputs.val.windows))
    rounds = best_round(inputs, staged)
    n_trees = rounds * (1 if len(inputs.classes) == 2 else len(inputs.classes))
    system = BoostingSystem(classifier, rounds, n_trees, config.max_leaves)
    return replace(system, threshold=inputs.threshold(system))


def best_round(inputs: BaselineInputs, staged: Iterable[NDArray[np.float64]]) -> int:
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


def band_power_of(windows: Windows) -> NDArray[np.float64]:
    """Features [n, 20] of windows, read a few hundred at a time."""
    features = np.empty((len(windows), len(feature_names())))
    for index in windows.in_order(_WINDOWS_AT_ONCE):
        batch = windows.batch(index)
        features[index] = band_power_features(batch.signal_uv, windows.corpus.sfreq_hz)
    return features

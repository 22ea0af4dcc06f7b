"""A baseline as a whole system: features of labelled windows, a classifier, a threshold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.baselines.band_power import band_power_features, feature_names
from eegssl.baselines.config import BandPowerConfig
from eegssl.baselines.logistic import BandPowerLogReg
from eegssl.corpus.windows import Windows
from eegssl.scoring.config import ThresholdCriterion
from eegssl.scoring.threshold import choose_threshold
from eegssl.tasks.config import TaskConfig
from eegssl.tasks.labels import LabelledWindows, require_classes

_WINDOWS_AT_ONCE = 256


@dataclass(frozen=True)
class BandPowerSystem:
    """A fitted band-power classifier and its threshold (two classes), from validation windows."""

    classifier: BandPowerLogReg
    threshold: float | None

    def predict(self, labelled: LabelledWindows) -> NDArray[np.float64]:
        """Class probabilities [n, classes] of windows."""
        return self.classifier.predict_proba(_features(labelled.windows))


def fit_band_power(
    train: LabelledWindows,
    val: LabelledWindows,
    task: TaskConfig,
    seed: int,
    config: BandPowerConfig,
    criterion: ThresholdCriterion,
) -> BandPowerSystem:
    """Fit on training windows, choose the threshold on validation windows.

    Raises InputError when a class is missing from either.
    """
    require_classes(train, task, "train")
    require_classes(val, task, "val")
    features = _features(train.windows)
    classifier = BandPowerLogReg.fit(features, train.truth, len(task.classes), seed, config)
    if len(task.classes) != 2:
        return BandPowerSystem(classifier, None)
    scores = classifier.predict_proba(_features(val.windows))[:, 1]
    return BandPowerSystem(classifier, choose_threshold(val.truth, scores, criterion).value)


def _features(windows: Windows) -> NDArray[np.float64]:
    """Features [n, 20] of windows, read a few hundred at a time."""
    features = np.empty((len(windows), len(feature_names())))
    for index in windows.in_order(_WINDOWS_AT_ONCE):
        batch = windows.batch(index)
        features[index] = band_power_features(batch.signal_uv, windows.corpus.sfreq_hz)
    return features

"""Fit logistic and ridge regression on features of windows."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eegssl.adaptation.linear import LinearModel, fit_logistic, fit_ridge
from eegssl.baselines.interface import BaselineInputs
from eegssl.baselines.place_features import Features
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.number_scale import NumberScale
from eegssl.corpus.windows import Windows


@dataclass(frozen=True)
class LinearSystem:
    """A linear model on features of windows."""

    features: Features
    model: LinearModel
    scale: NumberScale | None
    """Of the labels, for a task of numbers."""
    threshold: float | None = None
    """Of two classes, from validation windows."""

    @property
    def n_parameters(self) -> int:
        """Free weights and intercepts."""
        return self.model.n_parameters

    def predict(self, labelled: LabelledWindows) -> NDArray[np.float64]:
        """Class probabilities [n, K] of windows, or numbers [n, 1]."""
        return self.answers(self.features(labelled.windows))

    def answers(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same of features [n, F]."""
        if self.scale is None:
            return self.model.probabilities(features)
        return self.scale.unscaled(self.model.outputs(features))


def fit_linear(describe: Callable[[Windows], Features], inputs: BaselineInputs) -> LinearSystem:
    """Logistic regression, classes weighted equally, or for numbers ridge regression.

    ``describe`` makes the features from the training windows; the penalty is the one whose
    validation windows score best, of equals the one with the lower loss.
    """
    train, config, n_classes = inputs.train, inputs.config.band_power, len(inputs.classes)
    features = describe(train.windows)
    x, of_val = features(train.windows), features(inputs.val.windows)
    if n_classes:
        scale, labels = None, (train.allowed(n_classes), train.row_weights(n_classes))
        path = fit_logistic(x, *labels, config.cs, config.max_iterations)
    else:
        scale = NumberScale.of(train)
        path = fit_ridge(x, scale.scaled(train.truth), train.balanced(0), config.cs)
    systems = [LinearSystem(features, model, scale) for model in path]
    best = max(systems, key=lambda system: inputs.merit(system.answers(of_val)))
    if not best.model.converged:
        inputs.say(
            f"the logistic regression (C = {best.model.c:g}) has not converged; set "
            "baseline.band_power.max_iterations higher"
        )
    return replace(best, threshold=inputs.threshold(best))

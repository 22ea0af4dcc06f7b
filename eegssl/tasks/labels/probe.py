"""Fit a linear probe on embeddings of windows to convergence."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.adaptation.classifier import Classifier
from eegssl.adaptation.linear import LinearModel, fit_logistic, fit_ridge
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.number_scale import NumberScale
from eegssl.tasks.labels.calibration import validation_scores
from eegssl.tasks.labels.config import TaskConfig
from eegssl.training.features import Cache, cache_layers, embed_windows


@dataclass(frozen=True)
class _Probe:
    """A linear model on a layer, with its monitored score and loss of validation windows."""

    layer: int
    model: LinearModel
    score: float | None
    loss: float

    @property
    def merit(self) -> tuple[float, ...]:
        """The greater, the better: score, then loss, the penalty's strength, a lower layer."""
        score = -np.inf if self.score is None else self.score
        return score, -self.loss, -self.model.c, -self.layer


def fit_probe(
    classifier: Classifier,
    task: TaskConfig,
    train: LabelledWindows,
    val: LabelledWindows,
    balanced: bool,
    device: torch.device,
    cache: Cache,
) -> dict[str, Any]:
    """Set the head of a frozen ``classifier``: standardised features, then a linear model.

    Classes: multinomial logistic regression; ``balanced`` weighs classes alike, and units within
    a class. Numbers: ridge regression. The penalty is the one of ``adaptation.probe_c`` whose
    validation windows score best, of equal ones the one with the lower loss, then the strongest.
    If ``adaptation.layer`` is `best`, every layer is tried with every penalty, chosen in the same
    way, and of those still equal the lowest is taken; each window is embedded once for all layers.
    Returns facts of the fit.
    """
    scale = NumberScale.of(train) if task.target == "number" else None
    chooses = classifier.config.layer == "best"
    if chooses:
        for part in (train, val):
            cache_layers(classifier, part.windows, device, cache)
    probes = []
    for layer in range(classifier.depth + 1) if chooses else (classifier.layer,):
        if chooses:
            classifier.read_layer(layer)
        features = embed_windows(classifier, train.windows, device, cache)
        of_val = embed_windows(classifier, val.windows, device, cache)
        models = _models(classifier, task, train, features, balanced, scale)
        validated = (_validated(layer, model, of_val, val, task, scale) for model in models)
        probes.append(max(validated, key=lambda probe: probe.merit))
    chosen = max(probes, key=lambda probe: probe.merit)
    if chooses:
        classifier.read_layer(chosen.layer)
    if scale is not None:
        classifier.set_scale(scale.mean, scale.sd)
    model = chosen.model
    classifier.set_linear(model)
    facts: dict[str, Any] = {
        "layer": chosen.layer,
        "c": model.c,
        "iterations": model.iterations,
        "converged": model.converged,
    }
    if chooses:
        facts["by_layer"] = [probe.score for probe in probes]
    return {"best_step": 0, "n_parameters_trained": model.n_parameters, "probe": facts}


def _validated(
    layer: int,
    model: LinearModel,
    of_val: NDArray[np.float64],
    val: LabelledWindows,
    task: TaskConfig,
    scale: NumberScale | None,
) -> _Probe:
    """The model with its scores of validation windows, of features ``of_val`` [n, ..., F]."""
    outputs = model.outputs(of_val.reshape(-1, of_val.shape[-1]))
    answers = _answers(outputs, scale).reshape(*of_val.shape[:-1], -1)
    scores = validation_scores(val, answers, None, task)
    loss = scores["loss"]
    assert loss is not None
    return _Probe(layer, model, scores[task.monitor], loss)


def _models(
    classifier: Classifier,
    task: TaskConfig,
    train: LabelledWindows,
    features: NDArray[np.float64],
    balanced: bool,
    scale: NumberScale | None,
) -> Iterator[LinearModel]:
    """Linear models from the strongest penalty down."""
    config = classifier.config
    rows = features.reshape(-1, features.shape[-1])
    if scale is not None:
        return fit_ridge(rows, scale.scaled(train.truth), train.balanced(0), config.probe_c)
    n_classes = len(task.classes)
    allowed, weight = train.allowed(n_classes), np.ones(len(rows))
    if balanced:
        weight = train.row_weights(n_classes)
    return fit_logistic(rows, allowed, weight, config.probe_c, config.probe_iterations)


def _answers(outputs: NDArray[np.float64], scale: NumberScale | None) -> NDArray[np.float64]:
    """Probabilities of logits [n, K], or the numbers [n, 1] that outputs stand for."""
    if scale is not None:
        return scale.unscaled(outputs)
    return np.asarray(torch.from_numpy(outputs).softmax(dim=-1).numpy())

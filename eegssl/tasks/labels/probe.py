"""Fit a linear probe on embeddings of windows to convergence."""

from collections.abc import Iterator
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
from eegssl.training.features import Cache, embed_windows


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
    Returns facts of the fit.
    """
    features = embed_windows(classifier, train.windows, device, cache)
    of_val = embed_windows(classifier, val.windows, device, cache)
    scale = NumberScale.of(train) if task.target == "number" else None
    best: tuple[tuple[float, float], LinearModel] | None = None
    for model in _models(classifier, task, train, features, balanced, scale):
        outputs = model.outputs(of_val.reshape(-1, of_val.shape[-1]))
        answers = _answers(outputs, scale).reshape(*of_val.shape[:-1], -1)
        scores = validation_scores(val, answers, None, task)
        monitored, loss = scores[task.monitor], scores["loss"]
        assert loss is not None
        merit = (-np.inf if monitored is None else monitored, -loss)
        if best is None or merit > best[0]:
            best = merit, model
    assert best is not None
    chosen = best[1]
    if scale is not None:
        classifier.set_scale(scale.mean, scale.sd)
    classifier.set_linear(chosen)
    facts = {"c": chosen.c, "iterations": chosen.iterations, "converged": chosen.converged}
    return {"best_step": 0, "n_parameters_trained": chosen.n_parameters, "probe": facts}


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
        return scale.undone(outputs)
    return np.asarray(torch.from_numpy(outputs).softmax(dim=-1).numpy())

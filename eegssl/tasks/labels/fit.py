"""Adapt an encoder to labelled windows in every way there is.

A frozen encoder embeds each window once; weights are kept by the task's validation score.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eegssl.adaptation.classifier import Classifier
from eegssl.adaptation.config import FROZEN, AdaptationConfig
from eegssl.adaptation.few_labels import some_examples
from eegssl.adaptation.groups import parameter_groups
from eegssl.adaptation.heads import PrototypeHead
from eegssl.adaptation.lora import lora_updates
from eegssl.adaptation.stochastic_depth import set_drop_path
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.number_scale import NumberScale
from eegssl.errors import ConfigError
from eegssl.tasks.labels.calibration import validation_scores
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.learning.label_steps import LabelSteps, Truth
from eegssl.tasks.labels.model import logits_of
from eegssl.tasks.labels.probe import fit_probe
from eegssl.training.config import TrainingConfig
from eegssl.training.features import Cache, Features, features_of
from eegssl.training.fitting.loop import Rows, fit

_AT_ONCE = 64
ATTENTION_PATIENCE = 10
"""Validations without a better score after which `attention` stops, unless a patience is set."""
ClassWeights = Literal["sampling", "loss", "none"]


@dataclass(frozen=True)
class Labelled:
    """A task, and its windows for training and validation."""

    task: TaskConfig
    train: LabelledWindows
    val: LabelledWindows


@dataclass(frozen=True)
class Plan:
    """Settings of the loop, the balance of classes, the seed, and folders to write to."""

    training: TrainingConfig
    class_weights: ClassWeights
    seed: int
    device: torch.device
    work: Path
    """Scratch for checkpoints."""
    metrics: Path
    """Gets a line with each row of the history, where something is trained."""
    cache: Cache
    num_workers: int = 0
    """Processes that read ahead."""
    on_step: Callable[[int], None] = field(default=lambda done: None)
    on_row: Rows | None = None
    warn: Callable[[str], object] = field(default=lambda text: None)
    say: Callable[[str], object] = field(default=lambda text: None)


def adapt(classifier: Classifier, labelled: Labelled, plan: Plan) -> dict[str, Any]:
    """Adapt in place, as ``classifier.config.kind`` says; returns facts of the training.

    Raises ConfigError when training diverges, Preempted after a signal: then the same call goes
    on from its checkpoint.
    """
    config = classifier.config
    classifier.to(plan.device)
    if config.kind == "prototypes":
        facts = _fit_prototypes(classifier, labelled, plan)
    elif config.kind == "probe":
        facts = _probe(classifier, labelled, plan)
    else:
        before = _probe_first(classifier, labelled, plan) if config.kind == "two-stage" else {}
        set_drop_path(classifier.encoder, config.drop_path)
        with lora_updates(classifier.encoder, config, plan.seed) as facts:
            classifier.to(plan.device)
            facts |= before | _train(classifier, labelled, plan)
    classifier.eval()
    return facts


def require_readable(adaptation: AdaptationConfig) -> None:
    """Raise ConfigError for a layer that the way of adapting can't read or choose."""
    layer, kind = adaptation.layer, adaptation.kind
    if layer != "last" and kind not in FROZEN:
        raise ConfigError(
            f"adaptation.layer is {layer!r}, and --adapt {kind} trains the encoder up to its last "
            f"layer; leave it out, or keep the encoder frozen, by --adapt {' or '.join(FROZEN)}"
        )
    if layer == "best" and kind != "probe":
        raise ConfigError(
            f"adaptation.layer is 'best', and --adapt {kind} chooses no layer; give the number of "
            "one, such as facts.probe.layer of --adapt probe with adaptation.layer=best"
        )


def unconverged(facts: Mapping[str, Any]) -> Iterator[str]:
    """Warn of a fit that stopped before its end, from the facts of `adapt`."""
    probe = facts.get("probe")
    if probe and not probe["converged"]:
        yield (
            f"the probe (C = {probe['c']:g}) had not converged after {probe['iterations']} "
            "iterations: its scores are too low; set adaptation.probe_iterations higher"
        )
    if facts.get("converged") is False:
        yield (
            f"the best validation score is that of the last step, {facts['best_step']}: training "
            "may not have converged; set training.steps higher"
        )


def _probe(classifier: Classifier, labelled: Labelled, plan: Plan) -> dict[str, Any]:
    balanced = plan.class_weights != "none"
    data = labelled.task, labelled.train, labelled.val
    return fit_probe(classifier, *data, balanced, plan.device, plan.cache)


def _probe_first(classifier: Classifier, labelled: Labelled, plan: Plan) -> dict[str, Any]:
    """Start the head as a probe (Kumar et al., ICLR 2022), then let the encoder train."""
    classifier.freeze(True)
    facts = _probe(classifier, labelled, plan)
    classifier.freeze(False)
    return {"probe": facts["probe"]}


def _fit_prototypes(classifier: Classifier, labelled: Labelled, plan: Plan) -> dict[str, Any]:
    """Take a few labelled examples of each class; events and the like are means of windows."""
    task, train, head = labelled.task, labelled.train, classifier.head
    assert isinstance(head, PrototypeHead)
    truth = (train.unit_truth if train.units else train.truth).astype(np.int64)
    parts = truth.shape[1] if truth.ndim == 2 else 1
    chosen = some_examples(truth.ravel(), len(task.classes), classifier.config.shots, plan.seed)
    some = train.subset(np.flatnonzero(np.isin(train.unit, chosen // parts)))
    with torch.no_grad():
        pooled = features_of(classifier, some.windows, plan.device)(np.arange(len(some)))
        examples = torch.from_numpy(some.by_unit(pooled.cpu().numpy())).flatten(0, -2)
        rows = np.searchsorted(np.unique(chosen // parts), chosen // parts) * parts + chosen % parts
        head.fit(examples[rows].float().to(plan.device), torch.from_numpy(truth.ravel()[chosen]))
    counts = np.bincount(truth.ravel()[chosen], minlength=len(task.classes)).tolist()
    return {
        "best_step": 0,
        "n_parameters_trained": 0,
        "examples": dict(zip(task.classes, counts, strict=True)),
    }


def _train(classifier: Classifier, labelled: Labelled, plan: Plan) -> dict[str, Any]:
    """Train by gradient; ends with the weights that validate best."""
    task, train, training = labelled.task, labelled.train, plan.training
    if classifier.config.kind == "attention" and training.patience is None:
        training = training.model_copy(update={"patience": ATTENTION_PATIENCE})
    groups = parameter_groups(classifier, training.lr, training.weight_decay)
    trained = sum(p.numel() for group in groups for p in group["params"])
    with torch.no_grad():
        of_train, of_val = (
            features_of(classifier, part.windows, plan.device, plan.cache)
            for part in (train, labelled.val)
        )
        if classifier.config.kind == "attention":
            _standardise(classifier, train, of_train)
    draw = train.balanced(task.n_outputs if task.target == "classes" else 0)
    if plan.class_weights != "sampling":
        draw = (draw > 0).astype(np.float64)
    truth = Truth(
        torch.from_numpy(_truth_to_learn(classifier, train, task)),
        None if train.possible is None else torch.from_numpy(train.possible),
        _class_weights(train, task, plan),
    )
    drawn = draw, training.batch_size, plan.seed
    steps = LabelSteps(classifier, of_train, train, truth, *drawn)

    def validate() -> dict[str, float | None]:
        size = training.batch_size
        logits = logits_of(classifier, of_val, labelled.val.windows, size)
        return validation_scores(labelled.val, classifier.say(logits).numpy(), None, task)

    classifier.train()
    history = fit(
        classifier,
        steps,
        training,
        seed=plan.seed,
        folder=plan.work,
        metrics=plan.metrics,
        num_workers=plan.num_workers,
        parameters=groups,
        validate=validate,
        monitor=task.monitor,
        on_step=plan.on_step,
        on_row=plan.on_row,
        warn=plan.warn,
        say=plan.say,
    )
    last = history.rows[-1]["step"] if history.rows else 0
    return {
        "best_step": history.best_step,
        "n_parameters_trained": trained,
        "converged": history.best_step < last,
    }


def _standardise(classifier: Classifier, train: LabelledWindows, features: Features) -> None:
    """Set the head's statistics: those of all patches of the training windows."""
    assert classifier.standardise is not None
    width = classifier.encoder.config.width
    count, total, squares = 0, np.zeros(width), np.zeros(width)
    for index in train.windows.in_order(_AT_ONCE):
        patches = features(index).cpu().double().numpy().reshape(-1, width)
        count, total = count + len(patches), total + patches.sum(axis=0)
        squares += (patches**2).sum(axis=0)
    mean = total / count
    spread = np.sqrt(np.maximum(squares / count - mean**2, 0))
    classifier.standardise.set(mean, np.where(spread > 0, spread, 1.0))


def _truth_to_learn(
    classifier: Classifier, train: LabelledWindows, task: TaskConfig
) -> NDArray[Any]:
    """Classes as they are; numbers on a scale that the classifier undoes."""
    if task.target == "classes":
        return train.truth
    scale = NumberScale.of(train)
    classifier.set_scale(scale.mean, scale.sd)
    return scale.scaled(train.truth.astype(np.float64))


def _class_weights(train: LabelledWindows, task: TaskConfig, plan: Plan) -> Tensor | None:
    """Weights [K] of the loss that count each class alike, where they are wanted there."""
    if plan.class_weights != "loss" or task.target == "number":
        return None
    counts = np.maximum(train.counts(len(task.classes)), 1)
    return torch.from_numpy((counts.sum() / (len(counts) * counts)).astype(np.float32))

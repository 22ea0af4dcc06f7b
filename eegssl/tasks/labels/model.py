"""Write and read a classifier with its task and what was locked."""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter

from eegssl.adaptation.classifier import Classifier, build_classifier
from eegssl.adaptation.config import AdaptationConfig
from eegssl.artifacts.json_parts import STRICT, damaged, read_json
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.settings import public_values
from eegssl.corpus.label_table import read_stored_labels
from eegssl.corpus.store import Corpus
from eegssl.corpus.windows import Windows
from eegssl.encoder.architectures import build_encoder
from eegssl.scoring.events.postprocess import Postprocess
from eegssl.scoring.temperature import Temperature
from eegssl.scoring.threshold import Threshold
from eegssl.signal.channels.electrodes import parse_channel
from eegssl.tasks.jobs import MODEL, MODEL_FILES, TASK
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.model_contract import ModelFacts, model_contract
from eegssl.tasks.trained_for import encoder_settings
from eegssl.training.features import Cache, Features, features_in_order, features_of
from eegssl.training.weights import load_weights, read_module_config, save_module

CHANNELS, LABELS, THRESHOLD, POSTPROCESS, TEMPERATURE = (
    "channels.json",
    "labels.tsv",
    "threshold.json",
    "postprocess.json",
    "temperature.json",
)
FILES = (*MODEL_FILES, CHANNELS, LABELS, THRESHOLD, POSTPROCESS, TEMPERATURE)
"""Files of a model of labels, beside its encoder's settings and history."""
CHANNEL_NAMES = TypeAdapter(tuple[str, ...], config=STRICT)
"""The schema of `CHANNELS`."""


@dataclass(frozen=True)
class TrainedModel:
    """A classifier in evaluation mode, the task that it was adapted to, and what was locked.

    ``threshold`` decides windows (two classes), ``postprocess`` detections (tasks of events); the
    classifier's probabilities are of ``temperature`` (classes).
    """

    classifier: Classifier
    task: TaskConfig
    threshold: Threshold | None
    postprocess: Postprocess | None
    temperature: Temperature | None = None


def save_model(writer: ArtifactWriter, model: TrainedModel) -> None:
    """Write weights, the three configurations, and what was locked."""
    classifier, threshold, rule = model.classifier, model.threshold, model.postprocess
    temperature = model.temperature
    save_module(writer, MODEL, classifier, classifier.config)
    writer.write_json("encoder.json", classifier.encoder.config.model_dump(mode="json"))
    writer.write_json(CHANNELS, list(classifier.channels))
    writer.write_json(TASK, public_values(model.task))
    writer.write_json(THRESHOLD, asdict(threshold) if threshold else None)
    writer.write_json(POSTPROCESS, asdict(rule) if rule else None)
    writer.write_json(TEMPERATURE, asdict(temperature) if temperature else None)


def load_model(artifact: Artifact, corpus: Corpus) -> TrainedModel:
    """Read a model for use on a corpus.

    Raises ArtifactError when weights don't match or the corpus has another sampling rate.
    """
    settings = encoder_settings(artifact, corpus)
    task = read_module_config(artifact.path, "task", TaskConfig)
    adaptation = read_module_config(artifact.path, MODEL, AdaptationConfig)
    channels = read_json(artifact / CHANNELS, CHANNEL_NAMES)
    size = task.n_outputs, adaptation, 0, task.unit == "second", channels
    classifier = build_classifier(build_encoder(settings, 0), *size)
    load_weights(classifier, artifact.path, MODEL)
    temperature = read_json(artifact / TEMPERATURE, _TEMPERATURE)
    if temperature:
        classifier.temperature = temperature.value
    threshold = read_json(artifact / THRESHOLD, _THRESHOLD)
    rule = read_json(artifact / POSTPROCESS, _POSTPROCESS)
    return TrainedModel(classifier.eval(), task, threshold, rule, temperature)


class _Facts(ModelFacts):
    """What was locked stands in the manifest once more."""

    labels_permuted: bool
    classes: tuple[str, ...]
    window_s: float
    threshold: Threshold | None
    postprocess: Postprocess | None
    temperature: Temperature | None


def reads_by_name(adaptation: AdaptationConfig) -> bool:
    """Whether a model reads certain channels, each by its name, and not all that there are."""
    return adaptation.pooling == "channels" and adaptation.kind != "attention"


def _require_channels(artifact: Artifact) -> None:
    """Raise ArtifactError for names where none are read, or that are no electrodes in order."""
    names = read_json(artifact / CHANNELS, CHANNEL_NAMES)
    adaptation = read_module_config(artifact.path, MODEL, AdaptationConfig)
    if bool(names) != reads_by_name(adaptation):
        expected = "none" if names else "names"
        raise damaged(artifact / CHANNELS, f"got {len(names)} channels, expected {expected}")
    if n_others := sum(parse_channel(name).kind != "eeg" for name in names):
        raise damaged(artifact / CHANNELS, f"{n_others} of its channels are no electrode")
    if list(names) != sorted(set(names)):
        raise damaged(artifact / CHANNELS, "its channels aren't in order, each once")


def _require_agreement(artifact: Artifact) -> None:
    """Raise ArtifactError where what was locked is not of the task, or not that of the facts."""
    facts = artifact.manifest.facts
    task = read_module_config(artifact.path, "task", TaskConfig)
    locked: tuple[tuple[str, Any, bool], ...] = (
        (THRESHOLD, _THRESHOLD, task.target == "classes" and len(task.classes) == 2),
        (POSTPROCESS, _POSTPROCESS, task.detects),
        (TEMPERATURE, _TEMPERATURE, task.target == "classes"),
    )
    for name, schema, expected in locked:
        value = read_json(artifact / name, schema)
        if (value is not None) != expected:
            raise damaged(artifact / name, f"expected {'a value' if expected else 'null'}")
        if (asdict(value) if value else None) != facts[name.removesuffix(".json")]:
            raise damaged(artifact / name, "it is not that of the manifest")
    if list(task.classes) != facts["classes"] or task.window_s != facts["window_s"]:
        raise damaged(artifact / TASK, "its classes or windows are not those of the manifest")
    _require_channels(artifact)
    if task.labels == "table":
        read_stored_labels(artifact / LABELS)


_THRESHOLD = TypeAdapter[Threshold | None](Threshold | None)
_POSTPROCESS = TypeAdapter[Postprocess | None](Postprocess | None)
_TEMPERATURE = TypeAdapter[Temperature | None](Temperature | None)
CONTRACT = model_contract(
    TaskConfig,
    AdaptationConfig,
    parts={
        CHANNELS: partial(read_json, schema=CHANNEL_NAMES),
        THRESHOLD: partial(read_json, schema=_THRESHOLD),
        POSTPROCESS: partial(read_json, schema=_POSTPROCESS),
        TEMPERATURE: partial(read_json, schema=_TEMPERATURE),
    },
    others={LABELS: read_stored_labels},
    facts=_Facts,
    whole=_require_agreement,
)
"""What a model of labels holds."""


@torch.no_grad()
def logits_of(
    classifier: Classifier, features: Features, windows: Windows, batch_size: int
) -> torch.Tensor:
    """Logits [n, K] of all windows, or [n, N, K], in float64 and on the CPU."""
    made: torch.Tensor | None = None
    for index in windows.in_order(batch_size):
        logits = classifier.classify(features(index)).cpu().double()
        if made is None:
            made = torch.empty(len(windows), *logits.shape[1:], dtype=logits.dtype)
        made[torch.from_numpy(index)] = logits
    assert made is not None
    return made


@torch.no_grad()
def predict(
    classifier: Classifier,
    windows: Windows,
    batch_size: int,
    device: torch.device,
    cache: Cache | None = None,
) -> NDArray[np.float64]:
    """Predict windows in evaluation mode: probabilities [n, K], or [n, N, K], or numbers [n, 1]."""
    was_training = classifier.training
    classifier.to(device).eval()
    features = features_in_order(classifier, windows, device)
    if cache is not None:
        features = features_of(classifier, windows, device, cache)
    answers = classifier.say(logits_of(classifier, features, windows, batch_size))
    classifier.train(was_training)
    return answers.numpy()

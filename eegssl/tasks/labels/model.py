"""Write and read a classifier with its task and what was locked."""

import json
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.adaptation.classifier import Classifier, build_classifier
from eegssl.adaptation.config import AdaptationConfig
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.settings import public_values
from eegssl.corpus.store import Corpus
from eegssl.corpus.windows import Windows
from eegssl.encoder.architectures import build_encoder
from eegssl.regular_files import read_text
from eegssl.scoring.events.postprocess import Postprocess
from eegssl.scoring.temperature import Temperature
from eegssl.scoring.threshold import Threshold
from eegssl.tasks.kind import MODEL, MODEL_FILES, TASK
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.trained_for import encoder_settings
from eegssl.training.features import Cache, Features, features_of
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
    channels = tuple(json.loads(read_text(artifact / CHANNELS)))
    size = task.n_outputs, adaptation, 0, task.unit == "second", channels
    classifier = build_classifier(build_encoder(settings, 0), *size)
    load_weights(classifier, artifact.path, MODEL)
    threshold, rule, degree = (
        json.loads(read_text(artifact / name)) for name in (THRESHOLD, POSTPROCESS, TEMPERATURE)
    )
    temperature = Temperature(**degree) if degree else None
    if temperature:
        classifier.temperature = temperature.value
    return TrainedModel(
        classifier.eval(),
        task,
        Threshold(**threshold) if threshold else None,
        Postprocess.from_dict(rule) if rule else None,
        temperature,
    )


@torch.no_grad()
def logits_of(
    classifier: Classifier, features: Features, windows: Windows, batch_size: int
) -> torch.Tensor:
    """Logits [n, K] of all windows, or [n, N, K], in float64 and on the CPU."""
    made: torch.Tensor | None = None
    for index in windows.in_order(batch_size):
        logits = classifier.classify(features(index)).double().cpu()
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
    features = features_of(classifier, windows, device, cache)
    answers = classifier.say(logits_of(classifier, features, windows, batch_size))
    classifier.train(was_training)
    return answers.numpy()

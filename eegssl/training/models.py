"""A fine-tuned model on disk: classifier, task and locked threshold together."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.adaptation.classifier import Classifier, build_classifier
from eegssl.adaptation.config import AdaptationConfig
from eegssl.artifacts import Artifact
from eegssl.corpus.store import Corpus
from eegssl.corpus.windows import Windows
from eegssl.drafts import Draft
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.model import build_encoder
from eegssl.errors import ArtifactError
from eegssl.scoring.threshold import Threshold
from eegssl.settings import public_values
from eegssl.tasks.config import TaskConfig
from eegssl.training.batches import to_tensors
from eegssl.training.weights import load_weights, read_module_config, save_module

MODEL = "model"
LABELS = "labels.tsv"


@dataclass(frozen=True)
class TrainedModel:
    """A classifier in evaluation mode, the task that it was adapted to, and its threshold."""

    classifier: Classifier
    task: TaskConfig
    threshold: Threshold | None


def encoder_settings(artifact: Artifact, corpus: Corpus) -> EncoderConfig:
    """The configuration of the encoder inside an artifact, for use on a corpus.

    Raises ArtifactError when the corpus has another sampling rate.
    """
    settings = read_module_config(artifact.path, "encoder", EncoderConfig)
    if settings.sfreq_hz != corpus.sfreq_hz:
        raise ArtifactError(
            f"{artifact.path} was trained at {settings.sfreq_hz:g} Hz, "
            f"{corpus.artifacts[0].path} has recordings at {corpus.sfreq_hz:g} Hz"
        )
    return settings


def save_model(
    draft: Draft, classifier: Classifier, task: TaskConfig, threshold: Threshold | None
) -> None:
    """Write weights, the three configurations and the threshold."""
    save_module(draft, MODEL, classifier, classifier.config)
    draft.write_json("encoder.json", classifier.encoder.config.model_dump(mode="json"))
    draft.write_json("task.json", public_values(task))
    draft.write_json("threshold.json", threshold.as_dict() if threshold else None)


def load_model(artifact: Artifact, corpus: Corpus) -> TrainedModel:
    """Read a model for use on a corpus.

    Raises ArtifactError when weights don't match or the corpus has another sampling rate.
    """
    settings = encoder_settings(artifact, corpus)
    task = read_module_config(artifact.path, "task", TaskConfig)
    adaptation = read_module_config(artifact.path, MODEL, AdaptationConfig)
    classifier = build_classifier(build_encoder(settings, 0), len(task.classes), adaptation, 0)
    load_weights(classifier, artifact.path, MODEL)
    chosen = json.loads((artifact / "threshold.json").read_text())
    return TrainedModel(classifier.eval(), task, Threshold(**chosen) if chosen else None)


LogitsByIndex = Callable[[NDArray[np.int64]], torch.Tensor]


def logits_by_index(
    classifier: Classifier, windows: Windows, batch_size: int, device: torch.device
) -> LogitsByIndex:
    """Windows at an index -> logits [B, classes]; a frozen encoder embeds each window once."""
    if not classifier.frozen:
        return lambda index: classifier(*to_tensors(windows.batch(index), device).inputs)
    pooled: torch.Tensor | None = None
    for index in windows.in_order(batch_size):
        batch = classifier.embed(*to_tensors(windows.batch(index), device).inputs)
        if pooled is None:
            pooled = torch.empty(len(windows), batch.shape[1], device=device)
        pooled[torch.from_numpy(index).to(device)] = batch
    assert pooled is not None
    cached = pooled
    return lambda index: classifier.classify(cached[torch.from_numpy(index).to(device)])


def probabilities_of(
    logits_of: LogitsByIndex, windows: Windows, batch_size: int
) -> NDArray[np.float64]:
    """Class probabilities [n, classes] of all windows."""
    parts = [(index, logits_of(index)) for index in windows.in_order(batch_size)]
    order = np.argsort(np.concatenate([index for index, _ in parts]))
    logits = torch.cat([part for _, part in parts]).double()
    probabilities: NDArray[np.float64] = torch.softmax(logits, dim=-1).cpu().numpy()[order]
    return probabilities


@torch.no_grad()
def predict(
    classifier: Classifier, windows: Windows, batch_size: int, device: torch.device
) -> NDArray[np.float64]:
    """Class probabilities [n, classes] of windows, in evaluation mode."""
    was_training = classifier.training
    classifier.to(device).eval()
    logits_of = logits_by_index(classifier, windows, batch_size, device)
    probabilities = probabilities_of(logits_of, windows, batch_size)
    classifier.train(was_training)
    return probabilities

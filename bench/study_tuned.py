"""Train all weights of an encoder on the labelled windows of the study."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from study_windows import Labelled
from torch.nn import functional as F

from eegssl.adaptation.classifier import Classifier, build_classifier
from eegssl.adaptation.config import AdaptationConfig
from eegssl.adaptation.groups import parameter_groups
from eegssl.corpus.windows import Batch, Windows
from eegssl.encoder.encoder import Encoder
from eegssl.training.batches import to_tensors
from eegssl.training.config import TrainingConfig
from eegssl.training.fitting.loop import fit

TRAINING = TrainingConfig(steps=250, validate_every=25, patience=4)
BATCH = 32
CPU = torch.device("cpu")
Merit = Callable[[NDArray[np.int64], NDArray[np.float64]], float]


def tuned_logits(
    encoder: Encoder,
    rows: Labelled,
    train: NDArray[np.bool_],
    val: NDArray[np.bool_],
    seed: int,
    pooling: str,
    merit: Merit,
) -> NDArray[np.float64]:
    """Logits [n, K] of all windows after training on ``train`` [n].

    Classes are drawn equally often. The weights of the step whose ``merit`` of truth and logits on
    ``val`` [n] is highest are kept.
    """
    windows = rows.windows
    names: tuple[str, ...] = ()
    if pooling == "channels":
        names = tuple(windows.shared_channels())
        windows = windows.of_channels(names)
    n_classes = int(rows.truth.max()) + 1
    model = build_classifier(
        encoder, n_classes, AdaptationConfig(kind="full", pooling=pooling), seed, channels=names
    )
    places = np.flatnonzero(train)
    share = 1 / np.bincount(rows.truth[places], minlength=n_classes)[rows.truth[places]]
    width = windows.n_channels

    def step(k: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng([seed, k])
        first = rng.choice(places, p=share / share.sum())  # a batch has one number of channels
        here = width[places] == width[first]
        drawn = rng.choice(places[here], BATCH, p=share[here] / share[here].sum())
        logits = _classified(model, windows.batch(drawn))
        return {"loss": F.cross_entropy(logits, torch.from_numpy(rows.truth[drawn]))}

    def validated() -> dict[str, float]:
        return {
            "merit": merit(rows.truth[val], _logits(model, windows.subset(np.flatnonzero(val))))
        }

    with tempfile.TemporaryDirectory() as scratch:
        fit(
            model,
            step,
            TRAINING,
            seed=seed,
            folder=Path(scratch),
            metrics=Path(scratch) / "metrics.jsonl",
            parameters=parameter_groups(model, TRAINING.lr, TRAINING.weight_decay),
            validate=validated,
            monitor="merit",
        )
    return _logits(model.eval(), windows)


def _classified(model: Classifier, batch: Batch) -> torch.Tensor:
    logits: torch.Tensor = model(*to_tensors(batch, CPU))
    return logits


@torch.no_grad()
def _logits(model: Classifier, windows: Windows) -> NDArray[np.float64]:
    parts = [
        (index, _classified(model, windows.batch(index)).double().numpy())
        for index in windows.in_order(64)
    ]
    order = np.concatenate([index for index, _ in parts])
    return np.concatenate([logits for _, logits in parts])[np.argsort(order)]

"""Ask an encoder for seizures of new people by a linear probe that has the labels of few."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from eegssl.adaptation.few_labels import FewLabels, some_subjects
from eegssl.adaptation.linear import fit_logistic
from eegssl.api import load_encoder
from eegssl.corpus.sampling import ictal_places
from eegssl.corpus.store import open_corpus
from eegssl.corpus.windows import Windows, tile
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.pooling import pool
from eegssl.training.batches import to_tensors

Floats = NDArray[np.float64]

LABELLED, DRAWS, C = 2, 20, 0.1
"""People with labels unless given, draws of them, inverse strength of the penalty: the same for all
encoders."""


@dataclass(frozen=True)
class Side:
    """Windows of some people: features [n, F], which overlap a seizure [n], whose they are [n]."""

    features: Floats
    ictal: NDArray[np.bool_]
    subject: NDArray[np.str_]


def gains(
    encoder: Path,
    recordings: Path,
    seed: int,
    window_s: float,
    *,
    labelled: int = LABELLED,
    depth: int = -1,
) -> Floats:
    """What an encoder scores above its own random start, for each draw of labelled people.

    Both are read at one ``depth``: 0 are the patches as embedded, -1 is the last block's output.
    """
    corpus = open_corpus([recordings])
    tilings = [tile(corpus, corpus.of_split(*names), window_s) for names in SPLITS]
    trained = load_encoder(encoder)
    scores = []
    for one in (trained, build_encoder(trained.config, seed).eval()):
        learned, asked = (side_of(one, windows, depth) for windows in tilings)
        scores.append(aurocs(learned, asked, labelled))
    return scores[0] - scores[1]


SPLITS = (("train",), ("val", "test"))
"""Those whose labels may be learned from, and those that are asked."""


def aurocs(learned: Side, asked: Side, labelled: int = LABELLED) -> Floats:
    """Mean AUROC within the people asked, [DRAWS], of probes of so many people's labels each."""
    classes = {
        name: set(learned.ictal[learned.subject == name].astype(int).tolist())
        for name in np.unique(learned.subject).tolist()
    }
    scores = []
    for draw in range(DRAWS):
        some = np.isin(learned.subject, some_subjects(classes, FewLabels(draw, labelled)))
        allowed = np.eye(2)[learned.ictal[some].astype(int)]
        (probe,) = fit_logistic(learned.features[some], allowed, np.ones(some.sum()), [C], 1000)
        chances = probe.probabilities(asked.features)[:, 1]
        scores.append(_auroc_within(asked, chances))
    return np.array(scores)


def _auroc_within(asked: Side, chances: Floats) -> float:
    values = []
    for name in np.unique(asked.subject):
        own = asked.subject == name
        if 0 < asked.ictal[own].sum() < own.sum():
            values.append(roc_auc_score(asked.ictal[own], chances[own]))
    return float(np.mean(values))


@torch.no_grad()
def side_of(encoder: Encoder, windows: Windows, depth: int) -> Side:
    """The windows' embeddings at a depth, mean and maximum over channels, and their labels."""
    rows = np.empty((len(windows), 2 * encoder.config.width))
    for index in windows.in_order(64):
        layers = encoder.layers(*to_tensors(windows.batch(index), torch.device("cpu")))
        rows[index] = pool(list(layers)[depth], "mean_max").double().numpy()
    ictal = np.zeros(len(windows), np.bool_)
    ictal[ictal_places(windows)] = True
    owner, _ = windows.locate(np.arange(len(windows)))
    return Side(rows, ictal, np.array([windows.recordings[k].subject for k in owner]))

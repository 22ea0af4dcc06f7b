"""Judge an encoder's embeddings while it is trained."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.corpus.places.probe_windows import ProbeWindows
from eegssl.corpus.windows import Windows
from eegssl.encoder.encoder import Encoder
from eegssl.scoring.embedding_scores import effective_rank, label_probe, subject_probe
from eegssl.training.batches import to_tensors

COLLAPSED_RANK = 2.0
"""Ours: with a lower effective rank, embeddings differ along one direction."""
RISE_OF_SUBJECTS = 0.1
"""Ours: a subject probe that rose by so much has learned people."""
RISE_OF_LABELS = 0.02
"""Ours: a label probe that rose by less has learned nothing of seizures beside."""
_DIGITS = 6


@torch.no_grad()
def embedding_health(encoder: Encoder, probe: ProbeWindows, batch_size: int) -> dict[str, float]:
    """Scores of the embeddings of a few windows, each pooled over its channels and patches.

    ``effective_rank``; ``subject_probe`` beside ``subject_chance``; ``label_probe``, the AUROC of
    seizures in other subjects. A score that is undefined, as for want of subjects or seizures, is
    left out.
    """
    embeddings = _embedded(encoder, probe.windows, batch_size)
    some, labelled = probe.of_subjects, probe.of_labels
    scores = {"effective_rank": effective_rank(embeddings[some])}
    if people := subject_probe(embeddings[some], probe.subjects[some]):
        scores |= {"subject_probe": people[0], "subject_chance": people[1]}
    label = label_probe(embeddings[labelled], probe.ictal[labelled], probe.subjects[labelled])
    if label is not None:
        scores["label_probe"] = label
    return {name: round(score, _DIGITS) for name, score in scores.items()}


def health_concerns(rows: Sequence[Mapping[str, float | None]]) -> list[str]:
    """What the rows of a training's log say against its embeddings, each with what mends it."""
    courses = {
        name: [value for row in rows if (value := row.get(f"val_{name}")) is not None]
        for name in ("effective_rank", "subject_probe", "label_probe")
    }
    ranks, people, labels = courses.values()
    concerns = []
    if ranks and ranks[-1] < COLLAPSED_RANK:
        concerns.append(
            f"the embeddings collapse: their effective rank is {ranks[-1]:.2f}, expected at least "
            f"{COLLAPSED_RANK:g}; set training.lr lower or training.warmup higher"
        )
    learned_people = len(people) > 1 and people[-1] - people[0] >= RISE_OF_SUBJECTS
    learned_labels = len(labels) > 1 and labels[-1] - labels[0] >= RISE_OF_LABELS
    if learned_people and labels and not learned_labels:
        concerns.append(
            f"the embeddings learn who is recorded, not what happens: a linear probe names "
            f"{people[-1]:.0%} of validation windows' subjects ({people[0]:.0%} at first), and "
            f"finds seizures with an AUROC of {labels[-1]:.2f} ({labels[0]:.2f} at first); set "
            "masking.kind=region-time or masking.ratio higher, sampling.ictal_share, or give "
            "recordings of more people"
        )
    return concerns


def _embedded(encoder: Encoder, windows: Windows, batch_size: int) -> NDArray[np.float32]:
    """Mean embeddings of windows, float32 [n, D]."""
    device = encoder.mask_token.device
    embeddings = np.empty((len(windows), encoder.config.width), dtype=np.float32)
    for index in windows.in_order(batch_size):
        output = encoder(*to_tensors(windows.batch(index), device))
        embeddings[index] = output.mean(dim=(1, 2)).float().cpu().numpy()
    return embeddings

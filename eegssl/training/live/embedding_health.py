"""Judge an encoder's embeddings while it is trained."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.corpus.places.probe_windows import ProbeWindows
from eegssl.corpus.windows import Windows
from eegssl.encoder.encoder import Encoder
from eegssl.scoring.embedding_scores import effective_rank, label_probe, subject_probe
from eegssl.training.batches import to_tensors

_DIGITS = 6


@torch.no_grad()
def embedding_health(encoder: Encoder, probe: ProbeWindows, batch_size: int) -> dict[str, float]:
    """Scores of the embeddings of a few windows, each pooled over its channels and patches.

    ``effective_rank``; ``subject_probe`` beside ``subject_chance``; ``label_probe``, the AUROC of
    seizures in other subjects. A score that is undefined, as for want of subjects or seizures, is
    left out. Where an embedding is not finite, the effective rank is NaN, and stands alone.
    """
    embeddings = _embedded(encoder, probe.windows, batch_size)
    if not np.isfinite(embeddings).all():
        return {"effective_rank": math.nan}
    some, labelled = probe.of_subjects, probe.of_labels
    scores = {"effective_rank": effective_rank(embeddings[some])}
    if people := subject_probe(embeddings[some], probe.subjects[some]):
        scores |= {"subject_probe": people[0], "subject_chance": people[1]}
    label = label_probe(embeddings[labelled], probe.ictal[labelled], probe.subjects[labelled])
    if label is not None:
        scores["label_probe"] = label
    return {name: round(score, _DIGITS) for name, score in scores.items()}


def _embedded(encoder: Encoder, windows: Windows, batch_size: int) -> NDArray[np.float32]:
    """Mean embeddings of windows, float32 [n, D]."""
    device = encoder.mask_token.device
    embeddings = np.empty((len(windows), encoder.config.width), dtype=np.float32)
    for index in windows.in_order(batch_size):
        output = encoder(*to_tensors(windows.batch(index), device))
        embeddings[index] = output.float().mean(dim=(1, 2)).cpu().numpy()
    return embeddings

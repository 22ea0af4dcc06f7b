"""Show objectives some training windows before the first step."""

import torch

from eegssl.corpus.windows import Windows
from eegssl.objectives.weighted_sum import WeightedSum

_WINDOWS = 512
"""Ours: so many windows, always the same, from which statistics of targets are learned."""
_AT_ONCE = 64


def begin_objectives(model: WeightedSum, train: Windows) -> None:
    """Let objectives learn the statistics of their targets; nothing is read where none does."""
    learning = [each for each in model.objectives.values() if each.learns_targets]
    if learning:
        some = train.some(_WINDOWS)
        read = [torch.from_numpy(some.batch(k).signal_uv) for k in some.in_order(_AT_ONCE)]
        for each in learning:
            each.begin(read)

"""Tell how slices of a window lie in time.

Relative positioning and temporal shuffling of Banville et al. (IEEE MLSP 2019; J Neural Eng 18,
2021): two slices are near or far; a slice lies between two others or apart from them. Embeddings of
slices are compared by their absolute differences and logistic regression. Slices are those of one
window, embedded each as a window of its own, so that neither attention nor a place in time tells
the answer: ours, as are the distances; theirs are minutes of a night.
"""

import math
from collections.abc import Mapping
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.encoder.account import forward_flops
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.epilepsyfm import EpilepsyFM
from eegssl.encoder.pooling import pool
from eegssl.objectives.config import PretextConfig
from eegssl.objectives.grain import Grain, GrainPlan
from eegssl.objectives.objective import Known, MeanScores, Objective, ObjectiveOutput, Scorer

_SLICES = "pretext.slices"
Places = NDArray[np.int64]
"""Numbers of slices, [M, 2], or [M, 3] with the one that is asked about in the middle."""


class Pretext(Objective):
    """Logistic regression on absolute differences of slices' mean embeddings."""

    def __init__(self, encoder: Encoder, config: PretextConfig, known: Known) -> None:
        super().__init__(encoder, config, known)
        self.config = config
        self.unit = "windows"
        self.drawn = (_SLICES,)
        self.n_differences = 1 if config.task == "relative-positioning" else 2
        self.head = nn.Linear(self.n_differences * encoder.config.width, 1)

    def forward(self, grain: Grain) -> ObjectiveOutput:
        """Cross-entropy (nats) of two equally frequent classes; ``accuracy``."""
        slices = self.embed(grain)
        windows = torch.arange(len(slices), device=slices.device)[:, None, None]
        compared = slices[windows, grain[_SLICES]]  # [B, K, 2 or 3, D]
        with torch.autocast(slices.device.type, enabled=False):
            differences = (compared[:, :, 1:] - compared[:, :, :-1]).abs().flatten(2)
            logits = F.linear(differences, self.head.weight, self.head.bias)[..., 0]
            truth = torch.zeros_like(logits)
            truth[:, : self.config.comparisons // 2] = 1
            loss = F.binary_cross_entropy_with_logits(logits, truth)
            accuracy = ((logits > 0) == (truth > 0)).to(logits.dtype).mean()
        return ObjectiveOutput(loss, {"accuracy": accuracy})

    def embed(self, grain: Grain) -> Tensor:
        """Mean embeddings [B, S, D] of a window's slices, each embedded alone."""
        n_slices, signal_uv = self._n_slices(grain.shape[2]), grain["signal_uv"]
        length = self.config.slice_patches * grain.encoder.config.patch_samples
        cut = signal_uv[..., : n_slices * length].unflatten(-1, (n_slices, length))
        placed = [part.repeat_interleave(n_slices, dim=0) for part in grain.geometry]
        embeddings = grain.encoder(cut.transpose(1, 2).flatten(0, 1), *placed)
        pooled = pool(embeddings.to(self.head.weight.dtype), "mean")
        return pooled.unflatten(0, (-1, n_slices))

    def draw(self, plan: GrainPlan) -> Mapping[str, NDArray[np.generic]]:
        """Slices to compare, [B, K, 2 or 3]: those of the first class, then of the second."""
        config, (n_windows, _, n_patches) = self.config, plan.shape
        tables = comparisons(config.task, self._n_slices(n_patches), config.near, config.far)
        rng, each = plan.rng("pretext"), config.comparisons // 2
        drawn = [table[rng.integers(len(table), size=(n_windows, each))] for table in tables]
        return {_SLICES: np.concatenate(drawn, axis=1)}

    def scorer(self) -> Scorer:
        """Mean loss and accuracy, beside those of a guess."""
        return _Scores(self)

    def flops(self, encoder: Encoder, shape: tuple[int, int, int], n_hidden: int) -> float | None:
        """Operations of `forward`; None for an encoder that is not counted."""
        if not isinstance(encoder, EpilepsyFM):
            return None
        n_windows, channels, patches = shape
        one = sum(forward_flops(encoder, channels, self.config.slice_patches).values())
        head = 2 * self.head.in_features * self.config.comparisons
        return n_windows * (self._n_slices(patches) * one + head)

    def _n_slices(self, n_patches: int) -> int:
        return n_patches // self.config.slice_patches


class _Scores(MeanScores):
    """Means, and what a guess reaches."""

    def numbers(self, suffix: str) -> dict[str, float]:
        """``loss``, ``accuracy``, and of a guess ``chance_loss`` (nats) and ``chance``."""
        guess = {f"chance_loss{suffix}": math.log(2), f"chance{suffix}": 0.5}
        return super().numbers(suffix) | guess


@cache
def comparisons(task: str, n_slices: int, near: int, far: int) -> tuple[Places, Places]:
    """All comparisons of S slices, of the first class and of the second.

    ``relative-positioning``: pairs at most ``near`` slices apart; at least ``far`` apart.
    ``temporal-shuffling``: triplets of two slices at most ``near`` apart with one between them;
    with one outside, at least ``far`` from both. Treat the arrays as read-only.
    """
    begin, end = np.triu_indices(n_slices, k=1)
    apart = end - begin
    if task == "relative-positioning":
        pairs = np.stack([begin, end], axis=1)
        return pairs[apart <= near], pairs[apart >= far]
    some = (apart >= 2) & (apart <= near)
    begin, end = begin[some], end[some]
    triplets = np.stack(
        np.broadcast_arrays(begin[:, None], np.arange(n_slices), end[:, None]), axis=-1
    ).reshape(-1, 3)
    first, middle, last = triplets.T
    between = (first < middle) & (middle < last)
    outside = (middle <= first - far) | (middle >= last + far)
    return triplets[between], triplets[outside]

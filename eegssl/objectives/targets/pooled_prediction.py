"""Predict hidden patches from one vector of their window."""

import torch
from torch import Tensor, nn

from eegssl.objectives.grain import Grain
from eegssl.objectives.targets.patch_queries import PatchQueries


class PooledPrediction(nn.Module):
    """Pools the outputs of visible patches by attention, and asks the one vector for hidden ones.

    After REVE (arXiv 2510.21585), whose pooled token becomes good so; it pools the outputs of all
    layers. Ours: those of the last one alone, and a hidden layer between vector and prediction.
    """

    def __init__(self, width: int, n_numbers: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(width) * 0.02)
        self.queries = PatchQueries(width)
        self.predict = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, n_numbers)
        )

    def forward(self, grain: Grain) -> Tensor:
        """Predictions [H, K] of the hidden patches, in order."""
        _, n_channels, n_patches = grain.shape
        positions, located, _ = grain.geometry
        asked = self.queries(positions, located, n_patches).flatten(0, 2)
        places = grain["hidden"]
        windows = places // (n_channels * n_patches)
        pooled = self.pool(grain.masked, grain["mask"])
        numbers: Tensor = self.predict(pooled[windows] + asked.index_select(0, places))
        return numbers

    def pool(self, embeddings: Tensor, mask: Tensor) -> Tensor:
        """The pooled vectors [B, D] of ``embeddings`` [B, C, N, D], ``mask`` True = hidden."""
        rows, hidden = embeddings.flatten(1, 2), mask.flatten(1)
        with torch.autocast(rows.device.type, enabled=False):
            rows = rows.to(self.query.dtype)
            scores = rows @ self.query * rows.shape[-1] ** -0.5
            weights = scores.masked_fill(hidden, torch.finfo(scores.dtype).min).softmax(dim=-1)
            return (weights[:, None] @ rows)[:, 0]

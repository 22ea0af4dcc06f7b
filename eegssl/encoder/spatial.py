"""The spatial module: where a channel lies, for any electrode and any derivation.

Nothing is looked up by name, so no montage is fixed: a channel is told by the positions of its
one or two electrodes (Fourier features of head coordinates), by whether those are known, and by
its brain regions. Fourier features follow Tancik et al. (NeurIPS 2020); their use here is ours.
"""

import math

import torch
from torch import Tensor, nn

from eegssl.errors import InputError

_OCTAVES = 4  # the finest wave is 0.5 of a head radius long: neighbours in 10-10 are 0.3 apart


class SpatialEmbedding(nn.Module):
    """Geometry of C channels to embeddings [B, C, D]."""

    frequencies: Tensor

    def __init__(self, width: int, n_regions: int) -> None:
        super().__init__()
        frequencies = math.pi / 2 * 2.0 ** torch.arange(_OCTAVES)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.project = nn.Linear(2 * (3 + 3 * 2 * _OCTAVES + 1), width)
        self.regions = nn.Linear(n_regions, width, bias=False)

    def forward(self, positions: Tensor, located: Tensor, regions: Tensor) -> Tensor:
        """Embed ``positions`` [B, C, 2, 3], ``located`` [B, C, 2] and ``regions`` [B, C, R]."""
        self._check(positions, located, regions)
        waves = (positions[..., None] * self.frequencies).flatten(-2)
        known = located[..., None].to(positions.dtype)
        features = torch.cat([positions, waves.sin(), waves.cos()], dim=-1) * known
        features = torch.cat([features, known], dim=-1).flatten(-2)
        return self.project(features) + self.regions(regions)

    def _check(self, positions: Tensor, located: Tensor, regions: Tensor) -> None:
        batch = tuple(positions.shape[:2])
        expected = [(*batch, 2, 3), (*batch, 2), (*batch, self.regions.in_features)]
        got = [tuple(x.shape) for x in (positions, located, regions)]
        if got != expected:
            raise InputError(
                "expected positions [B, C, 2, 3], located [B, C, 2] and regions "
                f"[B, C, {self.regions.in_features}]; got {got[0]}, {got[1]}, {got[2]}"
            )


def time_embedding(n_patches: int, width: int, like: Tensor) -> Tensor:
    """Sines and cosines of the patch index [N, D] (Vaswani et al. 2017), for any number of patches.

    ``like`` gives the type and device.
    """
    index = torch.arange(n_patches, device=like.device, dtype=torch.float64)
    rates = 10_000.0 ** (
        -torch.arange(0, width, 2, device=like.device, dtype=torch.float64) / width
    )
    angles = index[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=-1).to(like.dtype)

"""Embed each patch by a convolution over its samples.

Layers as in LaBraM (ICLR 2024): 8 channels, kernels 15 (stride 8), 3, 3, group normalisation,
GELU. Ours: each patch is first scaled to unit root mean square, whose logarithm is one more
feature, so that the convolution sees shapes at any amplitude. LaBraM normalises over the whole
window instead, which leaks hidden patches into visible ones.
"""

import torch
from torch import Tensor, nn

_CHANNELS = 8
_STRIDE = 8
_FLOOR = 1e-3  # root mean square below which a patch counts as flat (0.1 µV at scale_uv = 100)


class TemporalEmbedding(nn.Module):
    """Patches [M, P], scaled, to embeddings [M, D], each from its own samples only."""

    def __init__(self, patch_samples: int, width: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv1d(1, _CHANNELS, 15, stride=_STRIDE, padding=7),
            nn.GroupNorm(4, _CHANNELS),
            nn.GELU(),
            nn.Conv1d(_CHANNELS, _CHANNELS, 3, padding=1),
            nn.GroupNorm(4, _CHANNELS),
            nn.GELU(),
            nn.Conv1d(_CHANNELS, _CHANNELS, 3, padding=1),
            nn.GroupNorm(4, _CHANNELS),
            nn.GELU(),
        )
        steps = (patch_samples - 1) // _STRIDE + 1
        self.project = nn.Linear(_CHANNELS * steps + 1, width)
        filters = sum(m.weight.numel() for m in self.convolutions if isinstance(m, nn.Conv1d))
        self.products = steps * filters + self.project.weight.numel()
        """Multiplications per patch."""

    def forward(self, patches: Tensor) -> Tensor:
        """Embed patches [M, P]: [M, D]."""
        rms = (patches.square().mean(dim=-1, keepdim=True) + _FLOOR**2).sqrt()
        shapes = self.convolutions((patches / rms)[:, None]).flatten(1)
        return self.project(torch.cat([shapes, torch.log(rms)], dim=-1))

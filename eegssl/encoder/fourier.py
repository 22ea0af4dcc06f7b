"""Embed the log-amplitude Fourier spectrum of each patch linearly.

The tokenizer uses it, and the encoder as an alternative to wavelet packets. The temporal module
covers phase.
"""

import math

import torch
from torch import Tensor, nn

_FLOOR = 1e-3  # amplitude that counts as nothing (0.1 µV at scale_uv = 100)
_TYPICAL = 3.0  # log amplitude of common EEG over the floor, so that features lie around 0


class FourierEmbedding(nn.Module):
    """Patches [M, P], scaled, to embeddings [M, D] of their amplitudes from 0 Hz to ``top_hz``."""

    def __init__(self, patch_samples: int, width: int, sfreq_hz: float, top_hz: float) -> None:
        super().__init__()
        self.n_bins = int(top_hz * patch_samples / sfreq_hz) + 1
        self.project = nn.Linear(self.n_bins, width)
        transform = 2.5 * patch_samples * math.log2(patch_samples)  # operations of an FFT
        self.products = int(transform / 2) + self.project.weight.numel()
        """Multiplications per patch."""

    def forward(self, patches: Tensor) -> Tensor:
        """Embed patches [M, P]: [M, D]."""
        spectrum = torch.fft.rfft(patches, norm="forward")[:, : self.n_bins]
        return self.project(torch.log1p(2 * spectrum.abs() / _FLOOR) - _TYPICAL)

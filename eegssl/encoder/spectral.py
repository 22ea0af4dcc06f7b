"""Embed the wavelet-packet coefficients or the Fourier spectrum of each patch.

EpilepsyFM names wavelet packets (approximation and detail bands); wavelet, depth, borders and
features are ours, see ``wavelets``. The filters are fixed.
"""

import math

import torch
from torch import Tensor, nn

from eegssl.encoder.wavelets import packet_matrix

_FLOOR = 1e-3  # amplitude that counts as nothing (0.1 µV at scale_uv = 100)
_TYPICAL = 3.0  # log amplitude of common EEG over the floor, so that features lie around 0


class WaveletPacketEmbedding(nn.Module):
    """Patches [M, P], scaled, to embeddings [M, D] of their leaves from 0 Hz to ``top_hz``.

    Features are each leaf's log energy (amount) and the leaf coefficients of the patch at unit root
    mean square (timing), in order of frequency. The coefficients depend on phase and are many, so a
    gate lets none of them in at the start, and they can't drown the energies (ours).
    """

    matrix: Tensor

    def __init__(
        self, patch_samples: int, width: int, sfreq_hz: float, top_hz: float, depth: int
    ) -> None:
        super().__init__()
        self.band_hz = sfreq_hz / 2 ** (depth + 1)
        leaves = torch.from_numpy(packet_matrix(patch_samples, depth))
        leaves = leaves[: -int(-top_hz // self.band_hz)]
        self.n_leaves, self.n_coefficients = leaves.shape[:2]
        matrix = leaves.flatten(0, 1).t().contiguous().to(torch.get_default_dtype())
        self.register_buffer("matrix", matrix, persistent=False)
        self.energies = nn.Linear(self.n_leaves, width)
        self.coefficients = nn.Linear(self.n_leaves * self.n_coefficients, width, bias=False)
        self.gate = nn.Parameter(torch.zeros(width))
        maps = self.energies.weight.numel() + self.coefficients.weight.numel()
        self.products = matrix.numel() + maps
        """Multiplications per patch."""

    def forward(self, patches: Tensor) -> Tensor:
        """Embed patches [M, P]: [M, D]."""
        # bfloat16 would drown the weak high bands in the rounding of the strong low ones
        with torch.autocast(patches.device.type, enabled=False):
            leaves = self.packets(patches)
            power = leaves.square().sum(dim=-1) / patches.shape[-1]
            rms = (patches.square().mean(dim=-1, keepdim=True) + _FLOOR**2).sqrt()
            log_energy = 0.5 * torch.log1p(power / _FLOOR**2) - _TYPICAL
            shape = leaves.flatten(1) / rms
        return self.energies(log_energy) + self.gate * self.coefficients(shape)

    def packets(self, patches: Tensor) -> Tensor:
        """Leaf coefficients of patches [M, P] in order of frequency: [M, leaves, K]."""
        flat = patches.to(self.matrix.dtype) @ self.matrix
        return flat.unflatten(-1, (self.n_leaves, self.n_coefficients))


class FourierEmbedding(nn.Module):
    """Patches [M, P], scaled, to embeddings [M, D] of their amplitudes from 0 Hz to ``top_hz``.

    The temporal module covers phase.
    """

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

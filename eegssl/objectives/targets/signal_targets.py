"""Describe a patch by its waveform, spectrum or bands.

Raw samples are dominated by the slow waves of the background, whose amplitude falls off with the
frequency. Each number is therefore standardised by training windows, and each of twelve bands
counts equally, however many numbers it has (FAME, arXiv 2608.01898, balances bands likewise). The
waveform is given by the cosines and sines of its discrete Fourier transform, which are as many as
its samples and can be standardised by frequency: ours.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.patches import to_patches
from eegssl.errors import ConfigError
from eegssl.signal.bands import BANDS_HZ
from eegssl.tokenizer.spectrum import spectrum_of

Target = Literal["waveform", "spectrum", "bands"]
EDGES_HZ = (1, 2, 4, 6, 8, 10, 12, 15, 19, 25, 32, 44, 71)
"""Lower edges (inside) of twelve bands of equal weight, and the end of the last. Ours."""
_LEAST = 1e-5  # the least deviation of a number
_CLIP = 15.0  # deviations; REVE cuts signals there


class SignalTargets(nn.Module):
    """The K standardised numbers of patches [..., P] in µV."""

    _means: Tensor
    mean: Tensor
    deviation: Tensor
    share: Tensor
    """[K], the weight of each number; those of a band add up to one part in so many bands."""

    def __init__(self, kind: Target, config: EncoderConfig) -> None:
        super().__init__()
        self.kind: Target = kind
        self.patch_samples, self.scale_uv = config.patch_samples, config.scale_uv
        hz, band = _bins(config)
        self._first, self._beyond = int(np.argmax(band >= 0)), int((band >= 0).nonzero()[0][-1]) + 1
        hz, band = hz[band >= 0], band[band >= 0]
        bands = np.unique(band)
        inside = (band[:, None] == bands).astype(np.float32)
        self.register_buffer("_means", _tensor(inside / inside.sum(axis=0)), persistent=False)
        if kind == "bands":
            hz, band = np.array([hz[band == k].mean() for k in bands]), bands
        elif kind == "waveform":
            hz, band = np.tile(hz, 2), np.tile(band, 2)
        counts = np.array([(band == k).sum() for k in band])
        self.register_buffer("share", _tensor(1 / (counts * len(bands))), persistent=False)
        self.register_buffer("mean", torch.zeros(len(hz)))
        self.register_buffer("deviation", torch.ones(len(hz)))
        self.members = {
            name: np.flatnonzero((hz >= low) & (hz < high))
            for name, (low, high) in BANDS_HZ.items()
            if ((hz >= low) & (hz < high)).any()
        }
        """Band of the EEG -> the numbers that are of its frequencies."""

    @property
    def size(self) -> int:
        """Number K."""
        return len(self.mean)

    def forward(self, patches_uv: Tensor) -> Tensor:
        """Standardised numbers [..., K] of patches [..., P], cut at 15 deviations."""
        return ((self.measure(patches_uv) - self.mean) / self.deviation).clamp(-_CLIP, _CLIP)

    def measure(self, patches_uv: Tensor) -> Tensor:
        """The numbers [..., K] as they are."""
        patches = patches_uv / self.scale_uv
        if self.kind == "waveform":
            bins = torch.fft.rfft(patches, norm="forward")[..., self._first : self._beyond]
            return torch.cat([bins.real, bins.imag], dim=-1)
        size = spectrum_of(patches, self._beyond).log_amplitude[..., self._first :]
        return size @ self._means.to(size.dtype) if self.kind == "bands" else size

    @torch.no_grad()
    def begin(self, signal_uv: Sequence[Tensor]) -> None:
        """Learn mean and deviation from training windows, each [n, C, T]."""
        pieces = [to_patches(signal, self.patch_samples).flatten(0, 2) for signal in signal_uv]
        numbers = torch.cat([self.measure(piece.to(self.mean)) for piece in pieces])
        self.mean.copy_(numbers.mean(dim=0))
        self.deviation.copy_(numbers.std(dim=0).nan_to_num(1.0).clamp_min(_LEAST))


def _bins(config: EncoderConfig) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """Frequencies of a patch's bins below Nyquist, and the band of each; -1 for none."""
    n_samples, sfreq_hz = config.patch_samples, config.sfreq_hz
    hz = np.arange((n_samples + 1) // 2) * (sfreq_hz / n_samples)
    band = np.full(len(hz), -1)
    for k, (low, high) in enumerate(pairwise(EDGES_HZ)):
        band[(hz > low - 1e-6) & (hz < high - 1e-6)] = k
    if (band < 0).all():
        raise ConfigError(
            f"spectra are predicted from {EDGES_HZ[0]} to {EDGES_HZ[-1]} Hz, and patches of "
            f"{n_samples} samples at {sfreq_hz:g} Hz have no frequency there: set "
            "encoder.patch_samples higher"
        )
    return hz, band


def _tensor(array: NDArray[np.floating]) -> Tensor:
    return torch.from_numpy(array).to(torch.get_default_dtype())

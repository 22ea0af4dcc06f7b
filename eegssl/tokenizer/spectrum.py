"""Compute a patch's spectrum for the decoder, and signals from spectra.

Bins k = 0 .. F-1 at k sfreq / P Hz, of a discrete Fourier transform under a Hann taper of mean 1,
without which waves between two bins leak into all. Bin 0 is the patch's mean, which is taken off
before. The amplitude a is that of the sine in the bin (2 |X| / P; at 0 Hz and at the Nyquist
frequency |X| / P), in units of ``scale_uv``; the two bins beside it have half of it, and noise is
1.5 times as strong in power as without the taper. The logarithm is log(1 + a / 0.001), 0 for a = 0.
Phase is given as sine and cosine, for the highest F' bins alone: angles wrap at ±π, and regressing
them penalises neighbours across the cut; nobody can foretell the phase of a drift. Ours; LaBraM
regresses standardised amplitudes and raw angles of all P bins, without a taper.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_FLOOR = 1e-3  # amplitude that counts as nothing (0.1 µV at scale_uv = 100)
_LEAST = 0.5  # deviation of a log amplitude near its floor; any Gaussian noise has .64


@dataclass(frozen=True)
class Spectrum:
    """Log amplitude [..., F], and sine and cosine of the phase of the highest bins [..., F']."""

    log_amplitude: Tensor
    sine: Tensor
    cosine: Tensor


@dataclass(frozen=True)
class SpectralLoss:
    """Mean squared errors of the standardised log amplitude, and of the phase by amplitude."""

    amplitude: Tensor
    phase: Tensor


def spectrum_of(patches: Tensor, n_bins: int, n_phases: int | None = None) -> Spectrum:
    """The lowest ``n_bins`` bins of patches [..., P], scaled; phases of the last ``n_phases``."""
    mean, bins, size = _bins_of(patches, n_bins)
    real = torch.cat([mean, bins.real], dim=-1)
    imaginary = torch.cat([torch.zeros_like(mean), bins.imag], dim=-1)
    first = 0 if n_phases is None else n_bins - n_phases
    divisor = size.clamp_min(torch.finfo(size.dtype).tiny)
    sine, cosine = (part[..., first:] for part in (imaginary / divisor, real / divisor))
    return Spectrum(_log_amplitude(size, patches), sine, cosine)


def log_amplitude_of(patches: Tensor, n_bins: int) -> Tensor:
    """Log amplitudes [..., F] of `spectrum_of`, without phases."""
    return _log_amplitude(_bins_of(patches, n_bins)[2], patches)


def _bins_of(patches: Tensor, n_bins: int) -> tuple[Tensor, Tensor, Tensor]:
    """Means [..., 1] of patches, their bins but 0 [..., F - 1], and the sizes of both [..., F]."""
    mean = patches.mean(dim=-1, keepdim=True)
    taper = 2 * torch.hann_window(patches.shape[-1], dtype=patches.dtype, device=patches.device)
    bins = torch.fft.rfft((patches - mean) * taper, norm="forward")[..., 1:n_bins]
    return mean, bins, torch.cat([mean.abs(), bins.abs()], dim=-1)


def _log_amplitude(size: Tensor, patches: Tensor) -> Tensor:
    amplitude = size * _sides(patches.shape[-1], size.shape[-1], patches)
    return torch.log1p(amplitude / _FLOOR)


def powers_of(patches: Tensor, n_bins: int) -> Tensor:
    """Squared amplitudes of the lowest bins of patches [..., P] without a taper: [..., F].

    Those of a signal: by the taper a wave is in three bins.
    """
    bins = torch.fft.rfft(patches, norm="forward")[..., :n_bins]
    return (bins.abs() * _sides(patches.shape[-1], n_bins, patches)).square()


def amplitude_of(log_amplitude: Tensor) -> Tensor:
    """Amplitudes, in units of ``scale_uv``, of log amplitudes; never below 0."""
    return torch.expm1(log_amplitude).clamp_min(0) * _FLOOR


def patches_of(spectrum: Spectrum, patch_samples: int, gain: Tensor | float = 1.0) -> Tensor:
    """Patches [..., P], scaled, with this spectrum, and nothing above its last bin.

    Amplitudes are multiplied by ``gain``, one factor or one per bin [F]. The taper stays: a steady
    wave swells and fades within its patch. Where a bin has no phase, its wave peaks in the middle
    of the patch, and the mean is 0.
    """
    n_bins = spectrum.log_amplitude.shape[-1]
    amplitude = amplitude_of(spectrum.log_amplitude) * gain
    size = amplitude / _sides(patch_samples, n_bins, amplitude)
    direction = F.normalize(torch.stack([spectrum.cosine, spectrum.sine], dim=-1), dim=-1)
    middle = _peak_in_the_middle(n_bins - direction.shape[-2], direction)
    direction = torch.cat([middle.expand(*direction.shape[:-2], -1, -1), direction], dim=-2)
    bins = torch.complex(size * direction[..., 0], size * direction[..., 1])
    return torch.fft.irfft(bins, n=patch_samples, norm="forward")


def spectral_loss(
    predicted: Spectrum, target: Spectrum, deviation: Tensor | float = 1.0
) -> SpectralLoss:
    """Compare spectra [..., F]; errors of log amplitudes are divided by ``deviation``, or [F].

    In each patch a bin's phase is weighted by its share of the amplitude of bins with a phase. So
    bins without amplitude, or flat patches, add no phase error.
    """
    n_phases = target.sine.shape[-1]
    amplitude = amplitude_of(target.log_amplitude[..., target.log_amplitude.shape[-1] - n_phases :])
    weight = amplitude / (amplitude.sum(dim=-1, keepdim=True) + n_phases * _FLOOR)
    error = (predicted.sine - target.sine).square() + (predicted.cosine - target.cosine).square()
    return SpectralLoss(
        amplitude=((predicted.log_amplitude - target.log_amplitude) / deviation).square().mean(),
        phase=(weight * error).sum(dim=-1).mean(),
    )


def waveform_loss(predicted: Tensor, patches: Tensor) -> Tensor:
    """Mean squared error of predicted patches [..., P], relative to their power.

    Ours: relative, so that quiet patches count like loud ones; power is at least (0.1 µV)².
    """
    error = (predicted - patches).square().mean(dim=-1)
    return (error / (patches.square().mean(dim=-1) + _FLOOR**2)).mean()


def _peak_in_the_middle(n: int, like: Tensor) -> Tensor:
    """Cosines and sines [n, 2] of the slowest bins that peak in the middle; 0 for the mean."""
    signs = [0.0, *((-1.0) ** k for k in range(1, n))][:n]
    cosine = torch.tensor(signs, dtype=like.dtype, device=like.device)
    return torch.stack([cosine, torch.zeros_like(cosine)], dim=-1)


def _sides(patch_samples: int, n_bins: int, like: Tensor) -> Tensor:
    """Count each bin in the two-sided transform: 2, at 0 Hz and Nyquist 1: [F]."""
    sides = torch.full((n_bins,), 2.0, dtype=like.dtype, device=like.device)
    sides[0] = 1.0
    if patch_samples % 2 == 0 and n_bins == patch_samples // 2 + 1:
        sides[-1] = 1.0
    return sides


class LogAmplitudeScale(nn.Module):
    """The mean and the deviation of each of F log amplitudes; 0 and 1 until ``start``."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, n_bins: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_bins))
        self.register_buffer("deviation", torch.ones(n_bins))

    def forward(self, log_amplitude: Tensor) -> Tensor:
        """Standardise log amplitudes [..., F]."""
        return (log_amplitude - self.mean) / self.deviation

    def restore(self, standardised: Tensor) -> Tensor:
        """Turn standardised log amplitudes [..., F] back."""
        return self.mean + self.deviation * standardised

    @torch.no_grad()
    def start(self, log_amplitude: Tensor) -> None:
        """Take the statistics of log amplitudes [m, F], the same on all ranks."""
        self.mean.copy_(log_amplitude.mean(dim=0))
        self.deviation.copy_(log_amplitude.std(dim=0).nan_to_num(1.0).clamp_min(_LEAST))


class LogAmplitudeEmbedding(nn.Module):
    """Patches [M, P], scaled, to embeddings [M, D] of their tapered log amplitudes.

    The tokenizer sees what it has to decode: from the untapered spectrum it learned that slowly.
    """

    def __init__(self, n_bins: int, width: int) -> None:
        super().__init__()
        self.scale = LogAmplitudeScale(n_bins)
        self.project = nn.Linear(n_bins, width)

    def forward(self, patches: Tensor) -> Tensor:
        """Embed patches [M, P]: [M, D]."""
        log_amplitude = log_amplitude_of(patches, len(self.scale.mean))
        embedded: Tensor = self.project(self.scale(log_amplitude))
        return embedded

"""Compute a patch's spectrum for the decoder, and signals from spectra.

Bins k = 0 .. F-1 at k sfreq / P Hz, of a discrete Fourier transform without taper. The amplitude
a is that of the sine in the bin (2 |X| / P; at 0 Hz and at the Nyquist frequency |X| / P), in units
of ``scale_uv``; its logarithm is log(1 + a / 0.001), 0 for a = 0. Phase is given as sine and
cosine: angles wrap at ±π, and regressing them penalises neighbours across the cut. Ours; LaBraM
regresses standardised amplitudes and raw angles of all P bins.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

_FLOOR = 1e-3  # amplitude that counts as nothing (0.1 µV at scale_uv = 100)


@dataclass(frozen=True)
class Spectrum:
    """Log amplitude, and sine and cosine of the phase, each [..., F]."""

    log_amplitude: Tensor
    sine: Tensor
    cosine: Tensor


@dataclass(frozen=True)
class SpectralLoss:
    """Mean squared error of the log amplitude, and that of the phase weighted by amplitude."""

    amplitude: Tensor
    phase: Tensor


def spectrum_of(patches: Tensor, n_bins: int) -> Spectrum:
    """The lowest ``n_bins`` bins of patches [..., P], scaled."""
    bins = torch.fft.rfft(patches, norm="forward")[..., :n_bins]
    size = bins.abs()
    amplitude = size * _sides(patches.shape[-1], n_bins, patches)
    divisor = size.clamp_min(torch.finfo(size.dtype).tiny)
    log_amplitude = torch.log1p(amplitude / _FLOOR)
    return Spectrum(log_amplitude, bins.imag / divisor, bins.real / divisor)


def amplitude_of(log_amplitude: Tensor) -> Tensor:
    """Amplitudes, in units of ``scale_uv``, of log amplitudes; never below 0."""
    return torch.expm1(log_amplitude).clamp_min(0) * _FLOOR


def patches_of(spectrum: Spectrum, patch_samples: int, gain: Tensor | float = 1.0) -> Tensor:
    """Patches [..., P], scaled, with this spectrum, and nothing above its last bin.

    Amplitudes are multiplied by ``gain``, one factor or one per bin [F].
    """
    n_bins = spectrum.log_amplitude.shape[-1]
    amplitude = amplitude_of(spectrum.log_amplitude) * gain
    size = amplitude / _sides(patch_samples, n_bins, amplitude)
    direction = F.normalize(torch.stack([spectrum.cosine, spectrum.sine], dim=-1), dim=-1)
    bins = torch.complex(size * direction[..., 0], size * direction[..., 1])
    return torch.fft.irfft(bins, n=patch_samples, norm="forward")


def spectral_loss(predicted: Spectrum, target: Spectrum) -> SpectralLoss:
    """Compare spectra [..., F]; in each patch a bin's phase is weighted by its share of amplitude.

    So bins without amplitude, or flat patches, add no phase error.
    """
    amplitude = amplitude_of(target.log_amplitude)
    n_bins = amplitude.shape[-1]
    weight = amplitude / (amplitude.sum(dim=-1, keepdim=True) + n_bins * _FLOOR)
    error = (predicted.sine - target.sine).square() + (predicted.cosine - target.cosine).square()
    return SpectralLoss(
        amplitude=F.mse_loss(predicted.log_amplitude, target.log_amplitude),
        phase=(weight * error).sum(dim=-1).mean(),
    )


def waveform_loss(predicted: Tensor, patches: Tensor) -> Tensor:
    """Mean squared error of predicted patches [..., P], relative to their power.

    Ours: relative, so that quiet patches count like loud ones; power is at least (0.1 µV)².
    """
    error = (predicted - patches).square().mean(dim=-1)
    return (error / (patches.square().mean(dim=-1) + _FLOOR**2)).mean()


def _sides(patch_samples: int, n_bins: int, like: Tensor) -> Tensor:
    """Count each bin in the two-sided transform: 2, at 0 Hz and Nyquist 1: [F]."""
    sides = torch.full((n_bins,), 2.0, dtype=like.dtype, device=like.device)
    sides[0] = 1.0
    if patch_samples % 2 == 0 and n_bins == patch_samples // 2 + 1:
        sides[-1] = 1.0
    return sides

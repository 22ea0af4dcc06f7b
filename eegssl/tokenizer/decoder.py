"""Decode a code's vector to a spectrum and, optionally, a waveform."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.ranks import SumsOfParts
from eegssl.tokenizer.shape_and_size import n_sizes, read_size, straight_out
from eegssl.tokenizer.spectrum import LogAmplitudeScale, Spectrum, amplitude_of, powers_of

_FOLLOW = 0.05  # weight of a batch in the moving averages of power
_NO_POWER = 1e-12  # far under that of 0.1 µV


@dataclass(frozen=True)
class Decoded:
    """Decoded vectors [...]: tapered spectra and, if any, scaled waveforms [..., P]."""

    spectrum: Spectrum
    waveform: Tensor | None


class Decoder(nn.Module):
    """Vectors [..., code_dim] to log amplitudes of F bins, phases of F', and P samples.

    Log amplitudes are decoded in deviations from their mean, both stored [F]: no bin then counts
    more for its spread, and the first gradients separate patches rather than move all codes towards
    what all patches share (ours).

    The waveform (ours) is decoded as a shape and a size: a sine between two bins of the spectrum
    would need the phases of many bins.
    """

    told_power: Tensor
    true_power: Tensor

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.n_bins, self.n_phases = config.n_bins, config.n_phases
        self.layers = nn.Sequential(
            nn.Linear(config.code_dim, config.width),
            nn.GELU(),
            nn.Linear(config.width, config.width),
            nn.GELU(),
        )
        self.out = nn.Linear(config.width, config.n_bins + 2 * config.n_phases)
        self.n_sizes = n_sizes(config.code_dim)
        sized = config.waveform_weight > 0
        n = config.code_dim - self.n_sizes
        self.shape = nn.Linear(config.width, config.patch_samples) if sized else None
        self.straight = straight_out(n, config.patch_samples) if sized else None
        self.scale = LogAmplitudeScale(config.n_bins)
        self.register_buffer("told_power", torch.zeros(config.n_bins))
        self.register_buffer("true_power", torch.zeros(config.n_bins))
        self._sums = SumsOfParts()

    def forward(self, vectors: Tensor) -> Decoded:
        """Decode vectors [..., code_dim]."""
        hidden = self.layers(vectors)
        sizes = (self.n_bins, self.n_phases, self.n_phases)
        standardised, sine, cosine = self.out(hidden).split(sizes, dim=-1)
        spectrum = Spectrum(self.scale.restore(standardised), sine, cosine)
        if self.shape is None or self.straight is None:
            return Decoded(spectrum, None)
        shape, size = vectors.split((vectors.shape[-1] - self.n_sizes, self.n_sizes), dim=-1)
        waveform = self.shape(hidden) + self.straight(shape)
        size = read_size(size).exp() * waveform.shape[-1] ** 0.5
        return Decoded(spectrum, F.normalize(waveform, dim=-1) * size)

    @property
    def gain(self) -> Tensor:
        """Factors [F] that give decoded amplitudes the power of the patches' own, untapered bins.

        A code decodes to the mean log amplitude of its patches, a geometric mean, which is less
        than their root mean square; the taper makes it more. Ours: one factor per bin, from moving
        averages over training.
        """
        return ((self.true_power + _NO_POWER) / (self.told_power + _NO_POWER)).sqrt()

    @torch.no_grad()
    def collect(self, decoded: Spectrum, patches: Tensor) -> None:
        """Take the powers of a part of a batch, ``patches`` [m, P] as decoded, for `settle`."""
        told = amplitude_of(decoded.log_amplitude).square().to(self.told_power.dtype).sum(dim=0)
        true = powers_of(patches, self.n_bins).to(self.true_power.dtype).sum(dim=0)
        self._sums.add(told, true, torch.full_like(true, len(patches)))

    def drop(self) -> None:
        """Forget what was collected."""
        self._sums.drop()

    @torch.no_grad()
    def settle(self) -> None:
        """Update the powers behind ``gain`` by what was collected on all ranks."""
        if (sums := self._sums.take()) is None:
            return
        told, true, count = sums
        self.told_power.lerp_(told / count, _FOLLOW)
        self.true_power.lerp_(true / count, _FOLLOW)

    @torch.no_grad()
    def start(self, target: Spectrum) -> None:
        """Standardise by ``target`` [m, F], and let all codes decode to about its mean."""
        self.scale.start(target.log_amplitude)
        self.out.bias.zero_()

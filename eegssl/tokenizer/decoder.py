"""The decoder: the vector of a code to the spectrum of a patch."""

import torch
from torch import Tensor, nn

from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.spectrum import Spectrum


class SpectralDecoder(nn.Module):
    """Vectors [..., code_dim] to log amplitudes, sines and cosines of F bins each."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(config.code_dim, config.width),
            nn.GELU(),
            nn.Linear(config.width, config.width),
            nn.GELU(),
        )
        self.out = nn.Linear(config.width, 3 * config.n_bins)

    def forward(self, vectors: Tensor) -> Spectrum:
        """Decode vectors [..., code_dim]: spectra [..., F]."""
        return Spectrum(*self.out(self.layers(vectors)).chunk(3, dim=-1))

    @torch.no_grad()
    def start(self, target: Spectrum) -> None:
        """Set the last bias to the mean log amplitude of ``target`` [..., F].

        What all patches share is then known from the start, and the first gradients tell patches
        apart in place of pushing all codes the same way. Ours.
        """
        bias = torch.zeros_like(self.out.bias)
        bias[: target.log_amplitude.shape[-1]] = target.log_amplitude.flatten(0, -2).mean(dim=0)
        self.out.bias.copy_(bias)

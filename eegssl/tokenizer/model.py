"""The tokenizer: EEG patches to codes of a learned codebook, and codes back to spectra.

After the discrete neural tokenizers of EpilepsyFM (2025) and LaBraM (ICLR 2024). Ours: a patch is
encoded without its neighbours, so its code is the same on any tiling of the recording.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from eegssl.encoder.patches import to_patches
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.decoder import SpectralDecoder
from eegssl.tokenizer.patch_encoder import PatchEncoder
from eegssl.tokenizer.quantizer import Quantizer
from eegssl.tokenizer.spectrum import SpectralLoss, Spectrum, patches_of, spectral_loss, spectrum_of

_PATCHES_AT_ONCE = 8192  # bounds the memory of encoding a long recording


@dataclass(frozen=True)
class TokenizerOutput:
    """The loss to minimise, its terms (detached, by name), and the codes int64 [B, C, N]."""

    loss: Tensor
    terms: dict[str, Tensor]
    codes: Tensor


class Tokenizer(nn.Module):
    """Patch encoder, vector quantizer and spectral decoder."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = PatchEncoder(config)
        self.quantizer = Quantizer(config)
        self.decoder = SpectralDecoder(config)

    def forward(self, signal_uv: Tensor) -> TokenizerOutput:
        """Quantize ``signal_uv`` [B, C, T] and compare what the codes say with the spectrum.

        Terms: ``amplitude`` (squared nats), ``phase`` (0 to 4), ``commitment`` (2 - 2 cosine),
        ``perplexity`` of the codes in this batch. In training mode the codebook moves.

        Ours: the loss also asks the decoder about the vectors before quantization. Their gradient
        is exact; by the straight-through one alone, sines were learned far slower.
        """
        patches = self._patches(signal_uv)
        flat, learn = patches.flatten(0, 2), self.training
        quantized = self.quantizer(self.encoder(flat, learn), learn)
        target = spectrum_of(flat, self.config.n_bins)
        told = spectral_loss(self.decoder(quantized.vectors), target)
        meant = spectral_loss(self.decoder(quantized.unit), target)
        loss = self._weigh(told) + self._weigh(meant)
        terms = {
            "amplitude": told.amplitude.detach(),
            "phase": told.phase.detach(),
            "commitment": quantized.commitment.detach(),
            "perplexity": _perplexity(quantized.codes, self.config.n_codes),
        }
        codes = quantized.codes.unflatten(0, patches.shape[:3])
        return TokenizerOutput(loss + self.config.commitment * quantized.commitment, terms, codes)

    @torch.no_grad()
    def encode(self, signal_uv: Tensor) -> Tensor:
        """Codes of ``signal_uv`` [B, C, T]: int64 [B, C, N]. Learns nothing in any mode."""
        patches = self._patches(signal_uv)
        parts = patches.flatten(0, 2).split(_PATCHES_AT_ONCE)
        codes = torch.cat([self.quantizer.encode(self.encoder(part)) for part in parts])
        return codes.unflatten(0, patches.shape[:3])

    @torch.no_grad()
    def decode_spectrum(self, codes: Tensor) -> Spectrum:
        """What the codes [...] say of a patch: log amplitude and phase [..., F]."""
        return self.decoder(self.quantizer.decode(codes))

    @torch.no_grad()
    def reconstruct(self, codes: Tensor) -> Tensor:
        """Signals [..., P] in µV with the spectra of the codes [...].

        A code tells the mean log amplitude of its patches, a geometric mean: what it averages over
        comes back quieter than it was.
        """
        patches = patches_of(self.decode_spectrum(codes), self.config.patch_samples)
        return patches * self.config.scale_uv

    @torch.no_grad()
    def start_codebook(self, signal_uv: Tensor, seed: int) -> None:
        """Start the codebook by k-means on the patches of ``signal_uv`` [B, C, T].

        Call it once, before the first step, with windows from all over the training data: at
        least some ten patches per code.
        """
        patches = self._patches(signal_uv).flatten(0, 2)
        self.decoder.start(spectrum_of(patches, self.config.n_bins))
        raw = torch.cat([self.encoder.raw(part) for part in patches.split(_PATCHES_AT_ONCE)])
        self.quantizer.start(self.encoder.start(raw), seed)

    def _weigh(self, error: SpectralLoss) -> Tensor:
        return error.amplitude + self.config.phase_weight * error.phase

    def _patches(self, signal_uv: Tensor) -> Tensor:
        return to_patches(signal_uv, self.config.patch_samples) / self.config.scale_uv


def _perplexity(codes: Tensor, n_codes: int) -> Tensor:
    """Perplexity of the codes in a batch: 1 when all are the same, at most K."""
    share = torch.bincount(codes, minlength=n_codes) / codes.numel()
    return torch.special.entr(share).sum().exp()


def build_tokenizer(config: TokenizerConfig, seed: int) -> Tokenizer:
    """Make a tokenizer whose first weights depend on ``seed`` only; global generators stay."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return Tokenizer(config)

"""Tokenize EEG patches by a learned codebook, and decode codes to spectra.

After the discrete neural tokenizers of EpilepsyFM (2025) and LaBraM (ICLR 2024). Ours: unless
``context_layers`` says otherwise, a patch is encoded without its neighbours, so its code is the
same on any tiling of the recording. With them its code depends on all of its window, and windows
need the geometry of their channels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from eegssl.encoder.patches import to_patches
from eegssl.tokenizer.codebook import Codebook, books_of
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.decoder import Decoded, Decoder
from eegssl.tokenizer.kmeans import count_codes
from eegssl.tokenizer.patch_encoder import PatchEncoder, SpectrumFeatures
from eegssl.tokenizer.quantizer import build_quantizer
from eegssl.tokenizer.spectrum import (
    Spectrum,
    patches_of,
    spectral_loss,
    spectrum_of,
    waveform_loss,
)
from eegssl.tokenizer.window_context import Geometry

_PATCHES_AT_ONCE = 8192  # bounds the memory of encoding a long recording


@dataclass(frozen=True)
class TokenizerOutput:
    """The loss to minimise, its terms (detached, by name), and the codes int64 [B, C, N].

    Codes of several codebooks are [B, C, N, Q].
    """

    loss: Tensor
    terms: dict[str, Tensor]
    codes: Tensor


class Tokenizer(nn.Module):
    """Patch encoder, vector quantizer and spectral decoder."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.config = config
        learned = config.quantizer != "random-projection"
        self.encoder = PatchEncoder(config) if learned else SpectrumFeatures(config)
        self.quantizer = build_quantizer(config)
        self.decoder = Decoder(config)

    def forward(self, signal_uv: Tensor, *geometry: Tensor) -> TokenizerOutput:
        """Quantize ``signal_uv`` [B, C, T] and compare the decoded spectrum with the true one.

        ``geometry`` is needed by a context alone, as `WindowContext` says: positions, located and
        regions of the channels, as an encoder takes them.

        Terms: ``amplitude`` (squared deviations), ``phase`` (0 to 4), ``commitment`` (2 - 2
        cosine), ``waveform`` if one is decoded (share of the power that is missed), ``perplexity``
        of the tokens in this batch. In training mode `settle` then moves codebook and statistics.

        Ours: the loss also decodes the vectors before quantization. Their gradient is exact; with
        the straight-through gradient alone, sines were learned far slower.
        """
        patches = self._patches(signal_uv)
        flat, learn = patches.flatten(0, 2), self.training
        quantized = self.quantizer(self.encoder(patches, learn, geometry), learn)
        decoded, unquantized = self.decoder(quantized.vectors), self.decoder(quantized.unit)
        target = spectrum_of(flat, self.config.n_bins, self.config.n_phases)
        loss, terms = self._compare(decoded, target, flat)
        loss = loss + self._compare(unquantized, target, flat)[0]
        if learn:
            self.decoder.collect(decoded.spectrum, flat)
        terms["commitment"] = quantized.commitment.detach()
        terms["perplexity"] = _perplexity(self.tokens_of(quantized.codes), self.config.n_codes)
        codes = quantized.codes.unflatten(0, patches.shape[:3])
        return TokenizerOutput(loss + self.config.commitment * quantized.commitment, terms, codes)

    def settle(self) -> None:
        """Move codebook and statistics by all that went forward in training since the last time.

        Once a step, on every rank: a batch may come in several parts.
        """
        for part in self._followers():
            part.settle()

    def drop(self) -> None:
        """Forget what went forward since the last `settle`."""
        for part in self._followers():
            part.drop()

    def _followers(self) -> list[Codebook | Decoder | PatchEncoder | SpectrumFeatures]:
        return [self.encoder, *books_of(self.quantizer), self.decoder]

    @torch.no_grad()
    def encode(self, signal_uv: Tensor, *geometry: Tensor) -> Tensor:
        """Codes of ``signal_uv`` [B, C, T]: int64 [B, C, N], of several codebooks [B, C, N, Q].

        The codebook does not change, in any mode. A context needs the ``geometry``, and sees T
        samples as one window: give windows as long as those of the training.
        """
        patches = self._patches(signal_uv)
        vectors = (self.encoder(part, geometry=of) for part, of in self._parts(patches, geometry))
        codes = torch.cat([self.quantizer.encode(some) for some in vectors])
        return codes.unflatten(0, patches.shape[:3])

    def tokens_of(self, codes: Tensor) -> Tensor:
        """One code per patch: that of the first codebook, [...] of [..., Q]."""
        return codes if self.quantizer.n_codebooks == 1 else codes[..., 0]

    def codes_of(self, tokens: Tensor) -> Tensor:
        """Tokens [...] as codes of the first codebook, which ``decode_spectrum`` takes."""
        return tokens if self.quantizer.n_codebooks == 1 else tokens[..., None]

    @torch.no_grad()
    def decode_spectrum(self, codes: Tensor) -> Spectrum:
        """Decoded log amplitudes [..., F] of codes, and phases of the bins from 3 Hz up."""
        return self._decode(codes).spectrum

    @torch.no_grad()
    def reconstruct(self, codes: Tensor) -> Tensor:
        """Signals [..., P] in µV of codes, from the decoded waveform if there is one.

        Otherwise from the spectrum, with the power of the training patches (`Decoder.gain`).
        """
        decoded = self._decode(codes)
        if decoded.waveform is not None:
            return decoded.waveform * self.config.scale_uv
        patches = patches_of(decoded.spectrum, self.config.patch_samples, self.decoder.gain)
        return patches * self.config.scale_uv

    @torch.no_grad()
    def start_codebook(self, signal_uv: Tensor, seed: int) -> None:
        """Start the codebook by k-means on the patches of ``signal_uv`` [B, C, T].

        Call it once, before the first step, with windows from all training data: at least some
        ten patches per code.
        """
        self.start_codebook_on([(signal_uv,)], seed)

    @torch.no_grad()
    def start_codebook_on(self, windows: Sequence[Sequence[Tensor]], seed: int) -> None:
        """Start the codebook on batches of signals [B, C, T], each with its geometry if needed."""
        patches = [self._patches(signal_uv) for signal_uv, *_ in windows]
        target = spectrum_of(
            torch.cat([some.flatten(0, 2) for some in patches]), self.config.n_bins
        )
        self.decoder.start(target)
        if isinstance(self.encoder, PatchEncoder):
            self.encoder.spectral.scale.start(target.log_amplitude)
        raw = [
            self.encoder.raw(part, of)
            for some, (_, *geometry) in zip(patches, windows, strict=True)
            for part, of in self._parts(some, geometry)
        ]
        self.quantizer.start(self.encoder.start(torch.cat(raw)), seed)

    def _decode(self, codes: Tensor) -> Decoded:
        decoded: Decoded = self.decoder(self.quantizer.decode(codes))
        return decoded

    def _compare(
        self, decoded: Decoded, target: Spectrum, patches: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of decoded patches [M, P] with true spectra ``target``, and its terms."""
        error = spectral_loss(decoded.spectrum, target, self.decoder.scale.deviation)
        loss = error.amplitude + self.config.phase_weight * error.phase
        terms = {"amplitude": error.amplitude.detach(), "phase": error.phase.detach()}
        if decoded.waveform is not None:
            waveform = waveform_loss(decoded.waveform, patches)
            loss = loss + self.config.waveform_weight * waveform
            terms["waveform"] = waveform.detach()
        return loss, terms

    def _parts(
        self, patches: Tensor, geometry: Sequence[Tensor]
    ) -> Iterator[tuple[Tensor, Geometry]]:
        """Patches [B, C, N, P] in parts that fit into memory: whole windows for a context."""
        if not self.config.context_layers:
            yield from ((part, ()) for part in patches.flatten(0, 2).split(_PATCHES_AT_ONCE))
            return
        size = max(1, _PATCHES_AT_ONCE // patches[0, ..., 0].numel())
        for first in range(0, len(patches), size):
            some = slice(first, first + size)
            yield patches[some], [part[some] for part in geometry]

    def _patches(self, signal_uv: Tensor) -> Tensor:
        return to_patches(signal_uv, self.config.patch_samples) / self.config.scale_uv


def _perplexity(codes: Tensor, n_codes: int) -> Tensor:
    """Perplexity of the codes in a batch: 1 when all are the same, at most K."""
    share = count_codes(codes, n_codes) / codes.numel()
    return (-torch.xlogy(share, share).sum()).exp()


def build_tokenizer(config: TokenizerConfig, seed: int) -> Tokenizer:
    """Make a tokenizer whose initial weights depend on ``seed`` only."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return Tokenizer(config)

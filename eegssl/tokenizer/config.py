"""Configure the tokenizer, its codebook and how unused codes are revived."""

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from eegssl.config.settings import Settings
from eegssl.encoder.config import MOST_PATCH_SAMPLES

PHASE_FROM_HZ = 3.0
"""Below, the phase of a drift would cost codes that nothing can predict."""
QuantizerKind = Literal["cosine", "residual", "random-projection"]


class TokenizerConfig(Settings):
    """Patch encoder, vector quantizer and spectral decoder."""

    patch_samples: int = Field(200, ge=16, le=MOST_PATCH_SAMPLES)
    """Samples P of a patch, one second at 200 Hz."""

    sfreq_hz: float = Field(200.0, gt=0)
    """Sampling rate of the signals; a stage takes that of its recordings."""

    top_hz: float = Field(70.0, gt=0)
    """Highest frequency that the decoder predicts: the edge of the band-pass."""

    scale_uv: float = Field(100.0, gt=0)
    """Signals are divided by this many µV (LaBraM: 100)."""

    width: int = Field(64, ge=2)
    """Width D of the patch encoder and of the decoder."""

    context_layers: int = Field(0, ge=0)
    """Transformer blocks over all patches of a window before they are quantized (LaBraM: 12).
    With 0 a patch is coded alone; else its code depends on its window."""

    context_heads: int = Field(4, ge=1)
    """Attention heads of such a block; `width` is a multiple of them."""

    quantizer: QuantizerKind = "cosine"
    """``residual`` has ``n_codebooks`` codes per patch; ``random-projection`` learns none."""

    n_codebooks: int = Field(8, ge=2)
    """Codebooks Q of the residual quantizer; the first one's code is the token of a patch."""

    code_dim: int = Field(32, ge=2)
    """Dimensions of a code."""

    n_codes: int = Field(512, ge=2)
    """Codes K in a codebook; `diagnostics.fitting_codebook` says how many a corpus can feed."""

    decay: float = Field(0.95, ge=0, lt=1)
    """Weight of a code's moving average against one batch; LaBraM's .99 suits long training."""

    commitment: float = Field(0.03, ge=0)
    """Weight of the loss (2 - 2 cosine) that pulls a patch to its code."""

    phase_weight: float = Field(0.5, ge=0)
    """Weight of the phase (from 3 Hz up) in the loss; the standardised log amplitude has 1."""

    waveform_weight: float = Field(0.0, ge=0)
    """Weight of the waveform in the loss; with 0 none is decoded, and signals are reconstructed
    from the spectrum. 8 residual codebooks of 1024 x 96 reconstruct sines within some percent."""

    revive_after: int = Field(50, ge=1)
    """A code that no patch had for so many steps is moved to a patch of the batch."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.top_hz > self.sfreq_hz / 2:
            raise ValueError(
                f"top_hz must be at most half of sfreq_hz; "
                f"got {self.top_hz:g} of {self.sfreq_hz:g} Hz"
            )
        if self.context_layers and self.quantizer == "random-projection":
            raise ValueError(
                "context_layers needs a learned quantizer; got random-projection, which learns none"
            )
        if self.context_layers and (self.width % self.context_heads or self.width % 2):
            raise ValueError(
                "with context_layers, width must be even and a multiple of context_heads; "
                f"got width {self.width}, {self.context_heads} heads"
            )
        if self.waveform_weight and (self.quantizer == "random-projection" or self.code_dim < 16):
            raise ValueError(
                "waveform_weight needs a learned codebook of code_dim 16 or more; "
                f"got quantizer {self.quantizer} and code_dim {self.code_dim}"
            )
        return self

    @property
    def n_bins(self) -> int:
        """Frequencies F of a patch from 0 Hz to ``top_hz``, one every ``sfreq_hz / P``."""
        return int(self.top_hz * self.patch_samples / self.sfreq_hz) + 1

    @property
    def n_phases(self) -> int:
        """The highest F' of them whose phase is decoded: those from 3 Hz up."""
        return max(self.n_bins - math.ceil(PHASE_FROM_HZ * self.patch_samples / self.sfreq_hz), 0)

    @property
    def fewest_weights(self) -> int:
        """Fewer than a tokenizer of this size has: those of codebook, decoder and context."""
        n_books = self.n_codebooks if self.quantizer == "residual" else 1
        blocks = 4 * self.context_layers * self.width**2
        return n_books * self.n_codes * self.code_dim + self.width**2 + blocks

"""The size of the encoder and what it expects of a signal."""

from typing import Self

from pydantic import Field, model_validator

from eegssl.settings import Settings


class EncoderConfig(Settings):
    """A temporal-spectral-spatial transformer over (channel, patch)."""

    layers: int = Field(4, ge=1)
    """Transformer blocks."""

    width: int = Field(64, ge=4)
    """Width D of an embedding; even, and a multiple of `heads`."""

    heads: int = Field(4, ge=1)
    """Attention heads of a block."""

    ffn: int = Field(256, ge=1)
    """Width of the hidden layer in a block's feed-forward part."""

    dropout: float = Field(0.0, ge=0, lt=1)
    """Dropout in attention and feed-forward."""

    patch_samples: int = Field(200, ge=16)
    """Samples P of a patch, one second at 200 Hz."""

    sfreq_hz: float = Field(200.0, gt=0)
    """Sampling rate of the signals; a stage takes that of its recordings."""

    top_hz: float = Field(75.0, gt=0)
    """Highest frequency that the spectral module looks at: the edge of the band-pass."""

    scale_uv: float = Field(100.0, gt=0)
    """Signals are divided by this many µV (LaBraM: 100)."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.width % self.heads or self.width % 2:
            raise ValueError(
                f"width must be even and a multiple of heads; got {self.width}, {self.heads} heads"
            )
        if self.top_hz > self.sfreq_hz / 2:
            raise ValueError(
                f"top_hz must be at most half of sfreq_hz; "
                f"got {self.top_hz:g} of {self.sfreq_hz:g} Hz"
            )
        return self

"""Configure the encoder's size and the signals that it expects."""

from typing import Literal, Self

from pydantic import Field, model_validator

from eegssl.config.settings import Settings

MOST_PATCH_SAMPLES = 20_000
"""Of a patch: 20 s at 1 kHz. A transform of it has the square of this many numbers (ours)."""


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

    qk_norm: bool = False
    """Normalise the queries and keys of each head (LaBraM, ICLR 2024): large weights can't saturate
    attention. With `layer_scale` a forward pass takes 5 % longer, in bfloat16 on a CPU 13 %."""

    layer_scale: float | None = Field(None, gt=0)
    """Initial value of learned gains on what each half of a block adds (LayerScale: CaiT, ICCV
    2021; LaBraM 0.1); none: no gains."""

    patch_samples: int = Field(200, ge=16, le=MOST_PATCH_SAMPLES)
    """Samples P of a patch, one second at 200 Hz."""

    sfreq_hz: float = Field(200.0, gt=0)
    """Sampling rate of the signals; a stage takes that of its recordings."""

    montages: tuple[Literal["referential", "derivations"], ...] = ()
    """Kinds of channels, `referential` or `derivations` (between two electrodes); a stage takes
    those of its recordings. `embed` refuses others, `finetune`, `evaluate` and `benchmark` warn of
    them; empty means both."""

    electrodes: tuple[str, ...] = ()
    """Electrodes that it was trained on, by their 10-10 names; a stage takes those of its
    recordings. All commands warn of others; empty means all."""

    top_hz: float = Field(70.0, gt=0)
    """Highest frequency that the spectral module looks at: the edge of the band-pass."""

    normalise: Literal["scale", "zscore", "robust"] = "scale"
    """`scale`: by `scale_uv`; `zscore`: mean and deviation, `robust`: median and quartiles, of
    the samples that a window shows, all channels together."""

    scale_uv: float = Field(100.0, gt=0)
    """With `scale`, signals are divided by this many µV (LaBraM: 100)."""

    clip_sigma: float | None = Field(None, gt=0)
    """Before that, cut a window's samples to so many robust deviations (from quartiles, 10 µV at
    least) of those that it shows; none: no limit. 30 is above a seizure's peaks in some channels of
    a calm EEG (5 to 20), and far below electrode pops of millivolts (hundreds). Ours; on a CPU a
    forward pass takes 7 % longer."""

    temporal: bool = True
    """The temporal module: a convolution over each patch."""

    spectral: Literal["wavelet", "fourier", "off"] = "wavelet"
    """The spectral module: wavelet packets (EpilepsyFM), the plain Fourier spectrum, or none."""

    wavelet_depth: int = Field(5, ge=1, le=8)
    """Levels of the packet transform: leaves are `sfreq_hz` / 2^(depth + 1) wide, 3.1 Hz here."""

    identity: bool = True
    """Spatial module: a learned vector for each named electrode."""

    position: bool = True
    """Spatial module: where the electrodes of a channel lie."""

    region: bool = True
    """Spatial module: in which brain regions a channel lies."""

    summary: bool = False
    """A learned token beside those of the patches, never hidden, as BERT and LaBraM have. No loss
    of pretraining asks for its output; `adaptation.pooling = "summary"` reads it."""

    causal: bool = False
    """A patch attends to no later one, of any channel, also when the encoder is used: its embedding
    is the same whatever comes after. With a `summary`, that token reads all patches, and none reads
    it. Needs `normalise = "scale"` and no `clip_sigma`: statistics of a window look ahead."""

    checkpointing: bool = False
    """Recompute each block in the backward pass: less memory for a third more time."""

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
        if not self.temporal and self.spectral == "off":
            raise ValueError("temporal and spectral are both off: nothing would see the signal")
        if self.causal and (self.normalise != "scale" or self.clip_sigma is not None):
            name = "clip_sigma" if self.normalise == "scale" else "normalise"
            value = getattr(self, name)
            instead = "leave clip_sigma out" if name == "clip_sigma" else "set normalise=scale"
            raise ValueError(
                f"causal is on, and {name} is {value}: it takes statistics of the whole window, by "
                f"which patches would see later ones; {instead}"
            )
        return self

    @property
    def fewest_weights(self) -> int:
        """Fewer than an encoder of this size has: those of its blocks."""
        return 2 * self.layers * self.width * (2 * self.width + self.ffn)

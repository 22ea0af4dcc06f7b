"""Configure how an encoder is adapted to a task."""

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveFloat

from eegssl.config.settings import Settings

Kind = Literal["probe", "attention", "full", "lora", "two-stage", "prototypes", "scratch"]
FROZEN = ("probe", "attention", "prototypes")
"""The kinds that do not change the encoder, so that its embeddings are computed once."""
LINEAR = ("probe", "two-stage")
"""The kinds whose head is a linear model on standardised embeddings, fitted to convergence."""
STANDARDISED = (*LINEAR, "attention")
"""The kinds whose head reads embeddings that the training windows' statistics standardise."""


class LoraConfig(Settings):
    """Low-rank updates beside the encoder's linear layers (Hu et al., ICLR 2022)."""

    rank: int = Field(8, ge=1)
    """Rank of an update."""

    alpha: float = Field(16.0, gt=0)
    """An update is scaled by `alpha` / `rank`."""

    linears: tuple[Literal["qkv", "out", "feed"], ...] = Field(("qkv", "out", "feed"), min_length=1)
    """Linear layers of a block that get one: queries, keys and values together (`qkv`), what
    attention gives (`out`), the two of the feed-forward part (`feed`)."""


class AdaptationConfig(Settings):
    """The way of adapting: trained parameters, pooling and learning rates."""

    kind: Kind = "probe"
    """`probe`: logistic regression (numbers: ridge) on the frozen encoder's standardised
    embeddings; `attention`: a head that attends to the frozen encoder's patches; `full`: all
    weights are trained; `lora`: low-rank updates, merged in the end; `two-stage`: a probe, then all
    weights; `prototypes`: the nearest of the classes' means, from a few labelled examples, without
    training; `scratch`: random weights, all trained."""

    pooling: Literal["mean", "max", "mean_max", "region", "channels", "summary"] = "mean_max"
    """From patches to a window: mean over time, then over channels mean, maximum, or both; the mean
    of each brain `region`; or all `channels` apart, for recordings that have those of training. Or
    the `summary` token of an encoder that has one (`encoder.summary`)."""

    layer: Literal["last", "best"] | NonNegativeInt = "last"
    """The embeddings of a frozen encoder that the head reads: of the `last` layer, after block 1, 2
    and so on, below the first (0), or, for `probe`, of the layer that validates `best`."""

    dropout: float = Field(0.0, ge=0, lt=1)
    """Dropout before the head."""

    drop_path: float = Field(0.0, ge=0, lt=1)
    """Stochastic depth where the encoder is trained: the chance that a step leaves a half of the
    last block out, for each window; lower blocks less, linearly (Huang et al., ECCV 2016; LaBraM
    0.1)."""

    layer_decay: float = Field(0.75, gt=0, le=1)
    """Learning rate of a block relative to the block above it, in `full` and `two-stage`."""

    head_lr_scale: float = Field(1.0, gt=0)
    """Learning rate of the head relative to the one given."""

    attention_heads: int = Field(4, ge=1)
    """Heads of `attention`, each with a view of its own; they divide the encoder's width."""

    probe_c: tuple[PositiveFloat, ...] = Field((1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0), min_length=1)
    """Inverse strengths of the L2 penalty that `probe` and `two-stage` try; the validation windows
    choose one."""

    probe_iterations: int = Field(1000, ge=1)
    """Steps of L-BFGS at most, for each strength; a probe that needs more says so."""

    shots: int = Field(5, ge=1)
    """Labelled examples of each class that `prototypes` takes: events where a task has them, else
    windows; all of them where there are fewer."""

    lora: LoraConfig = LoraConfig()
    """The updates of `lora`."""

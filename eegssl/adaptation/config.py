"""How an encoder is adapted to a task."""

from typing import Literal

from pydantic import Field

from eegssl.settings import Settings


class AdaptationConfig(Settings):
    """What is trained, on which pooling, how fast."""

    kind: Literal["probe", "full"] = "probe"
    """`probe`: a linear head on the frozen encoder; `full`: all weights are trained."""

    pooling: Literal["mean", "max", "mean_max"] = "mean_max"
    """From patches to a window: mean over time, then over channels mean, maximum, or both."""

    dropout: float = Field(0.0, ge=0, lt=1)
    """Dropout before the head."""

    layer_decay: float = Field(0.75, gt=0, le=1)
    """Learning rate of a block relative to the block above it, in `full`."""

    head_lr_scale: float = Field(1.0, gt=0)
    """Learning rate of the head relative to the one given."""

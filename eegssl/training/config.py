"""Configure the training loop."""

from typing import Annotated, Literal

from pydantic import Field

from eegssl.config.settings import Settings

Rate = Annotated[float, Field(ge=0, lt=1)]
Device = Literal["auto", "cpu", "cuda", "mps"]


class TrainingConfig(Settings):
    """Length, speed and place of training (AdamW, warm-up, then a schedule)."""

    steps: int = Field(1000, ge=1)
    """Optimizer steps."""
    batch_size: int = Field(16, ge=1)
    """Windows per step, of all ranks together."""
    lr: float = Field(1e-3, gt=0)
    """Peak learning rate."""
    weight_decay: float = Field(0.05, ge=0)
    """AdamW's weight decay, on matrices only."""
    betas: tuple[Rate, Rate] = (0.9, 0.98)
    """AdamW's decay rates."""
    warmup: float = Field(0.1, ge=0, lt=1)
    """Share of the steps in which the learning rate rises linearly."""
    schedule: Literal["cosine", "trapezoid"] = "cosine"
    """The learning rate after the warm-up: a cosine to zero; or constant, and linear to zero over
    the last fifth of the steps (warm-up, stable, decay: arXiv 2404.06395)."""
    clip_norm: float = Field(3.0, gt=0)
    """Gradient norm above which a gradient is scaled down."""
    max_bad_steps: int = Field(10, ge=0)
    """Steps that may be skipped because their gradient is not finite; one more stops the run."""
    log_every: int = Field(20, ge=1)
    """Steps between rows of ``metrics.jsonl``; a row is the mean since the last one."""
    validate_every: int = Field(200, ge=1)
    """Steps between passes over validation data (one more follows the last step)."""
    patience: int | None = Field(None, ge=1)
    """Stop after so many validations in a row without a better score, where one is monitored
    (pretraining: the loss; fine-tuning: the task's score); by default all steps are taken."""
    checkpoint_every: int = Field(200, ge=1)
    """Steps between checkpoints; an interrupted run resumes from the last one."""
    keep_every: int | None = Field(None, ge=1)
    """Steps between checkpoints that stay in ``work/kept/`` until the artifact is done, to go back
    to from a training that went wrong; by default only the last two stay."""
    device: Device = "auto"
    """Device to train on; ``auto`` takes a GPU if there is one."""
    compile: bool = False
    """Compile the model's blocks by torch.compile, which takes a while once for each number of
    channels. Results are equal to rounding; what it gains on a GPU was not measured."""
    precision: Literal["auto", "float32", "bfloat16"] = "float32"
    """``bfloat16`` runs the forward pass under autocast, in validations while training too;
    ``auto`` does so if the processor has instructions for it. Weights, updates, scores, and the
    validation of the finished weights are always float32."""
    shard: Literal["none", "fsdp2"] = "none"
    """``fsdp2`` spreads weights, gradients and the optimizer's moments over the ranks, for models
    that do not fit on one GPU; by default each rank has all of them."""


class CorpusTraining(TrainingConfig):
    """Length, speed and place of a training on a whole corpus."""

    hours: float | None = Field(None, gt=0)
    """Train for as many hours of EEG, each window counted as often as it is drawn, in place of
    ``steps``."""
    validate_windows: int = Field(4096, ge=1)
    """Validation windows that are looked at: so many, always the same, where there are more."""

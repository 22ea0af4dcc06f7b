"""Set the learning rate by the step."""

import math

from eegssl.training.config import TrainingConfig

_FALL = 0.2  # share of the steps in which a trapezoid's rate falls


def rate_factor(config: TrainingConfig, k: int) -> float:
    """The share of the peak rate at step ``k``: a linear warm-up, then the schedule to zero."""
    steps, warm = config.steps, round(config.warmup * config.steps)
    if k < warm:
        return (k + 1) / warm
    if config.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * (k - warm) / max(1, steps - warm)))
    fall = max(1, min(round(_FALL * steps), steps - warm))
    return min(1.0, (steps - k) / fall)

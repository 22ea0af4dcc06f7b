"""Set the learning rate by the step."""

import math

from eegssl.training.config import TrainingConfig


def rate_factor(config: TrainingConfig, k: int) -> float:
    """Linear warm-up, then a cosine to zero."""
    steps, warm = config.steps, round(config.warmup * config.steps)
    if k < warm:
        return (k + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (k - warm) / max(1, steps - warm)))

"""From embeddings of patches to one vector per window."""

import torch
from torch import Tensor

from eegssl.errors import ConfigError


def pool(embeddings: Tensor, kind: str) -> Tensor:
    """Pool ``embeddings`` [B, C, N, D] to [B, D] (``mean``) or [B, 2 D] (``mean_max``).

    ``mean_max`` takes the mean over time, then mean and maximum over channels: a focal seizure
    shows in few channels, which a mean alone would drown. Both are blind to the channels' order.
    """
    if kind not in _KINDS:
        raise ConfigError(f"pooling must be one of {', '.join(_KINDS)}; got {kind!r}")
    return _KINDS[kind](embeddings)


def pooled_width(width: int, kind: str) -> int:
    """Width of what ``pool`` makes of embeddings of width D."""
    return pool(torch.zeros(1, 1, 1, width), kind).shape[-1]


def _mean(embeddings: Tensor) -> Tensor:
    return embeddings.mean(dim=(1, 2))


def _mean_max(embeddings: Tensor) -> Tensor:
    channels = embeddings.mean(dim=2)
    return torch.cat([channels.mean(dim=1), channels.amax(dim=1)], dim=-1)


_KINDS = {"mean": _mean, "mean_max": _mean_max}

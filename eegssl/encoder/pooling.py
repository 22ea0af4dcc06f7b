"""From embeddings of patches to one vector per window."""

import torch
from torch import Tensor

from eegssl.errors import ConfigError


def pool(
    embeddings: Tensor, kind: str, present: Tensor | None = None, *, per_patch: bool = False
) -> Tensor:
    """Pool ``embeddings`` [B, C, N, D] to [B, D] (``mean``, ``max``) or [B, 2 D] (``mean_max``).

    All take the mean over time first, then over channels the mean, the maximum, or both: a focal
    seizure shows in few channels, which a mean alone would drown. They are blind to the channels'
    order, and to those with ``present`` [B, C] False. With ``per_patch`` time is kept: [B, N, D] or
    [B, N, 2 D].
    """
    if kind not in _KINDS:
        raise ConfigError(f"pooling must be one of {', '.join(_KINDS)}; got {kind!r}")
    channels = embeddings.transpose(1, 2) if per_patch else embeddings.mean(dim=2)
    there = None if present is None else present[..., None]
    if there is not None and per_patch:
        there = there[:, None]
    return torch.cat([part(channels, there) for part in _KINDS[kind]], dim=-1)


def pooled_width(width: int, kind: str) -> int:
    """Width of what ``pool`` makes of embeddings of width D."""
    return pool(torch.zeros(1, 1, 1, width), kind).shape[-1]


def _mean(channels: Tensor, there: Tensor | None) -> Tensor:
    if there is None:
        return channels.mean(dim=-2)
    return torch.where(there, channels, 0).sum(dim=-2) / there.sum(dim=-2)


def _max(channels: Tensor, there: Tensor | None) -> Tensor:
    if there is not None:
        channels = torch.where(there, channels, -torch.inf)
    return channels.amax(dim=-2)


_KINDS = {"mean": (_mean,), "max": (_max,), "mean_max": (_mean, _max)}

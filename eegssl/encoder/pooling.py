"""Pool embeddings of patches to one vector per window."""

import torch
from torch import Tensor

from eegssl.errors import ConfigError


def pool(
    embeddings: Tensor, kind: str, present: Tensor | None = None, *, per_patch: bool = False
) -> Tensor:
    """Pool ``embeddings`` [B, C, N, D] to [B, D] (``mean``, ``max``) or [B, 2 D] (``mean_max``).

    All take the mean over time first, then over channels the mean, the maximum, or both: a mean
    alone would hide a focal seizure in few channels. The order of channels plays no part, nor do
    those with ``present`` [B, C] False. With ``per_patch`` time is kept: [B, N, D] or [B, N, 2 D].
    Raises ConfigError for another ``kind``.
    """
    if kind not in _KINDS:
        raise ConfigError(f"pooling must be one of {', '.join(_KINDS)}; got {kind!r}")
    channels = embeddings.transpose(1, 2) if per_patch else embeddings.mean(dim=2)
    real = None if present is None else present[..., None]
    if real is not None and per_patch:
        real = real[:, None]
    return torch.cat([part(channels, real) for part in _KINDS[kind]], dim=-1)


def pooled_width(width: int, kind: str) -> int:
    """Width of pooled embeddings of width D."""
    return pool(torch.zeros(1, 1, 1, width), kind).shape[-1]


def _mean(channels: Tensor, real: Tensor | None) -> Tensor:
    if real is None:
        return channels.mean(dim=-2)
    return torch.where(real, channels, 0).sum(dim=-2) / real.sum(dim=-2)


def _max(channels: Tensor, real: Tensor | None) -> Tensor:
    if real is not None:
        channels = torch.where(real, channels, -torch.inf)
    return channels.amax(dim=-2)


_KINDS = {"mean": (_mean,), "max": (_max,), "mean_max": (_mean, _max)}

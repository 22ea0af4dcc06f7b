"""Pool embeddings of patches to one vector per window."""

import torch
from torch import Tensor

from eegssl.errors import ConfigError
from eegssl.signal.channels.regions import REGIONS


def pool(
    embeddings: Tensor,
    kind: str,
    present: Tensor | None = None,
    *,
    regions: Tensor | None = None,
    per_patch: bool = False,
) -> Tensor:
    """Pool ``embeddings`` [B, C, N, D] to one vector a window.

    All take the mean over time first. ``mean``, ``max`` and ``mean_max`` then take the mean over
    channels, their maximum, or both ([B, D] or [B, 2 D]): a mean alone would hide a focal seizure
    in few channels. ``region`` takes the mean over the channels of each region ([B, R D], by their
    shares ``regions`` [B, C, R]; an empty region has the mean of all channels, ours). For these the
    order of channels plays no part, nor do those with ``present`` [B, C] False. ``channels`` keeps
    them apart ([B, C D]), for windows of the same channels in the same order. With ``per_patch``
    time is kept: [B, N, …]. Raises ConfigError for another ``kind``.
    """
    channels = embeddings.transpose(1, 2) if per_patch else embeddings.mean(dim=2)
    if kind == "channels":
        return channels.flatten(-2)
    if kind == "region":
        assert regions is not None
        share = regions if present is None else regions * present[..., None]
        return _by_region(channels, share[:, None] if per_patch else share, present)
    if kind not in _KINDS:
        raise ConfigError(f"pooling must be one of {', '.join(POOLINGS)}; got {kind!r}")
    real = None if present is None else present[..., None]
    if real is not None and per_patch:
        real = real[:, None]
    return torch.cat([part(channels, real) for part in _KINDS[kind]], dim=-1)


def pooled_width(width: int, kind: str, n_channels: int = 0) -> int:
    """Width of pooled embeddings of width D, or of a summary; of ``channels`` for so many."""
    counts = {"channels": n_channels, "region": len(REGIONS), SUMMARY: 1}
    return width * (counts[kind] if kind in counts else len(_KINDS[kind]))


def _by_region(channels: Tensor, share: Tensor, present: Tensor | None) -> Tensor:
    """Means [..., R D] of ``channels`` [..., C, D], weighted by their ``share`` [..., C, R]."""
    total = share.sum(dim=-2)[..., None]
    inside = share.transpose(-1, -2).to(channels.dtype) @ channels
    real = None if present is None else present[..., None]
    if real is not None and channels.ndim == 4:
        real = real[:, None]
    everywhere = _mean(channels, real)[..., None, :]
    return torch.where(total > 0, inside / total.clamp_min(_NO_SHARE), everywhere).flatten(-2)


def _mean(channels: Tensor, real: Tensor | None) -> Tensor:
    if real is None:
        return channels.mean(dim=-2)
    return torch.where(real, channels, 0).sum(dim=-2) / real.sum(dim=-2)


def _max(channels: Tensor, real: Tensor | None) -> Tensor:
    if real is not None:
        channels = torch.where(real, channels, -torch.inf)
    return channels.amax(dim=-2)


_KINDS = {"mean": (_mean,), "max": (_max,), "mean_max": (_mean, _max)}
_NO_SHARE = 1e-6
SUMMARY = "summary"
"""The read-out that is no pooling: the encoder's own summary of a window."""
POOLINGS = (*_KINDS, "region", "channels")

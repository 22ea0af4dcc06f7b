"""The encoder: temporal, spectral and spatial embeddings, then a transformer.

After EpilepsyFM (Neural Networks 193:108060, 2025): temporal and spectral embeddings of a patch
are concatenated and then placed in space and time. What fills the gaps of the paper is ours.
"""

import torch
from torch import Tensor, nn

from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.fourier import FourierEmbedding
from eegssl.encoder.normalise import normalise
from eegssl.encoder.patches import to_patches
from eegssl.encoder.spatial import SpatialEmbedding, time_embedding
from eegssl.encoder.spectral import WaveletPacketEmbedding
from eegssl.encoder.temporal import TemporalEmbedding
from eegssl.encoder.transformer import Transformer
from eegssl.errors import InputError
from eegssl.signal.channels.regions import REGIONS


class Encoder(nn.Module):
    """EEG of any channels and any length to one embedding per (channel, patch)."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.temporal, self.spectral = _patch_modules(config)
        self.spatial = SpatialEmbedding(
            config.width,
            len(REGIONS),
            identity=config.identity,
            position=config.position,
            region=config.region,
        )
        self.mask_token = nn.Parameter(torch.randn(config.width) * 0.02)
        self.transformer = Transformer(
            config.layers,
            config.width,
            config.heads,
            config.ffn,
            config.dropout,
            config.checkpointing,
        )

    def forward(
        self,
        signal_uv: Tensor,
        positions: Tensor,
        located: Tensor,
        regions: Tensor,
        mask: Tensor | None = None,
        present: Tensor | None = None,
    ) -> Tensor:
        """Embed ``signal_uv`` [B, C, T] in µV: [B, C, N, D].

        ``positions`` [B, C, 2, 3], ``located`` [B, C, 2] and ``regions`` [B, C, R] are the
        geometry of the channels. Patches with ``mask`` [B, C, N] True are hidden: nothing of
        their samples reaches any output. Channels with ``present`` [B, C] False are padding: they
        change nothing, and their embeddings are 0. Raises InputError for shapes that don't fit.
        """
        patches_uv = to_patches(signal_uv, self.config.patch_samples)
        _check(mask, patches_uv.shape[:3], "mask [B, C, N]")
        _check(present, patches_uv.shape[:2], "present [B, C]")
        content = self._embed(patches_uv, _visible(patches_uv.shape, mask, present))
        if mask is not None:
            content = torch.where(mask[..., None], self.mask_token.to(content.dtype), content)
        n_patches = content.shape[2]
        place = self.spatial(positions, located, regions)
        moment = time_embedding(n_patches, self.config.width, like=signal_uv)
        tokens = content + moment
        if isinstance(place, Tensor):
            tokens = tokens + place[:, :, None]
        keys = None if present is None else present.repeat_interleave(n_patches, dim=1)
        embedded = self.transformer(tokens.flatten(1, 2), keys).unflatten(1, (-1, n_patches))
        return embedded if present is None else embedded * present[..., None, None]

    def embed_patches(self, signal_uv: Tensor) -> Tensor:
        """Embed each patch of ``signal_uv`` [B, C, T] alone, without place: [B, C, N, D]."""
        return self._embed(to_patches(signal_uv, self.config.patch_samples), None)

    def _embed(self, patches_uv: Tensor, visible: Tensor | None) -> Tensor:
        """Temporal and spectral embeddings side by side; what is not visible counts as flat."""
        config = self.config
        patches = normalise(patches_uv, visible, config.normalise, config.scale_uv)
        flat = patches.flatten(0, 2)
        parts = [module(flat) for module in (self.temporal, self.spectral) if module is not None]
        return torch.cat(parts, dim=-1).unflatten(0, patches.shape[:3])


def build_encoder(config: EncoderConfig, seed: int) -> Encoder:
    """Make an encoder whose first weights depend on ``seed`` only; global generators stay as is."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return Encoder(config)


_Spectral = WaveletPacketEmbedding | FourierEmbedding


def _patch_modules(config: EncoderConfig) -> tuple[TemporalEmbedding | None, _Spectral | None]:
    """The temporal and the spectral module, each of half the width, or of all where it is alone."""
    whole = config.width
    spectral_width = whole // 2 if config.temporal else whole
    temporal_width = whole if config.spectral == "off" else whole - whole // 2
    size = (config.patch_samples, spectral_width, config.sfreq_hz, config.top_hz)
    temporal = TemporalEmbedding(config.patch_samples, temporal_width) if config.temporal else None
    if config.spectral == "wavelet":
        return temporal, WaveletPacketEmbedding(*size, config.wavelet_depth)
    return temporal, FourierEmbedding(*size) if config.spectral == "fourier" else None


def _visible(shape: torch.Size, mask: Tensor | None, present: Tensor | None) -> Tensor | None:
    """Patches [B, C, N] that are neither hidden nor padding; None where all are."""
    if present is None:
        return None if mask is None else ~mask
    there = present[..., None].expand(shape[:3])
    return there if mask is None else there & ~mask


def _check(given: Tensor | None, shape: torch.Size, name: str) -> None:
    if given is not None and (given.shape != shape or given.dtype != torch.bool):
        raise InputError(
            f"expected a bool {name} of shape {tuple(shape)}; "
            f"got {given.dtype} {tuple(given.shape)}"
        )

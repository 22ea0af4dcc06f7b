"""The encoder: temporal, spectral and spatial embeddings, then a transformer.

After EpilepsyFM (Neural Networks 193:108060, 2025): temporal and spectral embeddings of a patch
are concatenated and then placed in space and time. What fills the gaps of the paper is ours.
"""

import torch
from torch import Tensor, nn

from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.patches import to_patches
from eegssl.encoder.spatial import SpatialEmbedding, time_embedding
from eegssl.encoder.spectral import SpectralEmbedding
from eegssl.encoder.temporal import TemporalEmbedding
from eegssl.encoder.transformer import Transformer
from eegssl.errors import InputError
from eegssl.signal.regions import REGIONS


class Encoder(nn.Module):
    """EEG of any channels and any length to one embedding per (channel, patch)."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        half = config.width // 2
        self.temporal = TemporalEmbedding(config.patch_samples, config.width - half)
        self.spectral = SpectralEmbedding(
            config.patch_samples, half, config.sfreq_hz, config.top_hz
        )
        self.spatial = SpatialEmbedding(config.width, len(REGIONS))
        self.mask_token = nn.Parameter(torch.randn(config.width) * 0.02)
        self.transformer = Transformer(
            config.layers, config.width, config.heads, config.ffn, config.dropout
        )

    def forward(
        self,
        signal_uv: Tensor,
        positions: Tensor,
        located: Tensor,
        regions: Tensor,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Embed ``signal_uv`` [B, C, T] in µV: [B, C, N, D].

        ``positions`` [B, C, 2, 3], ``located`` [B, C, 2] and ``regions`` [B, C, R] are the
        geometry of the channels. Patches with ``mask`` [B, C, N] True are hidden: nothing of
        their samples reaches any output. Raises InputError for shapes that don't fit.
        """
        content = self.embed_patches(signal_uv)
        if mask is not None:
            content = self._hide(content, mask)
        n_patches = content.shape[2]
        place = self.spatial(positions, located, regions)[:, :, None]
        moment = time_embedding(n_patches, self.config.width, like=content)
        tokens = content + place + moment
        return self.transformer(tokens.flatten(1, 2)).unflatten(1, (-1, n_patches))

    def embed_patches(self, signal_uv: Tensor) -> Tensor:
        """Embed each patch of ``signal_uv`` [B, C, T] alone, without place: [B, C, N, D]."""
        patches = to_patches(signal_uv, self.config.patch_samples) / self.config.scale_uv
        flat = patches.flatten(0, 2)
        both = torch.cat([self.temporal(flat), self.spectral(flat)], dim=-1)
        return both.unflatten(0, patches.shape[:3])

    def _hide(self, content: Tensor, mask: Tensor) -> Tensor:
        """Put the mask token in the place of hidden patches."""
        if mask.shape != content.shape[:3] or mask.dtype != torch.bool:
            raise InputError(
                f"expected a bool mask [B, C, N] of shape {tuple(content.shape[:3])}; "
                f"got {mask.dtype} {tuple(mask.shape)}"
            )
        return torch.where(mask[..., None], self.mask_token.to(content.dtype), content)


def build_encoder(config: EncoderConfig, seed: int) -> Encoder:
    """Make an encoder whose first weights depend on ``seed`` only; global generators stay as is."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return Encoder(config)

"""Embed patches in time, frequency and space, then apply a transformer (EpilepsyFM).

After EpilepsyFM (Neural Networks 193:108060, 2025): temporal and spectral embeddings of a patch
are concatenated and then placed in space and time. What fills the gaps of the paper is ours:
content is normalised, and place and time begin small beside it (as LaBraM's positions do), so that
they don't drown it.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.encoder import Encoder, flat_places
from eegssl.encoder.patches import clip, normalise, to_patches
from eegssl.encoder.spatial import SpatialEmbedding, TimeEmbedding
from eegssl.encoder.spectral import FourierEmbedding, WaveletPacketEmbedding
from eegssl.encoder.temporal import TemporalEmbedding
from eegssl.encoder.time_order import TimeOrder
from eegssl.encoder.transformer import Transformer
from eegssl.errors import InputError

_COUNTING = {"cpu"}
"""Devices on which visible patches alone are embedded: a GPU's host would wait for their number."""


class EpilepsyFM(Encoder):
    """Temporal, spectral and spatial embeddings of patches, mixed by a transformer."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.temporal, self.spectral = _patch_modules(config)
        self.norm_content = nn.LayerNorm(config.width)
        self.spatial = SpatialEmbedding(config)
        self.time = TimeEmbedding(config.width)
        self.mask_token = nn.Parameter(torch.randn(config.width) * 0.02)
        self.transformer = Transformer(
            config.layers,
            config.width,
            config.heads,
            config.ffn,
            config.dropout,
            config.checkpointing,
            qk_norm=config.qk_norm,
            layer_scale=config.layer_scale,
        )
        self.order = TimeOrder() if config.causal else None
        self.summary = nn.Embedding(1, config.width) if config.summary else None
        if self.summary is not None:
            nn.init.normal_(self.summary.weight, std=0.02)

    def forward(
        self,
        signal_uv: Tensor,
        positions: Tensor,
        located: Tensor,
        regions: Tensor,
        mask: Tensor | None = None,
        present: Tensor | None = None,
    ) -> Tensor:
        """Embed ``signal_uv`` [B, C, T]: [B, C, N, D]; arguments as `Encoder` says."""
        tokens = self._tokens(signal_uv, positions, located, regions, mask, present)
        embedded = _grid(self.transformer(*self._row(tokens, present)), tokens)
        return embedded if present is None else embedded * present[..., None, None]

    def hidden(
        self,
        signal_uv: Tensor,
        positions: Tensor,
        located: Tensor,
        regions: Tensor,
        mask: Tensor,
        places: Tensor | None = None,
    ) -> Tensor:
        """Embed hidden patches alone, [H, D]: the last block's outputs are not made for others."""
        tokens = self._tokens(signal_uv, positions, located, regions, mask, None)
        row, keys = self._row(tokens)
        places = flat_places(mask) if places is None else places
        n_patches = mask[0].numel()
        n_before = row.shape[1] - n_patches  # tokens before the patches of a window
        return self.transformer(row, keys, rows=places + (places // n_patches + 1) * n_before)

    def visible(
        self,
        signal_uv: Tensor,
        positions: Tensor,
        located: Tensor,
        regions: Tensor,
        mask: Tensor,
        kept: Tensor,
    ) -> Tensor:
        """Embed visible patches alone, [B, V, D]: no hidden one goes through any module."""
        patches_uv = to_patches(signal_uv, self.config.patch_samples)
        _check(mask, patches_uv.shape[:3], "mask [B, C, N]")
        content = self._embed(self._normalised(patches_uv, ~mask).index_select(0, kept))
        n_windows, n_channels, n_patches = mask.shape
        placed = self._placed(content.new_zeros(1), positions, located, regions, n_patches)
        placed = placed.expand(n_windows, n_channels, n_patches, -1).flatten(0, 2)
        return self._seen(content + placed.index_select(0, kept), mask, kept)

    def whole_and_visible(
        self,
        signal_uv: Tensor,
        positions: Tensor,
        located: Tensor,
        regions: Tensor,
        mask: Tensor,
        kept: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Embed whole windows, and visible patches alone; each patch is embedded once."""
        given = signal_uv, positions, located, regions
        if not self.embeds_alone:
            return super().whole_and_visible(*given, mask, kept)
        tokens = self._tokens(*given, None, None)
        _check(mask, tokens.shape[:3], "mask [B, C, N]")
        whole = _grid(self.transformer(*self._row(tokens)), tokens)
        return whole, self._seen(tokens.flatten(0, 2).index_select(0, kept), mask, kept)

    @property
    def embeds_alone(self) -> bool:
        """Whether a patch is embedded by its own samples, so that others may be hidden or not."""
        return self.config.normalise == "scale" and self.config.clip_sigma is None

    def _seen(self, tokens: Tensor, mask: Tensor, kept: Tensor) -> Tensor:
        """Transform the tokens [B V, D] of visible patches as if there were no others."""
        n_windows, n_channels, n_patches = mask.shape
        row, _ = self._row(tokens.unflatten(0, (n_windows, 1, -1)), ordered=False)
        n_before = row.shape[1] - len(tokens) // n_windows
        keys = None
        if self.order is not None:
            order = self.order(n_channels, n_patches, n_before > 0, row.device)[0]
            at = F.pad(
                kept.unflatten(0, (n_windows, -1)) % mask[0].numel() + n_before, (n_before, 0)
            )
            keys = order[at[:, :, None], at[:, None]]
        return self.transformer(row, keys)[:, n_before:]

    def layers(
        self, signal_uv: Tensor, positions: Tensor, located: Tensor, regions: Tensor
    ) -> Iterator[Tensor]:
        """Yield embeddings [B, C, N, D] at every depth of the transformer."""
        tokens = self._tokens(signal_uv, positions, located, regions, None, None)
        for layer in self.transformer.layers(*self._row(tokens)):
            yield _grid(layer, tokens)

    def summarise(
        self, signal_uv: Tensor, positions: Tensor, located: Tensor, regions: Tensor
    ) -> Tensor:
        """Embed whole windows by their summary token, [B, D]."""
        if self.summary is None:
            raise InputError("this encoder has no summary token: pretrain with encoder.summary")
        tokens = self._tokens(signal_uv, positions, located, regions, None, None)
        return self.transformer(*self._row(tokens))[:, 0]

    def _row(
        self, tokens: Tensor, present: Tensor | None = None, ordered: bool = True
    ) -> tuple[Tensor, Tensor | None]:
        """Tokens [B, C, N, D] in one row [B, L, D] behind the summary token, if there is one, and
        which of them attention may read: [B, L], or [B, L, L] for each; None where it may read all.
        """
        row = tokens.flatten(1, 2)
        keys = None if present is None else present.repeat_interleave(tokens.shape[2], dim=1)
        if self.summary is not None:
            row = torch.cat([self.summary.weight.expand(len(row), 1, -1), row], dim=1)
            keys = None if keys is None else F.pad(keys, (1, 0), value=True)
        if self.order is None or not ordered:
            return row, keys
        _, n_channels, n_patches, _ = tokens.shape
        order = self.order(n_channels, n_patches, self.summary is not None, row.device)
        return row, order if keys is None else order & keys[:, None]

    def _tokens(
        self,
        signal_uv: Tensor,
        positions: Tensor,
        located: Tensor,
        regions: Tensor,
        mask: Tensor | None,
        present: Tensor | None,
    ) -> Tensor:
        """Content of patches with their time and place, [B, C, N, D]: the transformer's input."""
        patches_uv = to_patches(signal_uv, self.config.patch_samples)
        _check(mask, patches_uv.shape[:3], "mask [B, C, N]")
        _check(present, patches_uv.shape[:2], "present [B, C]")
        content = self._content(patches_uv, mask, present)
        return self._placed(content, positions, located, regions, content.shape[2])

    def _placed(
        self, content: Tensor, positions: Tensor, located: Tensor, regions: Tensor, n_patches: int
    ) -> Tensor:
        """Content [B, C, N, D], or what can be added to it, with time and place."""
        place = self.spatial(positions, located, regions)
        tokens = content + self.time(n_patches)
        return tokens + place[:, :, None] if isinstance(place, Tensor) else tokens

    @property
    def embedders(self) -> list[nn.Module]:
        """The modules of content, place, time and summary, as far as they are on."""
        content = self.temporal, self.spectral, self.norm_content
        parts = *content, self.spatial, self.time, self.summary
        return [module for module in parts if module is not None]

    @property
    def blocks(self) -> list[nn.Module]:
        """Blocks of the transformer."""
        return list(self.transformer.blocks)

    @property
    def norm(self) -> nn.LayerNorm:
        """The transformer's last normalisation."""
        return self.transformer.norm

    def _content(self, patches_uv: Tensor, mask: Tensor | None, present: Tensor | None) -> Tensor:
        """Patches embedded and normalised, the mask token where they are hidden: [B, C, N, D]."""
        shape = patches_uv.shape[:3]
        flat = self._normalised(patches_uv, _visible(patches_uv.shape, mask, present))
        if mask is None:
            return self._embed(flat).unflatten(0, shape)
        if mask.device.type not in _COUNTING or mask.all():
            content = self._embed(flat).unflatten(0, shape)
            return torch.where(mask[..., None], self.mask_token.to(content.dtype), content)
        places = flat_places(~mask)
        content = self._embed(flat.index_select(0, places))
        tokens = self.mask_token.to(content.dtype).expand(len(flat), -1)
        return tokens.index_copy(0, places, content).unflatten(0, shape)

    def _normalised(self, patches_uv: Tensor, visible: Tensor | None) -> Tensor:
        """Patches [B C N, P] cut and scaled; what is not ``visible`` counts as flat."""
        config = self.config
        if config.clip_sigma is not None:
            patches_uv = clip(patches_uv, visible, config.clip_sigma)
        return normalise(patches_uv, visible, config.normalise, config.scale_uv).flatten(0, 2)

    def _embed(self, patches: Tensor) -> Tensor:
        """Temporal and spectral embeddings of patches [M, P] side by side, normalised: [M, D]."""
        modules = self.temporal, self.spectral
        parts = [module(patches) for module in modules if module is not None]
        content: Tensor = self.norm_content(torch.cat(parts, dim=-1))
        return content


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


def _grid(row: Tensor, like: Tensor) -> Tensor:
    """The tokens [B, C, N, D] at the end of a row [B, L, D]."""
    return row[:, row.shape[1] - like.shape[1] * like.shape[2] :].unflatten(1, like.shape[1:3])


def _visible(shape: torch.Size, mask: Tensor | None, present: Tensor | None) -> Tensor | None:
    """Patches [B, C, N] that are neither hidden nor padding; None where all are."""
    if present is None:
        return None if mask is None else ~mask
    there = present[..., None].expand(shape[:3])
    return there if mask is None else there & ~mask


def _check(flags: Tensor | None, shape: torch.Size, name: str) -> None:
    if flags is not None and (flags.shape != shape or flags.dtype != torch.bool):
        raise InputError(
            f"expected a bool {name} of shape {tuple(shape)}; "
            f"got {flags.dtype} {tuple(flags.shape)}"
        )

"""Let the patches of a window see each other before quantization.

As LaBraM's tokenizer, which has twelve blocks; with the encoder's own embeddings of time and place.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.spatial import SpatialEmbedding, TimeEmbedding
from eegssl.encoder.transformer import Transformer
from eegssl.errors import InputError
from eegssl.tokenizer.config import TokenizerConfig

Geometry = Sequence[Tensor]
"""Positions [B, C, 2, 3], located [B, C, 2] and regions [B, C, R] of the channels of windows."""


class WindowContext(nn.Module):
    """Transformer blocks over the (channel, patch) vectors of a window."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        size = {"width": config.width, "heads": config.context_heads}
        self.norm_content = nn.LayerNorm(config.width)
        self.spatial = SpatialEmbedding(EncoderConfig(**size))
        self.time = TimeEmbedding(config.width)
        self.transformer = Transformer(
            config.context_layers, config.width, config.context_heads, 4 * config.width, dropout=0.0
        )

    def forward(self, embedded: Tensor, geometry: Geometry) -> Tensor:
        """Mix embedded patches [B, C, N, D] of each window by attention: [B, C, N, D].

        Raises InputError without the geometry of the channels, or for one that does not fit.
        """
        if len(geometry) != 3:
            raise InputError(
                "this tokenizer codes a patch within its window (context_layers): expected "
                f"positions, located and regions of its channels; got {len(geometry)} of them"
            )
        positions, located, regions = geometry
        n_patches = embedded.shape[2]
        place = self.spatial(positions, located, regions)
        assert isinstance(place, Tensor)
        tokens = self.norm_content(embedded) + self.time(n_patches) + place[:, :, None]
        mixed: Tensor = self.transformer(tokens.flatten(1, 2))
        return mixed.unflatten(1, (-1, n_patches))

"""Predict embeddings of hidden patches from those of visible ones."""

import torch
from torch import Tensor, nn

from eegssl.encoder.account import output_flops, transformer_flops
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.transformer import Transformer
from eegssl.objectives.grain import Grain
from eegssl.objectives.targets.patch_queries import PatchQueries


class LatentPredictor(nn.Module):
    """A narrow transformer over what is seen and what is asked for, by place and time."""

    def __init__(self, config: EncoderConfig, layers: int) -> None:
        super().__init__()
        heads = max(config.heads // 2, 1)
        width = max(config.width // 2 // (2 * heads), 1) * 2 * heads
        self.enter = nn.Linear(config.width, width)
        self.asking = nn.Linear(config.width, width)
        self.queries = PatchQueries(width)
        self.transformer = Transformer(layers, width, heads, 2 * width, 0.0)
        self.layers, self.width = layers, width
        self.leave = nn.Linear(width, config.width)

    def forward(self, grain: Grain, seen: Tensor, kept: Tensor, mask_token: Tensor) -> Tensor:
        """Predictions [H, D] of hidden patches in order, equally many of each window.

        ``seen`` [B, V, D] are embeddings of the visible patches at the places ``kept`` [B V];
        ``mask_token`` [D] is the encoder's vector for what is hidden.
        """
        n_windows, _, n_patches = grain.shape
        positions, located, _ = grain.geometry
        places = self.queries(positions, located, n_patches).flatten(0, 2)
        known = self.enter(seen).flatten(0, 1) + places.index_select(0, kept)
        asked = self.asking(mask_token) + places.index_select(0, grain["hidden"])
        parts = [part.unflatten(0, (n_windows, -1)) for part in (known, asked)]
        row = torch.cat(parts, dim=1)
        at = torch.arange(row.shape[0] * row.shape[1], device=row.device)
        rows = at.unflatten(0, row.shape[:2])[:, parts[0].shape[1] :].flatten()
        predicted: Tensor = self.leave(self.transformer(row, rows=rows))
        return predicted

    def flops(self, channels: int, n_visible: int, n_hidden: int) -> int:
        """Operations of the matrix products on a window of C channels."""
        maps = (n_visible + 1) * self.enter.weight.numel() + n_hidden * self.leave.weight.numel()
        places = channels * self.queries.position.project.weight.numel()
        row = transformer_flops(self.layers, self.width, 2 * self.width, n_visible + n_hidden)
        spared = n_visible * output_flops(self.width, 2 * self.width)
        return 2 * (maps + places) + row - spared

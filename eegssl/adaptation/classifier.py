"""A classifier of windows: an encoder, frozen or not, pooled, under a linear head.

It reads the encoder's embeddings, never quantised codes: those hurt downstream
(arXiv 2602.11558).
"""

from typing import Self

import torch
from torch import Tensor, nn

from eegssl.adaptation.config import AdaptationConfig
from eegssl.encoder.model import Encoder
from eegssl.encoder.pooling import pool, pooled_width


class Classifier(nn.Module):
    """Windows to logits of ``n_classes``.

    With ``kind="probe"`` the encoder is frozen: no gradient, and evaluation mode even while the
    head trains.
    """

    def __init__(self, encoder: Encoder, n_classes: int, config: AdaptationConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = encoder
        self.frozen = config.kind == "probe"
        width = pooled_width(encoder.config.width, config.pooling)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(width, n_classes)
        self.encoder.requires_grad_(not self.frozen)
        self.encoder.mask_token.requires_grad_(False)  # nothing is hidden downstream
        self.train(self.training)

    def forward(
        self, signal_uv: Tensor, positions: Tensor, located: Tensor, regions: Tensor
    ) -> Tensor:
        """Logits [B, n_classes] of windows ``signal_uv`` [B, C, T] with their geometry."""
        return self.classify(self.embed(signal_uv, positions, located, regions))

    def embed(
        self, signal_uv: Tensor, positions: Tensor, located: Tensor, regions: Tensor
    ) -> Tensor:
        """Pooled embeddings [B, D] or [B, 2 D]; a probe may compute them once and keep them."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            embeddings = self.encoder(signal_uv, positions, located, regions)
            return pool(embeddings, self.config.pooling)

    def classify(self, pooled: Tensor) -> Tensor:
        """Logits [B, n_classes] of pooled embeddings."""
        return self.head(self.dropout(self.norm(pooled)))

    def train(self, mode: bool = True) -> Self:
        """Set training mode; a frozen encoder stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.encoder.eval()
        return self


def build_classifier(
    encoder: Encoder, n_classes: int, config: AdaptationConfig, seed: int
) -> Classifier:
    """Put a head whose weights depend on ``seed`` only on ``encoder``; global generators stay."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return Classifier(encoder, n_classes, config)

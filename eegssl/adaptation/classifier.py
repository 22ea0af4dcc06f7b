"""Classify windows, or predict numbers, by a head on a pooled encoder.

The head reads the encoder's embeddings, never quantised codes: those hurt downstream
(arXiv 2602.11558).
"""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from eegssl.adaptation.config import FROZEN, LINEAR, STANDARDISED, AdaptationConfig
from eegssl.adaptation.heads import AttentionPooling, PrototypeHead, Standardise
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.pooling import POOLINGS, SUMMARY, pool, pooled_width
from eegssl.errors import ConfigError

if TYPE_CHECKING:
    from eegssl.adaptation.linear import LinearModel  # its solvers take as long to import as torch


class Classifier(nn.Module):
    """Windows to ``n_outputs`` logits each; with ``per_patch`` to as many for each patch of time.

    While ``frozen``, the encoder gets no gradient and stays in evaluation mode even if the head
    trains. Probabilities are the softmax of logits divided by ``temperature``; a number is its one
    logit times ``deviation`` plus ``mean``.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        encoder: Encoder,
        n_outputs: int,
        config: AdaptationConfig,
        per_patch: bool = False,
        channels: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.config = config
        self.encoder = encoder
        _require_layer(config.layer, self.depth)
        self.summarised = config.pooling == SUMMARY and config.kind != "attention"
        if self.summarised:
            _require_summary(encoder, config, per_patch)
        self.per_patch = per_patch
        self.frozen = config.kind in FROZEN
        self.n_outputs = n_outputs
        self.temperature = 1.0
        attends = config.kind == "attention"
        self.channels = channels
        """Names of the channels that are read, in order; none: all of any recording."""
        width = encoder.config.width
        if not attends:
            width = pooled_width(width, config.pooling, len(channels))
        self.attention = AttentionPooling(width, config.attention_heads) if attends else None
        self.dropout = nn.Dropout(config.dropout)
        self.standardise = Standardise(width) if config.kind in STANDARDISED else None
        self.norm: nn.Module = nn.Identity() if config.kind in LINEAR else nn.LayerNorm(width)
        self.head: nn.Module = nn.Linear(width, n_outputs)
        if config.kind == "prototypes":
            self.norm, self.head = nn.Identity(), PrototypeHead(width, n_outputs)
        if n_outputs == 1:
            self.register_buffer("mean", torch.zeros(()))
            self.register_buffer("deviation", torch.ones(()))
        self.encoder.requires_grad_(not self.frozen)
        self.encoder.mask_token.requires_grad_(False)  # nothing is hidden downstream
        self.train(self.training)

    def forward(
        self, signal_uv: Tensor, positions: Tensor, located: Tensor, regions: Tensor
    ) -> Tensor:
        """Logits [B, K], or [B, N, K], of windows ``signal_uv`` [B, C, T] with their geometry."""
        return self.classify(self.embed(signal_uv, positions, located, regions))

    def embed(
        self, signal_uv: Tensor, positions: Tensor, located: Tensor, regions: Tensor
    ) -> Tensor:
        """Compute the input of ``classify``: pooled embeddings [B, W], or [B, N, W]; for an
        attention head [B, C, N, D]. Those of a frozen encoder may be cached."""
        window = signal_uv, positions, located, regions
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            if self.summarised:
                return self.encoder.summarise(*window)
            if self.layer == self.depth:
                return self._pooled(self.encoder(*window), regions)
            embeddings = next(islice(self.encoder.layers(*window), self.layer, None))
            return self._pooled(embeddings, regions)

    @torch.no_grad()
    def embed_layers(
        self, signal_uv: Tensor, positions: Tensor, located: Tensor, regions: Tensor
    ) -> Iterator[Tensor]:
        """Yield the output that ``embed`` has for each layer, from one pass; without gradients."""
        for embeddings in self.encoder.layers(signal_uv, positions, located, regions):
            yield self._pooled(embeddings, regions)

    @property
    def depth(self) -> int:
        """The last layer; layer 0 lies below the encoder's blocks, layer k after block k."""
        return len(self.encoder.blocks)

    @property
    def layer(self) -> int:
        """The layer that is read; the last until the `best` one is chosen."""
        layer = self.config.layer
        return layer if isinstance(layer, int) else self.depth

    def read_layer(self, layer: int) -> None:
        """Read this layer from now on; it stands in ``config``."""
        self.config = self.config.model_copy(update={"layer": layer})

    def classify(self, embedded: Tensor) -> Tensor:
        """Logits [B, K], or [B, N, K], from the output of ``embed``."""
        if self.standardise is not None:
            embedded = self.standardise(embedded)
        if self.attention is not None:
            embedded = self.attention(embedded, self.per_patch)
        return self.head(self.dropout(self.norm(embedded)))

    def say(self, logits: Tensor) -> Tensor:
        """Probabilities [..., K] of logits [..., K], or the predicted numbers [..., 1]."""
        if self.n_outputs == 1:
            return logits * self.deviation.to(logits) + self.mean.to(logits)
        return (logits / self.temperature).softmax(dim=-1)

    def set_scale(self, mean: float, deviation: float) -> None:
        """Set which number a logit of 0 means, and how much a logit of 1 adds to it."""
        self.mean.fill_(mean)
        self.deviation.fill_(deviation)

    def set_linear(self, model: "LinearModel") -> None:
        """Take over the weights of a linear model that was fitted on what ``classify`` reads."""
        assert self.standardise is not None
        assert isinstance(self.head, nn.Linear)
        self.standardise.set(model.mean, model.scale)
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(model.coefficients))
            self.head.bias.copy_(torch.from_numpy(model.intercepts))

    def freeze(self, frozen: bool) -> None:
        """Freeze or unfreeze the encoder between two steps of training."""
        if frozen != self.frozen:
            self.frozen = frozen
            self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Set training mode; a frozen encoder stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.encoder.eval()
        return self

    def _pooled(self, embeddings: Tensor, regions: Tensor) -> Tensor:
        """The input of ``classify`` from embeddings [B, C, N, D]."""
        if self.attention is not None:
            return embeddings
        return pool(embeddings, self.config.pooling, regions=regions, per_patch=self.per_patch)


def build_classifier(
    encoder: Encoder,
    n_outputs: int,
    config: AdaptationConfig,
    seed: int,
    per_patch: bool = False,
    channels: tuple[str, ...] = (),
) -> Classifier:
    """Put a head on ``encoder``; its initial weights depend on ``seed`` only.

    ``channels`` are those that ``pooling = "channels"`` keeps apart. Raises ConfigError for a layer
    that the encoder has not, or a summary that can't be read.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return Classifier(encoder, n_outputs, config, per_patch, channels)


def _require_layer(layer: str | int, depth: int) -> None:
    if isinstance(layer, int) and layer > depth:
        raise ConfigError(
            f"adaptation.layer is {layer}, and this encoder has {depth} block(s); expected 0 "
            f"(below the first) to {depth} (after the last), last, or best (with --adapt probe)"
        )


def _require_summary(encoder: Encoder, config: AdaptationConfig, per_patch: bool) -> None:
    reasons = {
        "this encoder has none; pretrain one with encoder.summary": not encoder.config.summary,
        "the task labels seconds, and a window has one summary": per_patch,
        f"adaptation.layer is {config.layer!r}, and the summary is of the last": config.layer
        != "last",
    }
    for reason, true in reasons.items():
        if true:
            raise ConfigError(
                f"adaptation.pooling is 'summary', the encoder's summary token: {reason}; or take "
                f"another pooling: {', '.join(POOLINGS)}"
            )

"""Masked-code prediction: name the code of every hidden patch (EpilepsyFM, LaBraM)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.encoder.model import Encoder
from eegssl.errors import InputError
from eegssl.objectives.config import MaskedCodesConfig


@dataclass(frozen=True)
class ObjectiveOutput:
    """The loss to minimise, and its terms: detached scalars by name."""

    loss: Tensor
    terms: dict[str, Tensor]


class MaskedCodes(nn.Module):
    """An encoder, and a linear head over the K codes that reads the hidden patches only."""

    def __init__(self, encoder: Encoder, n_codes: int, config: MaskedCodesConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.width, n_codes)

    def forward(
        self,
        signal_uv: Tensor,
        positions: Tensor,
        located: Tensor,
        regions: Tensor,
        mask: Tensor,
        codes: Tensor,
    ) -> ObjectiveOutput:
        """Cross-entropy (nats) of ``codes`` [B, C, N] where ``mask`` [B, C, N] is True.

        Signal and geometry as for the encoder. Terms: ``accuracy``, ``top5`` (the code is among
        the five likeliest), ``hidden`` (patches counted). With ``symmetric`` a second pass hides
        the complement, and every patch counts once.
        """
        if codes.shape != mask.shape:
            raise InputError(
                f"expected codes and mask of one shape [B, C, N]; "
                f"got {tuple(codes.shape)} and {tuple(mask.shape)}"
            )
        masks = (mask, ~mask) if self.config.symmetric else (mask,)
        geometry = (positions, located, regions)
        logits = torch.cat([self.logits(signal_uv, *geometry, m) for m in masks])
        truth = torch.cat([codes[m] for m in masks])
        loss = F.cross_entropy(logits, truth)
        return ObjectiveOutput(loss, _hits(logits.detach(), truth))

    def logits(
        self, signal_uv: Tensor, positions: Tensor, located: Tensor, regions: Tensor, mask: Tensor
    ) -> Tensor:
        """Log odds of the codes for the hidden patches in order, [number hidden, K]."""
        return self.head(self.encoder(signal_uv, positions, located, regions, mask)[mask])


def build_masked_codes(
    encoder: Encoder, n_codes: int, config: MaskedCodesConfig, seed: int
) -> MaskedCodes:
    """Put a head whose weights depend on ``seed`` only on ``encoder``; global generators stay."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return MaskedCodes(encoder, n_codes, config)


def _hits(logits: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """How often the true code is the likeliest, and among the five likeliest."""
    ranked = logits.topk(min(5, logits.shape[-1]), dim=-1).indices == truth[:, None]
    return {
        "accuracy": ranked[:, 0].float().mean(),
        "top5": ranked.any(dim=-1).float().mean(),
        "hidden": torch.tensor(len(truth), device=truth.device),
    }

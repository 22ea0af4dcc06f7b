"""Predict the code of every hidden patch (EpilepsyFM, LaBraM)."""

import torch
from torch import Tensor, nn

from eegssl.encoder.account import hidden_flops
from eegssl.encoder.encoder import Encoder, flat_places
from eegssl.encoder.epilepsyfm import EpilepsyFM
from eegssl.errors import InputError
from eegssl.objectives.code_loss import code_loss
from eegssl.objectives.config import MaskedCodesConfig
from eegssl.objectives.objective import Objective, ObjectiveOutput


class MaskedCodes(Objective):
    """An encoder, and a linear head over the K codes that reads the hidden patches only."""

    head: nn.Linear

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
        hidden: Tensor | None = None,
        visible: Tensor | None = None,
    ) -> ObjectiveOutput:
        """Cross-entropy (nats) of ``codes`` [B, C, N] where ``mask`` [B, C, N] is True.

        Signal and geometry as for the encoder. With ``symmetric`` a second pass hides the
        complement, and every patch counts once. Loss and terms are means over the hidden patches.
        Terms: ``accuracy``, ``top5`` (the code is among the five likeliest),
        ``most_frequent_accuracy`` (always predicting the code most frequent among these patches),
        ``ratio`` (hidden of all patches, in the first pass).
        """
        if codes.shape != mask.shape:
            raise InputError(
                f"expected codes and mask of one shape [B, C, N]; "
                f"got {tuple(codes.shape)} and {tuple(mask.shape)}"
            )
        passes = [(mask, flat_places(mask) if hidden is None else hidden)]
        if self.config.symmetric:
            passes.append((~mask, flat_places(~mask) if visible is None else visible))
        geometry = (positions, located, regions)
        rows = [self.encoder.hidden(signal_uv, *geometry, *each) for each in passes]
        truth = torch.cat([codes.flatten().index_select(0, places) for _, places in passes])
        total, first = code_loss(torch.cat(rows), self.head, truth)
        loss = total / max(len(truth), 1)
        terms = _hits(first, truth, self.head.out_features) | {"ratio": mask.float().mean()}
        return ObjectiveOutput(loss, terms)

    def counted(self, mask: Tensor) -> int:
        """Number of patches that the means of `forward` are over, given its ``mask``."""
        return mask.numel() if self.config.symmetric else int(mask.sum())

    def flops(self, mask: Tensor) -> float | None:
        """Operations of `forward`, given its ``mask``; None for an encoder that is not counted."""
        if not isinstance(self.encoder, EpilepsyFM):
            return None
        n_windows, channels, patches = mask.shape
        passes = n_windows * (2 if self.config.symmetric else 1)
        none, one = (hidden_flops(self.encoder, channels, patches, n) for n in (0, 1))
        head = 2 * self.head.in_features * self.head.out_features
        return passes * none + self.counted(mask) * (one - none + head)

    def logits(
        self, signal_uv: Tensor, positions: Tensor, located: Tensor, regions: Tensor, mask: Tensor
    ) -> Tensor:
        """Log odds of the codes for the hidden patches in order, [number hidden, K]."""
        return self.head(self.encoder.hidden(signal_uv, positions, located, regions, mask))


def build_masked_codes(
    encoder: Encoder, n_codes: int, config: MaskedCodesConfig, seed: int
) -> MaskedCodes:
    """Put a head on ``encoder``; its initial weights depend on ``seed`` only."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return MaskedCodes(encoder, n_codes, config)


def _hits(guesses: Tensor, truth: Tensor, n_codes: int) -> dict[str, Tensor]:
    """Accuracies of five ``guesses`` [H, 5]: of the first, of all, and of a constant."""
    ranked = guesses == truth[:, None]
    n = max(len(truth), 1)
    counts = torch.zeros(n_codes, dtype=truth.dtype, device=truth.device)
    counts.scatter_add_(0, truth, torch.ones_like(truth))  # of integers: the same in any order
    return {
        "accuracy": ranked[:, 0].sum() / n,
        "top5": ranked.any(dim=-1).sum() / n,
        "most_frequent_accuracy": counts.max() / n,
    }

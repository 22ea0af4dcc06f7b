"""Predict the signal of every hidden patch: its waveform, spectrum or bands.

The loss is the mean absolute error of standardised numbers (`SignalTargets`), each band of equal
weight, and .1 of the same where the window's one pooled vector predicts them (REVE, arXiv
2510.21585). Patches do not overlap, so that no visible patch has samples of a hidden one.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegssl.encoder.account import forward_flops, hidden_flops
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.epilepsyfm import EpilepsyFM
from eegssl.objectives.config import ReconstructConfig
from eegssl.objectives.grain import Grain
from eegssl.objectives.objective import Known, Objective, ObjectiveOutput, Scorer
from eegssl.objectives.targets.pooled_prediction import PooledPrediction
from eegssl.objectives.targets.reconstruction_scores import ReconstructionScores
from eegssl.objectives.targets.signal_targets import SignalTargets


class Reconstruct(Objective):
    """A linear head over the numbers of a patch, and one that sees the pooled vector alone."""

    learns_targets = True

    def __init__(self, encoder: Encoder, config: ReconstructConfig, known: Known) -> None:
        super().__init__(encoder, config, known)
        self.config = config
        self.unit = "hidden"
        width = encoder.config.width
        self.targets = SignalTargets(config.target, encoder.config)
        self.head = nn.Linear(width, self.targets.size)
        self.pooled = PooledPrediction(width, self.targets.size) if config.pooled else None
        self.reads_masked = self.pooled is not None

    def begin(self, signal_uv: Sequence[Tensor]) -> None:
        """Learn mean and deviation of the targets."""
        self.targets.begin(signal_uv)

    def forward(self, grain: Grain) -> ObjectiveOutput:
        """Mean absolute error of hidden patches in deviations.

        Terms: ``patch_loss``, and with `pooled` ``pooled_loss``; ``ratio``, hidden of all patches.
        """
        target, predicted = self.target(grain), self.predictions(grain)
        loss, terms = self.loss_of(target, predicted)
        terms = {name: value.detach() for name, value in terms.items()}
        return ObjectiveOutput(loss, terms | {"ratio": grain["mask"].float().mean()})

    def target(self, grain: Grain) -> Tensor:
        """Standardised numbers of the hidden patches, [H, K]."""
        with torch.no_grad(), torch.autocast(grain.device.type, enabled=False):
            hidden = grain.patches_uv.flatten(0, 2).index_select(0, grain["hidden"])
            standardised: Tensor = self.targets(hidden)
            return standardised

    def predictions(self, grain: Grain) -> dict[str, Tensor]:
        """Predicted numbers [H, K]: from each patch's own output, and from the pooled vector."""
        by_patch = {"patch_loss": self.head(grain.hidden)}
        return by_patch if self.pooled is None else by_patch | {"pooled_loss": self.pooled(grain)}

    def loss_of(
        self, target: Tensor, predicted: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss, and the mean absolute error of each prediction."""
        n, share = max(len(target), 1), self.targets.share
        parts = {
            name: ((numbers.to(target.dtype) - target).abs() @ share.to(target.dtype)).sum() / n
            for name, numbers in predicted.items()
        }
        loss = parts["patch_loss"]
        if self.pooled is not None:
            loss = loss + self.config.pooled * parts["pooled_loss"]
        return loss, parts

    def scorer(self) -> "Scorer":
        """Losses beside those of the training mean, and explained variance by band."""
        return _Scorer(self)

    def flops(self, encoder: Encoder, shape: tuple[int, int, int], n_hidden: int) -> float | None:
        """Operations of `forward`; None for an encoder that is not counted."""
        if not isinstance(encoder, EpilepsyFM):
            return None
        n_windows, channels, patches = shape
        width, size = self.head.in_features, self.targets.size
        heads = 2 * n_hidden * width * size
        if self.pooled is None:
            none, one = (hidden_flops(encoder, channels, patches, n) for n in (0, 1))
            return n_windows * none + n_hidden * (one - none) + heads
        pooling = n_windows * channels * (4 * patches * width)
        pooling += n_windows * channels * 2 * self.pooled.queries.position.project.weight.numel()
        heads += 2 * n_hidden * width * (width + size) + pooling
        return n_windows * sum(forward_flops(encoder, channels, patches).values()) + heads


class _Scorer(Scorer):
    """`ReconstructionScores` of an objective."""

    def __init__(self, objective: Reconstruct) -> None:
        self._objective = objective
        self._scores = ReconstructionScores(objective.targets.members)

    def add(self, grain: Grain, groups: Mapping[str, NDArray[np.bool_]]) -> None:
        """Count the hidden patches of a grain."""
        objective, target = self._objective, self._objective.target(grain)
        predicted = objective.predictions(grain)
        loss, losses = objective.loss_of(target, predicted)
        nothing = {name: torch.zeros_like(target) for name in predicted}
        constant, _ = objective.loss_of(target, nothing)
        named = losses | {"loss": loss, "constant_loss": constant}
        self._scores.add(target, predicted["patch_loss"], named)

    def numbers(self, suffix: str) -> dict[str, float]:
        """As `ReconstructionScores.numbers`."""
        return self._scores.numbers(suffix)

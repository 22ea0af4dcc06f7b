"""Predict the code of every hidden patch (EpilepsyFM, LaBraM)."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegssl.encoder.account import hidden_flops
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.epilepsyfm import EpilepsyFM
from eegssl.errors import InputError
from eegssl.objectives.code_loss import code_loss
from eegssl.objectives.code_scores import CodeScores, hits
from eegssl.objectives.config import CodesConfig
from eegssl.objectives.grain import Grain, GrainPlan
from eegssl.objectives.objective import Known, Objective, ObjectiveOutput, Scorer

_VISIBLE = "codes.visible"


class MaskedCodes(Objective):
    """A linear head over the K codes that reads the hidden patches only."""

    def __init__(self, encoder: Encoder, config: CodesConfig, known: Known) -> None:
        super().__init__(encoder, config, known)
        self.config = config
        self.head = nn.Linear(encoder.config.width, known.n_codes)
        self.unit = "patches" if config.symmetric else "hidden"
        self.drawn = (_VISIBLE,) if config.symmetric else ()
        self._train_counts = known.code_counts

    def forward(self, grain: Grain) -> ObjectiveOutput:
        """Cross-entropy (nats) of the codes of hidden patches.

        With ``symmetric`` a second pass hides the complement, and every patch counts once. Terms:
        ``accuracy``, ``top5`` (the code is among the five likeliest), ``most_frequent_accuracy``
        (always predicting the code most frequent among these patches), ``ratio`` (hidden of all
        patches, in the first pass).
        """
        if grain["codes"].shape != grain["mask"].shape:
            raise InputError(
                f"expected codes and mask of one shape [B, C, N]; "
                f"got {tuple(grain['codes'].shape)} and {tuple(grain['mask'].shape)}"
            )
        rows, places = [grain.hidden], [grain["hidden"]]
        if self.config.symmetric:
            places.append(grain[_VISIBLE])
            given = grain["signal_uv"], *grain.geometry, ~grain["mask"], places[1]
            rows.append(grain.encoder.hidden(*given))
        truth = grain["codes"].flatten().index_select(0, torch.cat(places))
        total, first = code_loss(torch.cat(rows), self.head, truth)
        loss = total / max(len(truth), 1)
        ratio = grain["mask"].float().mean()
        return ObjectiveOutput(loss, hits(first, truth, self.head.out_features) | {"ratio": ratio})

    def draw(self, plan: GrainPlan) -> Mapping[str, NDArray[np.generic]]:
        """The places of visible patches, which the second pass predicts."""
        if not self.config.symmetric:
            return {}
        assert plan.mask is not None
        return {_VISIBLE: np.flatnonzero(~plan.mask)}

    def flops(self, encoder: Encoder, shape: tuple[int, int, int], n_hidden: int) -> float | None:
        """Operations of `forward`; None for an encoder that is not counted."""
        if not isinstance(encoder, EpilepsyFM):
            return None
        n_windows, channels, patches = shape
        passes, predicted = n_windows, n_hidden
        if self.config.symmetric:
            passes, predicted = 2 * n_windows, n_windows * channels * patches
        none, one = (hidden_flops(encoder, channels, patches, n) for n in (0, 1))
        head = 2 * self.head.in_features * self.head.out_features
        return passes * none + predicted * (one - none + head)

    def predicted_codes(self, grain: Grain) -> Tensor:
        """The likeliest codes of all patches, [B, C, N]."""
        return self.head(grain.masked).argmax(dim=-1)

    def scorer(self) -> "Scorer":
        """Accuracies by region and band, beside those of constants known from training."""
        return _CodeScorer(self, self._train_counts)


class _CodeScorer(Scorer):
    """`CodeScores` of a head's predictions."""

    def __init__(self, objective: MaskedCodes, train_counts: NDArray[np.int64] | None) -> None:
        self._head = objective.head
        n_codes = objective.head.out_features
        self._counts = np.zeros(n_codes, np.int64) if train_counts is None else train_counts
        self._scores: CodeScores | None = None

    def add(self, grain: Grain, groups: Mapping[str, NDArray[np.bool_]]) -> None:
        """Count the hidden patches of a grain."""
        if self._scores is None:
            self._scores = CodeScores(self._counts, tuple(groups))
        hidden = grain["hidden"]
        members = np.stack([member.ravel()[hidden.cpu().numpy()] for member in groups.values()], -1)
        self._scores.add(self._head(grain.hidden), grain["codes"].flatten()[hidden], members)

    def numbers(self, suffix: str) -> dict[str, float]:
        """As `CodeScores.numbers`."""
        assert self._scores is not None
        return self._scores.numbers(suffix)

"""Predict the next patch of every channel from all channels so far.

As language models predict the next token, and Hypnos (arXiv 2606.09605) the codes of biosignals.
The encoder must be causal. Ours: all channels of a moment come at once, each predicts its own next
patch, and what is predicted is a code, or a spectrum.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegssl.encoder.account import forward_flops
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.epilepsyfm import EpilepsyFM
from eegssl.objectives.code_loss import code_loss
from eegssl.objectives.code_scores import CodeScores, hits
from eegssl.objectives.config import AutoregressiveConfig
from eegssl.objectives.grain import Grain
from eegssl.objectives.objective import Known, Objective, ObjectiveOutput, Scorer
from eegssl.objectives.targets.reconstruction_scores import ReconstructionScores
from eegssl.objectives.targets.signal_targets import SignalTargets


class Autoregressive(Objective):
    """A linear head that reads the embedding of a patch and predicts the next one."""

    def __init__(self, encoder: Encoder, config: AutoregressiveConfig, known: Known) -> None:
        super().__init__(encoder, config, known)
        self.unit = "patches"
        self.learns_targets = config.target == "patch"
        self.targets = SignalTargets("spectrum", encoder.config) if self.learns_targets else None
        n_outputs = self.targets.size if self.targets else known.n_codes
        self.head = nn.Linear(encoder.config.width, n_outputs)
        self._train_counts = known.code_counts

    def forward(self, grain: Grain) -> ObjectiveOutput:
        """Cross-entropy (nats) of the next codes, or mean absolute error of the next spectra.

        Terms of codes: ``accuracy``, ``top5``, ``most_frequent_accuracy`` as of masked codes, and
        ``repeat_accuracy`` of saying that the last code comes again. Of spectra: ``constant_loss``
        of the training mean, and ``repeat_loss`` of the last patch again.
        """
        if self.targets is not None:
            spectra = self.spectra(grain)
            losses = self.losses(spectra, self.predictions(grain))
            return ObjectiveOutput(losses.pop("loss"), losses)
        codes = grain["codes"]
        truth, last = codes[:, :, 1:].flatten(), codes[:, :, :-1].flatten()
        total, first = code_loss(self.rows(grain), self.head, truth)
        terms = hits(first, truth, self.head.out_features)
        terms["repeat_accuracy"] = (last == truth).sum() / len(truth)
        return ObjectiveOutput(total / len(truth), terms)

    def rows(self, grain: Grain) -> Tensor:
        """Embeddings [M, D] of all patches that another one follows."""
        return grain.whole[:, :, :-1].flatten(0, 2)

    def predictions(self, grain: Grain) -> Tensor:
        """Likelihoods of the next codes, or the next spectra: [M, K]."""
        predicted: Tensor = self.head(self.rows(grain))
        return predicted

    @torch.no_grad()
    def spectra(self, grain: Grain) -> Tensor:
        """Standardised spectra of all patches, [B, C, N, K]."""
        assert self.targets is not None
        with torch.autocast(grain.device.type, enabled=False):
            standardised: Tensor = self.targets(grain.patches_uv)
            return standardised

    def losses(self, spectra: Tensor, predicted: Tensor) -> dict[str, Tensor]:
        """Mean absolute errors in deviations, each band of equal weight: ``loss`` and terms."""
        assert self.targets is not None
        share, following = self.targets.share.to(spectra.dtype), spectra[:, :, 1:].flatten(0, 2)
        guesses = {
            "loss": predicted.to(spectra.dtype),
            "constant_loss": torch.zeros_like(following),
            "repeat_loss": spectra[:, :, :-1].flatten(0, 2),
        }
        with torch.autocast(spectra.device.type, enabled=False):
            return {n: ((guess - following).abs() @ share).mean() for n, guess in guesses.items()}

    def begin(self, signal_uv: Sequence[Tensor]) -> None:
        """Learn mean and deviation of the spectra."""
        if self.targets is not None:
            self.targets.begin(signal_uv)

    def flops(self, encoder: Encoder, shape: tuple[int, int, int], n_hidden: int) -> float | None:
        """Operations of `forward`; None for an encoder that is not counted."""
        if not isinstance(encoder, EpilepsyFM):
            return None
        n_windows, channels, patches = shape
        window = sum(forward_flops(encoder, channels, patches).values())
        head = 2 * self.head.in_features * self.head.out_features
        return n_windows * (window + channels * (patches - 1) * head)

    def scorer(self) -> Scorer:
        """Accuracies of codes by region and band, or errors of spectra by band."""
        return _NextCodeScores(self, self._train_counts) if not self.targets else _Errors(self)


class _Errors(Scorer):
    """`ReconstructionScores` of the next spectra."""

    def __init__(self, objective: Autoregressive) -> None:
        assert objective.targets is not None
        self._objective = objective
        self._scores = ReconstructionScores(objective.targets.members)

    def add(self, grain: Grain, groups: Mapping[str, NDArray[np.bool_]]) -> None:
        """Count all patches of a grain but the first of each channel."""
        spectra, predicted = self._objective.spectra(grain), self._objective.predictions(grain)
        following = spectra[:, :, 1:].flatten(0, 2)
        self._scores.add(following, predicted, self._objective.losses(spectra, predicted))

    def numbers(self, suffix: str) -> dict[str, float]:
        """As `ReconstructionScores.numbers`."""
        return self._scores.numbers(suffix)


class _NextCodeScores(Scorer):
    """`CodeScores` of the next codes."""

    def __init__(self, objective: Autoregressive, train_counts: NDArray[np.int64] | None) -> None:
        self._objective = objective
        n_codes = objective.head.out_features
        self._counts = np.zeros(n_codes, np.int64) if train_counts is None else train_counts
        self._scores: CodeScores | None = None
        self._repeated, self._n = 0, 0

    def add(self, grain: Grain, groups: Mapping[str, NDArray[np.bool_]]) -> None:
        """Count all patches of a grain but the first of each channel."""
        if self._scores is None:
            self._scores = CodeScores(self._counts, tuple(groups))
        codes = grain["codes"]
        truth = codes[:, :, 1:].flatten()
        members = np.stack([member[:, :, 1:].ravel() for member in groups.values()], -1)
        self._scores.add(self._objective.predictions(grain), truth, members)
        self._repeated += int((codes[:, :, :-1].flatten() == truth).sum())
        self._n += len(truth)

    def numbers(self, suffix: str) -> dict[str, float]:
        """As `CodeScores.numbers`, with the loss of the codes' frequencies as ``constant_loss``;
        ``repeat_accuracy`` of saying that the last code comes again."""
        assert self._scores is not None
        scores = self._scores.numbers(suffix)
        scores[f"constant_loss{suffix}"] = scores.pop(f"unigram_loss{suffix}")
        return scores | {f"repeat_accuracy{suffix}": self._repeated / self._n}

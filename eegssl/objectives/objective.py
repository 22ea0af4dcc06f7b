"""Define what pretraining asks of an objective.

The training loop, validation and reports know objectives by this alone.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegssl.encoder.encoder import Encoder
from eegssl.objectives.grain import Grain, GrainPlan

Unit = Literal["hidden", "patches", "windows"]


@dataclass(frozen=True)
class ObjectiveOutput:
    """The loss to minimise, and its terms: detached scalars by name."""

    loss: Tensor
    terms: dict[str, Tensor]


@dataclass(frozen=True)
class Known:
    """What is known of the training data before the first step."""

    code_counts: NDArray[np.int64] | None = None
    """[K], how often each code occurs in the training windows; None without tokens."""
    n_codes: int = 0


class Objective(nn.Module, ABC):
    """One loss of pretraining, and the head that it needs on an encoder that others share.

    What takes part in checkpoints (a teacher, statistics of targets) is a parameter or a buffer.
    Random numbers are drawn in `draw`, so that a training is the same on any number of ranks.
    """

    unit: Unit = "windows"
    """What the means of `forward` are over."""
    of_whole_batch: bool = False
    """Whether a step's loss is of all its windows together, and not the mean of its grains'."""

    reads_masked: bool = False
    """Whether it reads `Grain.masked`, of which hidden patches are then taken too."""
    learns_targets: bool = False
    """Whether `begin` is to be called."""
    drawn: tuple[str, ...] = ()
    """Names of what `draw` gives, each begins with the objective's."""

    def __init__(self, encoder: Encoder, config: Any, known: Known) -> None:
        """Make the head for ``encoder``, which is not to be kept as a part of this module."""
        super().__init__()

    @abstractmethod
    def forward(self, grain: Grain) -> ObjectiveOutput:
        """Loss and terms of a grain, means over what `unit` says."""

    def together(self, grains: Sequence[Grain]) -> ObjectiveOutput:
        """This rank's share of the loss and terms of a whole batch, of which it has these grains.

        The shares of all ranks add up to the loss. Only where `of_whole_batch`.
        """
        raise NotImplementedError

    def draw(self, plan: GrainPlan) -> Mapping[str, NDArray[np.generic]]:
        """Random and other numbers of a grain, which gets them as tensors: arrays by name.

        Runs where the grain is read, so that they depend on nothing but the plan.
        """
        return {}

    @torch.no_grad()
    def begin(self, signal_uv: Sequence[Tensor]) -> None:
        """Learn statistics of targets from training windows, each [n, C, T], before the first step;
        the same on all ranks."""

    @torch.no_grad()
    def end(self, encoder: Encoder) -> None:
        """Let what learns without a gradient follow an update of the encoder."""

    def scorer(self) -> "Scorer":
        """What gathers scores of validation windows."""
        return MeanScores(self)

    def flops(self, encoder: Encoder, shape: tuple[int, int, int], n_hidden: int) -> float | None:
        """Operations of the matrix products of `forward` on B windows, C channels, N patches.

        A multiplication with its addition counts as two; None: not counted.
        """
        return None

    def step_flops(
        self, encoder: Encoder, shape: tuple[int, int, int], n_hidden: int
    ) -> float | None:
        """Operations of a training step: three times those of `flops`, since the backward pass
        takes twice as many as the forward one."""
        forward = self.flops(encoder, shape, n_hidden)
        return None if forward is None else 3 * forward

    def predicted_codes(self, grain: Grain) -> Tensor | None:
        """The likeliest codes [B, C, N] of all patches, for the report; None: it predicts none."""
        return None


class Scorer(ABC):
    """Gathers scores of validation windows."""

    @abstractmethod
    def add(self, grain: Grain, groups: Mapping[str, NDArray[np.bool_]]) -> None:
        """Count a grain; ``groups`` are patches [B, C, N] by name (a region, a band)."""

    @abstractmethod
    def numbers(self, suffix: str) -> dict[str, float]:
        """Scores by name, ``loss`` among them, each name followed by ``suffix``; after a further
        underscore those of a group."""


class MeanScores(Scorer):
    """Means of an objective's loss and terms over validation windows."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._sums: dict[str, float] = {}
        self._n = 0

    def add(self, grain: Grain, groups: Mapping[str, NDArray[np.bool_]]) -> None:
        """Count a grain, by its number of windows, patches or hidden patches."""
        objective = self._objective
        output = objective.together([grain]) if objective.of_whole_batch else objective(grain)
        n = count(objective.unit, grain.shape, grain.n_hidden)
        for name, value in ({"loss": output.loss} | output.terms).items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value) * n
        self._n += n

    def numbers(self, suffix: str) -> dict[str, float]:
        """Means by name."""
        return {f"{name}{suffix}": value / self._n for name, value in self._sums.items()}


def count(unit: Unit, shape: tuple[int, int, int], n_hidden: int) -> int:
    """Number of ``unit`` in a grain of B windows, C channels and N patches."""
    return {"windows": shape[0], "patches": math.prod(shape), "hidden": n_hidden}[unit]

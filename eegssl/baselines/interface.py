"""Define what every baseline is fitted on and what it returns."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from eegssl.baselines.config import BaselinesConfig
from eegssl.corpus.labelled import LabelledWindows
from eegssl.scoring.config import ThresholdCriterion
from eegssl.scoring.number_scores import number_scores
from eegssl.scoring.threshold import choose_threshold
from eegssl.scoring.window_scores import window_scores

_TINY = 1e-12  # probability of a class that a system calls impossible


class System(Protocol):
    """A fitted baseline: it predicts classes of windows, or their numbers."""

    @property
    def threshold(self) -> float | None:
        """Windows of two classes are positive from this probability on."""

    @property
    def n_parameters(self) -> int:
        """Numbers that were fitted."""

    def predict(self, labelled: LabelledWindows) -> NDArray[float64]:
        """Class probabilities [n, classes] of windows, or their numbers [n, 1]; their labels are
        not read."""


@dataclass(frozen=True)
class BaselineInputs:
    """Training windows, validation windows (early stopping, threshold), and the settings."""

    train: LabelledWindows
    val: LabelledWindows
    classes: tuple[str, ...]
    """Their names; empty for a task of numbers."""
    monitor: str
    """The validation score by which weights and rounds are chosen."""
    event_types: tuple[str, ...]
    """Events of these types say what each sample is; without, it is what its window is."""
    seed: int
    config: BaselinesConfig
    criterion: ThresholdCriterion
    say: Callable[[str], None]
    """Takes a line on how the fit goes."""

    def score(self, probabilities: NDArray[float64]) -> float:
        """The task's monitored score of the validation windows; -inf where it is undefined.

        Of numbers that are all the same the rank correlation counts as 0.
        """
        if not self.classes:
            rank = number_scores(self.val.truth, probabilities[:, 0])["spearman"]
            return 0.0 if rank is None else float(rank)
        scores = window_scores(self.val.truth, probabilities, None, self.classes)
        score = scores[self.monitor]
        return -math.inf if score is None else float(score)

    def unit_weights(self) -> NDArray[float64]:
        """Weights [n] of training windows that weight units alike; their mean is 1."""
        weight = self.train.balanced(0)
        return weight / weight.mean()

    def merit(self, answers: NDArray[float64]) -> tuple[float, float]:
        """Rank answers [n, K] for the validation windows by score, of equals by lower loss."""
        truth = self.val.truth
        if not self.classes:
            return self.score(answers), -float(((answers[:, 0] - truth) ** 2).mean())
        chance = answers[np.arange(len(truth)), truth.astype(np.int64)]
        return self.score(answers), float(np.log(np.maximum(chance, _TINY)).mean())

    def threshold(self, system: System) -> float | None:
        """The best one on the validation windows; None unless there are two classes."""
        if len(self.classes) != 2:
            return None
        positive = system.predict(self.val)[:, 1]
        return choose_threshold(self.val.truth, positive, self.criterion).value

"""Give the training loop batches of labelled windows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eegssl.adaptation.classifier import Classifier
from eegssl.corpus.labelled import LabelledWindows
from eegssl.tasks.labels.learning.label_loss import Target, counted, label_loss
from eegssl.training.batches import to_tensors
from eegssl.training.features import Features, as_read
from eegssl.training.fitting.steps import Part, Steps, of_this_rank

GRAIN = 32
"""Windows that go through the model together. Ours."""
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Truth:
    """What the windows teach."""

    values: Tensor
    """Classes, -1 where none is known, or numbers: [n] or [n, N]."""
    possible: Tensor | None
    """Which classes each label allows, [n, K]; None where each names one."""
    class_weights: Tensor | None
    """[K]; None where all count alike."""

    def at(self, index: NDArray[np.int64]) -> tuple[Tensor, Tensor | None]:
        """Values and allowed classes of these windows."""
        at = torch.from_numpy(index)
        return self.values[at], None if self.possible is None else self.possible[at]


class LabelSteps(Steps):
    """Steps of a fine-tuning: a part is some windows of a step, and counts their known labels.

    Where the encoder trains, a part holds EEG; else the places of windows whose features are kept.
    """

    def __init__(
        self,
        classifier: Classifier,
        features: Features,
        train: LabelledWindows,
        truth: Truth,
        chances: NDArray[np.float64],
        batch_size: int,
        seed: int,
    ) -> None:
        self.classifier, self.features, self.truth = classifier, features, truth
        self.windows, self.chances = train.windows, chances
        self.read_of = as_read(classifier, train.windows)
        self.batch_size, self.seed = batch_size, seed
        self.window_s = train.windows.window_s
        self.target: Target = "number" if classifier.n_outputs == 1 else "classes"

    def read(self, step: int) -> list[Part]:
        """This rank's part of a step's windows, with their labels."""
        parts = []
        for index in of_this_rank(self._grains(step)):
            values, possible = self.truth.at(index)
            count = counted(values, possible, self.target, self.truth.class_weights)
            labels = (values,) if possible is None else (values, possible)
            if self.classifier.frozen:
                parts.append(Part(labels, count, len(index), (index,)))
            else:
                inputs = to_tensors(self.read_of.batch(index), _CPU)
                parts.append(Part((*inputs, *labels), count, len(index)))
        return parts

    def terms(self, *inputs: Any) -> dict[str, Tensor]:
        """The loss, and of classes the accuracy."""
        n_inputs = 1 if self.classifier.frozen else 4
        source, labels = inputs[:n_inputs], inputs[n_inputs:]
        values, possible = (*labels, None)[:2]
        assert isinstance(values, Tensor)
        frozen = self.classifier.frozen
        embedded = self.features(*source) if frozen else self.classifier.embed(*source)
        logits = self.classifier.classify(embedded)
        weights = self.truth.class_weights
        weights = None if weights is None else weights.to(logits.device, non_blocking=True)
        terms = {"loss": label_loss(logits, values, possible, self.target, weights)}
        if self.target == "classes":
            correct, known = logits.argmax(dim=-1) == values, (values >= 0).sum()
            terms["accuracy"] = correct.sum() / known.clamp(min=1)
        return terms

    def names(self, step: int) -> list[str]:
        """The ids of the recordings of a step's windows."""
        return self.windows.names(np.concatenate(self._grains(step)))

    def _grains(self, step: int) -> list[NDArray[np.int64]]:
        index = self.windows.draw(self.batch_size, seed=self.seed, step=step, weights=self.chances)
        return np.split(index, range(GRAIN, len(index), GRAIN))

"""Scale a task's numbers to mean 0 and deviation 1 in training."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.labelled import LabelledWindows


@dataclass(frozen=True)
class NumberScale:
    """Mean and standard deviation of the training labels, each unit counting once."""

    mean: float
    sd: float

    @classmethod
    def of(cls, train: LabelledWindows) -> "NumberScale":
        """The scale of these labels; a deviation of 0 counts as 1."""
        values = train.unit_truth if train.units else train.truth
        return cls(float(np.mean(values)), float(np.std(values)) or 1.0)

    def scaled(self, truth: NDArray[np.floating]) -> NDArray[np.float64]:
        """Labels [n] as a head is trained on them."""
        return (np.asarray(truth, dtype=np.float64) - self.mean) / self.sd

    def unscaled(self, outputs: NDArray[np.floating]) -> NDArray[np.float64]:
        """A head's outputs [n], in the unit of the labels."""
        return np.asarray(outputs, dtype=np.float64) * self.sd + self.mean

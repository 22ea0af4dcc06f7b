"""Hold labelled windows, and average answers over their units."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat

from eegssl.artifacts.json_parts import EXACT
from eegssl.corpus.windows import Windows
from eegssl.scoring.hierarchy import UNKNOWN
from eegssl.scoring.means import first_places, means_by_unit


@dataclass(frozen=True)
class Unit:
    """An event, a recording or a patient, to which one label belongs; ids are hashed.

    ``recording`` is empty for a patient; ``kind`` is an event's type, empty for anything else.
    """

    __pydantic_config__ = EXACT
    id: str
    recording: str
    subject: str
    onset_s: NonNegativeFloat
    duration_s: NonNegativeFloat
    kind: str = ""


@dataclass(frozen=True)
class LabelledWindows:
    """Windows with their labels.

    ``truth`` [n] is an index into the task's classes (-1: not decided between them), a float for
    a task of numbers, or [n, N] for a task of N seconds a window. ``unit`` [n] is an index into
    ``units``; these are empty where each window (or second) stands for itself. ``possible``
    [n, K] says which classes a label allows, for types of events; else None.
    """

    windows: Windows
    truth: NDArray[Any]
    unit: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    units: tuple[Unit, ...] = ()
    possible: NDArray[np.bool_] | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Reason why something labelled is not among the windows -> how often."""

    def __post_init__(self) -> None:
        if len(self.unit) != len(self.truth):
            object.__setattr__(self, "unit", np.arange(len(self.truth)))

    def __len__(self) -> int:
        return len(self.truth)

    def counts(self, n_classes: int) -> NDArray[np.int64]:
        """[n_classes], windows (or seconds) of each class that are known to be of it."""
        return _counts(self.truth, n_classes)

    @property
    def unit_truth(self) -> NDArray[Any]:
        """The truth [U] of each unit."""
        return self.truth[first_places(self.unit)]

    def subset(self, keep: NDArray[np.int64]) -> "LabelledWindows":
        """The windows at these places, in this order; units without any are left out."""
        units, unit = np.unique(self.unit[keep], return_inverse=True)
        return replace(
            self,
            windows=self.windows.subset(keep),
            truth=self.truth[keep],
            unit=unit.astype(np.int64),
            units=tuple(self.units[k] for k in units) if self.units else (),
            possible=None if self.possible is None else self.possible[keep],
        )

    def known(self) -> "LabelledWindows":
        """The windows whose class is decided."""
        return self.subset(np.flatnonzero(self.truth != UNKNOWN))

    def balanced(self, n_classes: int) -> NDArray[np.float64]:
        """Weights [n] for drawing windows: equal for classes, and for units within a class.

        A partly known unit counts with a share for each class that it may be of, one that may be
        of any class not at all; a window of seconds by the mean weight of its seconds' classes.
        Numbers (``n_classes`` 0): equal for units.
        """
        if self.truth.ndim == 2:
            counts = np.maximum(self.counts(n_classes), 1)
            return np.where(self.truth >= 0, 1.0 / counts[self.truth], 0.0).mean(axis=1)
        within = 1.0 / np.bincount(self.unit)[self.unit] if self.units else np.ones(len(self))
        if n_classes == 0:
            return within
        return _alike(self.allowed(n_classes), within)

    def row_weights(self, n_classes: int) -> NDArray[np.float64]:
        """Weights of windows [n], or of seconds [n * N], that weigh classes alike, and units within
        a class."""
        if self.truth.ndim == 1:
            return self.balanced(n_classes)
        return _alike(self.allowed(n_classes), np.ones(self.truth.size))

    def by_unit(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """The mean [U, ...] over each unit's windows of values [n, ...]."""
        if not self.units:
            return np.asarray(values, dtype=np.float64)
        return means_by_unit(np.asarray(values, dtype=np.float64), self.unit)

    def allowed(self, n_classes: int) -> NDArray[np.float64]:
        """[n, K], or [n * N, K] of seconds: 1 for each class that a label may mean, else 0; all 0
        where it may mean any."""
        truth = self.truth.astype(np.int64).ravel()
        allowed = truth[:, None] == np.arange(n_classes) if self.possible is None else self.possible
        return (allowed & ~allowed.all(axis=1, keepdims=True)).astype(np.float64)


def _alike(allowed: NDArray[np.float64], within: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights [n] that make the sum of ``within`` [n] the same for all classes; a label counts with
    an equal share for each class that it allows."""
    share = allowed / np.maximum(allowed.sum(axis=1, keepdims=True), 1) * within[:, None]
    total = share.sum(axis=0)
    return np.asarray(share @ np.divide(1.0, total, out=np.zeros(len(total)), where=total > 0))


def _counts(truth: NDArray[Any], n_classes: int) -> NDArray[np.int64]:
    flat = truth.astype(np.int64).ravel()
    return np.bincount(flat[flat >= 0], minlength=n_classes)

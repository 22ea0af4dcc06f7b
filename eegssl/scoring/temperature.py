"""Choose the temperature that calibrates probabilities, on validation windows.

After Guo et al. (ICML 2017); with Platt's targets (1999) in place of 0 and 1, which keep it from
running to 0 where validation windows are separated without an error.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from eegssl.artifacts.json_parts import EXACT, Count

_BOUNDS = (np.log(0.02), np.log(50.0))


@dataclass(frozen=True)
class Temperature:
    """A divisor of logits, and the mean loss on validation windows without and with it.

    ``balanced``: in that mean each class has the same weight.
    """

    __pydantic_config__ = EXACT
    value: Annotated[float, Field(gt=0)]
    loss_before: float
    loss_after: float
    n_windows: Count
    balanced: bool


def choose_temperature(
    logits: NDArray[np.floating], truth: NDArray[np.integer], *, balanced: bool
) -> Temperature | None:
    """The temperature of ``logits`` [n, K] with the least cross-entropy to ``truth`` [n].

    ``balanced`` weighs each class alike, for logits that were trained so: a temperature can't undo
    that weighting, and would flatten every probability instead (ours). Windows without a label (-1)
    are left out; None where nothing is labelled. The order of two-class probabilities stays as it
    was.
    """
    has_label = truth >= 0
    labels, labelled = truth[has_label], np.asarray(logits, dtype=np.float64)[has_label]
    if not len(labels):
        return None
    n_classes = labelled.shape[1]
    counts = np.bincount(labels, minlength=n_classes)
    weights = 1 / counts[labels] if balanced else np.ones(len(labels))
    weights /= weights.sum()
    off_target = (1 / (counts + n_classes))[labels]
    targets = np.repeat(off_target[:, None], n_classes, axis=1)
    targets[np.arange(len(labels)), labels] += 1 - n_classes * off_target

    def loss(log_value: float) -> float:
        each = (targets * log_softmax(labelled / np.exp(log_value), axis=1)).sum(axis=1)
        return float(-weights @ each)

    best = minimize_scalar(loss, bounds=_BOUNDS, method="bounded", options={"xatol": 1e-6})
    value = float(np.exp(best.x))
    return Temperature(value, loss(0.0), loss(float(best.x)), len(labels), balanced)

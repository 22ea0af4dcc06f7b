"""The temperature that makes probabilities mean what they say, chosen on validation windows.

After Guo et al. (ICML 2017); with Platt's targets (1999) in place of 0 and 1, which keep it from
running to 0 where validation windows are told apart without an error.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_BOUNDS = (np.log(0.02), np.log(50.0))


@dataclass(frozen=True)
class Temperature:
    """What logits are divided by, and the mean loss on validation windows without and with it.

    ``balanced``: in that mean each class weighed alike.
    """

    value: float
    loss_before: float
    loss_after: float
    n_windows: int
    balanced: bool

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return asdict(self)


def choose_temperature(
    logits: NDArray[np.floating], truth: NDArray[np.integer], *, balanced: bool
) -> Temperature | None:
    """The temperature of ``logits`` [n, K] with the least cross-entropy to ``truth`` [n].

    ``balanced`` lets each class weigh alike, for logits that were learned so: a temperature can't
    undo that, and would flatten every probability instead (ours). Windows without a label (-1)
    have no part in it; None where nothing is labelled. The order of two-class probabilities stays
    as it was.
    """
    known = truth >= 0
    wanted, given = truth[known], np.asarray(logits, dtype=np.float64)[known]
    if not len(wanted):
        return None
    n_classes = given.shape[1]
    counts = np.bincount(wanted, minlength=n_classes)
    weights = 1 / counts[wanted] if balanced else np.ones(len(wanted))
    weights /= weights.sum()
    others = (1 / (counts + n_classes))[wanted]
    targets = np.repeat(others[:, None], n_classes, axis=1)
    targets[np.arange(len(wanted)), wanted] += 1 - n_classes * others

    def loss(log_value: float) -> float:
        each = (targets * log_softmax(given / np.exp(log_value), axis=1)).sum(axis=1)
        return float(-weights @ each)

    best = minimize_scalar(loss, bounds=_BOUNDS, method="bounded", options={"xatol": 1e-6})
    value = float(np.exp(best.x))
    return Temperature(value, loss(0.0), loss(float(best.x)), len(wanted), balanced)

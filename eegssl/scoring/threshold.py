"""Choose the decision threshold on validation windows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.scoring.config import ThresholdCriterion


@dataclass(frozen=True)
class Threshold:
    """A threshold and its origin: a window is positive if its probability >= ``value``."""

    value: float
    criterion: str = "not chosen"
    score: float | None = None
    n_windows: int = 0
    n_positive: int = 0


def choose_threshold(
    truth: NDArray[np.integer],
    probability: NDArray[np.floating],
    criterion: ThresholdCriterion = "balanced_accuracy",
) -> Threshold:
    """The score among ``probability`` [n] that maximises the criterion on ``truth`` [n] (0, 1).

    Candidates are the unique scores. Among equally good ones the highest is taken, which alarms
    least (ours). Raises InputError when the windows hold one class only or a score is not finite.
    """
    truth = np.asarray(truth)
    scores = np.asarray(probability, dtype=np.float64)
    _check(truth, scores)
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last_of_score = np.append(ordered[1:] != ordered[:-1], True)
    tp = np.cumsum(truth[order] == 1)[last_of_score]
    fp = np.flatnonzero(last_of_score) + 1 - tp
    positives = int(np.sum(truth == 1))
    negatives = len(truth) - positives
    if criterion == "balanced_accuracy":
        # Integers, so that equal scores compare as equal: (tp/P + tn/N)/2 times 2PN.
        merit = tp * negatives + (negatives - fp) * positives
        scale = 2 * positives * negatives
    else:
        merit, scale = 2 * tp / (tp + fp + positives), 1
    best = int(np.argmax(merit))  # the first, and candidates descend: the highest threshold
    return Threshold(
        value=float(ordered[last_of_score][best]),
        criterion=criterion,
        score=float(merit[best] / scale),
        n_windows=len(truth),
        n_positive=positives,
    )


def _check(truth: NDArray[np.integer], probability: NDArray[np.float64]) -> None:
    """Raise InputError for windows that no threshold can be chosen from."""
    if truth.ndim != 1 or truth.shape != probability.shape:
        raise InputError(
            f"got truth {truth.shape} and probabilities {probability.shape}; expected [n] twice."
        )
    if not np.all(np.isin(truth, (0, 1))):
        raise InputError("got labels other than 0 and 1; expected two classes for a threshold.")
    if len(np.unique(truth)) < 2:
        raise InputError(
            f"got {int(np.sum(truth == 1))} positive and {int(np.sum(truth == 0))} negative "
            "validation windows; expected some of both to choose a decision threshold. Give the "
            "validation split subjects with both classes, or more subjects."
        )
    if not np.all(np.isfinite(probability)):
        raise InputError("got a probability that is not finite; expected finite ones.")

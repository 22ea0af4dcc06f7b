"""Choose the decision threshold on validation windows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.json_parts import EXACT, Count, Share
from eegssl.errors import InputError
from eegssl.scoring.config import ThresholdCriterion

FEWEST_WINDOWS = 30
"""Ours: with fewer of a class, the share of it that a threshold lets through is not known to .1
(its standard error is .09 at a half), even if windows were independent."""
_TINY = 1e-6  # probability; nearer to 0 and 1 logits are taken as equal


@dataclass(frozen=True)
class Threshold:
    """A threshold and its origin: a window is positive if its probability >= ``value``."""

    __pydantic_config__ = EXACT
    value: Share
    criterion: str = "not chosen"
    score: float | None = None
    n_windows: Count = 0
    n_positive: Count = 0


def choose_threshold(
    truth: NDArray[np.integer],
    probability: NDArray[np.floating],
    criterion: ThresholdCriterion = "balanced_accuracy",
) -> Threshold:
    """Choose the threshold of ``probability`` [n] that is best for ``truth`` [n] of 0 and 1.

    It lies in the middle, in logits, of the gap between two neighbouring scores: an observed score
    would be the very last that is positive, and others like it lie below (ours). Of equally
    good gaps the widest is taken, of equally wide ones the highest. Where all windows are to be
    positive it is the lowest score. Raises InputError when the windows hold one class only or a
    score is not finite.
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
    return Threshold(
        value=_in_widest_gap(ordered[last_of_score], merit == merit.max()),
        criterion=criterion,
        score=float(merit.max() / scale),
        n_windows=len(truth),
        n_positive=positives,
    )


def concerns(threshold: Threshold | None) -> list[str]:
    """A warning where few validation windows of a class decided the threshold."""
    if threshold is None or not threshold.n_windows:
        return []
    positive, negative = threshold.n_positive, threshold.n_windows - threshold.n_positive
    if min(positive, negative) >= FEWEST_WINDOWS:
        return []
    return [
        f"the decision threshold was chosen on {positive} positive and {negative} negative "
        f"validation windows, expected at least {FEWEST_WINDOWS} of either: scores that need a "
        "decision (balanced accuracy, sensitivity, F1) may be far from what the AUROC promises; "
        "give the validation split more subjects"
    ]


def _in_widest_gap(scores: NDArray[np.float64], good: NDArray[np.bool_]) -> float:
    """The middle of the widest gap below one of the ``good`` of the unique ``scores`` [u].

    Scores descend; below the last one there is no gap.
    """
    clipped = np.clip(scores, _TINY, 1 - _TINY)
    logits = np.log(clipped) - np.log1p(-clipped)
    gaps = np.append(logits[:-1] - logits[1:], 0.0)
    k = int(np.argmax(np.where(good, gaps, -1.0)))
    if k + 1 == len(scores):
        return float(scores[k])
    middle = float(1 / (1 + np.exp(-(logits[k] + logits[k + 1]) / 2)))
    return middle if scores[k + 1] < middle <= scores[k] else float(scores[k])


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

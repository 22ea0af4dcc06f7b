"""Score classified windows: discrimination, decisions and calibration.

A score that is undefined (a subject without a seizure has no sensitivity) is ``None``, and the
reason stands under the key ``undefined``; it is never NaN, 0 or an exception. Two classes: class
1 is the positive one. Three or more: macro averages over the classes that occur in the truth
(ours; the absent ones are named). Definitions are scikit-learn's where it has one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    cohen_kappa_score,
    f1_score,
    recall_score,
    roc_auc_score,
)

from eegssl.errors import InputError
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.counts import mean_of_subjects

Thresholds = float | NDArray[np.floating] | None
"""One threshold for all windows, one for each [n] (models of several folds), or none."""
Scores = dict[str, Any]
"""Name -> number or None, and the keys ``n_per_class``, ``decision``, ``undefined`` ...."""

METRICS = (
    "balanced_accuracy",
    "auroc",
    "auc_pr",
    "f1",
    "macro_f1",
    "weighted_f1",
    "cohen_kappa",
    "sensitivity",
    "specificity",
    "brier",
    "ece",
)
"""The scores of ``window_scores`` that are numbers or None, in the order of the tables."""


def window_scores(
    truth: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    threshold: Thresholds,
    classes: Sequence[str],
    config: ScoringConfig = ScoringConfig(),
) -> Scores:
    """Every window score of one set of windows.

    ``truth`` [n] are class indices, ``probabilities`` [n, n_classes] rows that sum to 1. With a
    ``threshold`` (two classes only; one for all, or [n]) a window is positive if its probability
    of class 1 is at least the threshold; without, the most probable class is taken. Raises
    InputError for arrays that do not fit each other, values that are no probabilities, and no
    windows at all.
    """
    truth, p = _checked(truth, probabilities, classes)
    predicted = decide(p, threshold)
    counts = np.bincount(truth, minlength=len(classes))
    scores: Scores = {
        "n": len(truth),
        "n_per_class": {name: int(n) for name, n in zip(classes, counts, strict=True)},
        "decision": _decision_words(threshold, classes),
        "ece_bins": config.calibration_bins,
    }
    undefined: dict[str, str] = {}
    for metric in METRICS:
        value, reason = _score(metric, truth, predicted, p, classes, config)
        scores[metric] = value
        if reason:
            undefined[metric] = reason
    absent = [name for name, n in zip(classes, counts, strict=True) if n == 0]
    if len(classes) > 2 and absent:
        scores["classes_absent"] = absent
    scores["undefined"] = undefined
    return scores


def no_scores(
    threshold: Thresholds, classes: Sequence[str], reason: str, config: ScoringConfig
) -> Scores:
    """Scores of windows of which none can be scored: no value, and the reason."""
    return {
        "n": 0,
        "n_per_class": dict.fromkeys(classes, 0),
        "decision": _decision_words(threshold, classes),
        "ece_bins": config.calibration_bins,
        **dict.fromkeys(METRICS),
        "undefined": dict.fromkeys(METRICS, reason),
    }


def per_subject(
    subjects: Sequence[str],
    truth: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    threshold: Thresholds,
    classes: Sequence[str],
    config: ScoringConfig = ScoringConfig(),
) -> dict[str, Scores]:
    """The window scores of each subject apart, subjects in sorted order; arrays are [n, ...]."""
    names = np.asarray(subjects, dtype=str)
    if len(names) != len(truth):
        raise InputError(f"got {len(names)} subjects for {len(truth)} windows; expected one each.")
    truth, probabilities = np.asarray(truth), np.asarray(probabilities)
    scores = {}
    for name in np.unique(names):
        inside = names == name
        own_threshold = thresholds_at(threshold, inside)
        scores[str(name)] = window_scores(
            truth[inside], probabilities[inside], own_threshold, classes, config
        )
    return scores


def subject_means(
    scores: Mapping[str, Scores], metrics: Sequence[str] = METRICS
) -> dict[str, Scores]:
    """Mean and standard deviation over subjects of each score, each subject counting once.

    Subjects whose score is undefined are left out of that score's mean; ``n_subjects`` says how
    many were in it. ``sd`` is None below two subjects.
    """
    return {
        metric: asdict(mean_of_subjects([s[metric] for s in scores.values()], "skip"))
        for metric in metrics
    }


def thresholds_at(threshold: Thresholds, places: NDArray[Any]) -> Thresholds:
    """The threshold of some windows, by their places [m] or a mask [n]."""
    return threshold[places] if isinstance(threshold, np.ndarray) else threshold


def decide(probabilities: NDArray[np.floating], threshold: Thresholds) -> NDArray[np.integer]:
    """The predicted class [n] of probabilities [n, n_classes]; ties go to the lower class."""
    if threshold is None:
        return np.argmax(probabilities, axis=1)
    if probabilities.shape[1] != 2:
        raise InputError(
            f"got a threshold for {probabilities.shape[1]} classes; a threshold decides between "
            "two. Give None to take the most probable class."
        )
    if not np.all(np.isfinite(threshold)):
        raise InputError(f"got the threshold {threshold}; expected a finite number.")
    return (probabilities[:, 1] >= threshold).astype(np.int64)


def calibration_error(
    confidence: NDArray[np.floating], correct: NDArray[np.floating], bins: int
) -> float:
    """Expected calibration error: mean |observed share - mean probability| over occupied bins.

    ``confidence`` [n] in [0, 1], ``correct`` [n] 0 or 1; equal-width bins, weighted by their
    counts (Naeini et al., AAAI 2015).
    """
    index = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gap = np.bincount(index, weights=correct - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(confidence))


def _score(
    metric: str,
    truth: NDArray[np.integer],
    predicted: NDArray[np.integer],
    p: NDArray[np.floating],
    classes: Sequence[str],
    config: ScoringConfig,
) -> tuple[float | None, str]:
    """One score and "", or None and the reason why it has no value."""
    if metric in ("brier", "ece"):
        return _probability_score(metric, truth, p, config), ""
    present = np.unique(truth)
    binary = len(classes) == 2
    if metric == "weighted_f1":
        return float(f1_score(truth, predicted, average="weighted", zero_division=0)), ""
    if metric == "macro_f1":
        return _macro_f1(truth, predicted, present), ""
    if binary and metric in ("f1", "sensitivity", "specificity"):
        return _binary_score(metric, truth, predicted, classes)
    if len(present) < 2:
        return None, f"only one class present: {classes[present[0]]}"
    if metric in ("auroc", "auc_pr"):
        rank = roc_auc_score if metric == "auroc" else average_precision_score
        one_versus_rest = [1] if binary else present  # the mean over classes of "this or another"
        mean = float(np.mean([rank(truth == k, p[:, k]) for k in one_versus_rest]))
        return min(mean, 1.0), ""  # sums of steps round above it
    if metric == "cohen_kappa":
        return float(cohen_kappa_score(truth, predicted)), ""
    if metric == "f1":
        return _macro_f1(truth, predicted, present), ""
    if metric == "specificity":
        rates = [np.mean(predicted[truth != k] != k) for k in present]
        return float(np.mean(rates)), ""
    # Balanced accuracy is the macro sensitivity (scikit-learn's definition, not adjusted).
    return float(recall_score(truth, predicted, labels=present, average="macro")), ""


def _macro_f1(
    truth: NDArray[np.integer], predicted: NDArray[np.integer], present: NDArray[np.integer]
) -> float:
    """The mean F1 of the classes that occur in the truth."""
    return float(f1_score(truth, predicted, labels=present, average="macro", zero_division=0))


def _binary_score(
    metric: str,
    truth: NDArray[np.integer],
    predicted: NDArray[np.integer],
    classes: Sequence[str],
) -> tuple[float | None, str]:
    """Sensitivity, specificity or F1 of class 1, which may exist when other scores do not."""
    tp = int(np.sum((truth == 1) & (predicted == 1)))
    positives, alarms = int(np.sum(truth == 1)), int(np.sum(predicted == 1))
    negatives = len(truth) - positives
    if metric == "sensitivity":
        return (tp / positives, "") if positives else (None, f"no {classes[1]} window")
    if metric == "specificity":
        rejected = negatives - (alarms - tp)
        return (rejected / negatives, "") if negatives else (None, f"no {classes[0]} window")
    if positives + alarms == 0:
        return None, f"no {classes[1]} window, and none predicted"
    return 2 * tp / (positives + alarms), ""


def _probability_score(
    metric: str, truth: NDArray[np.integer], p: NDArray[np.floating], config: ScoringConfig
) -> float:
    """Brier score or calibration error.

    Two classes: of the probability of class 1, Brier from 0 to 1. More: Brier summed over the
    classes (0 to 2), calibration of the most probable class.
    """
    if p.shape[1] == 2:
        event = (truth == 1).astype(np.float64)
        if metric == "brier":
            return float(np.mean((p[:, 1] - event) ** 2))
        return calibration_error(p[:, 1], event, config.calibration_bins)
    if metric == "brier":
        return float(np.mean(np.sum((p - np.eye(p.shape[1])[truth]) ** 2, axis=1)))
    hit = (np.argmax(p, axis=1) == truth).astype(np.float64)
    return calibration_error(p.max(axis=1), hit, config.calibration_bins)


def _checked(
    truth: NDArray[np.integer], probabilities: NDArray[np.floating], classes: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The arrays in one type, or an InputError that says what does not fit."""
    labels, p = np.asarray(truth), np.asarray(probabilities, dtype=np.float64)
    if len(classes) < 2 or labels.ndim != 1 or p.shape != (len(labels), len(classes)):
        raise InputError(
            f"got truth {labels.shape}, probabilities {p.shape} and {len(classes)} classes; "
            "expected [n], [n, n_classes] and at least two classes."
        )
    if len(labels) == 0:
        raise InputError("got no windows to score; expected at least one.")
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0:
        raise InputError("got truth that is no class index; expected integers from 0.")
    if labels.max() >= len(classes):
        raise InputError(f"got class index {labels.max()}; expected less than {len(classes)}.")
    # NaN fails these comparisons too, so a diverged model is refused and not scored.
    if not (np.all(p >= 0) and np.all(p <= 1) and np.all(np.abs(p.sum(axis=1) - 1) < 1e-3)):
        raise InputError(
            "got rows that are no probabilities; expected finite values in [0, 1] that sum to 1."
        )
    return labels.astype(np.int64), p


def _decision_words(threshold: Thresholds, classes: Sequence[str]) -> str:
    """Describe how a probability became a class."""
    if threshold is None:
        return "most probable class"
    if isinstance(threshold, np.ndarray):
        return f"{classes[1]} if its probability is at least the threshold of its fold's model"
    return f"{classes[1]} if its probability is at least {threshold:.6g}"

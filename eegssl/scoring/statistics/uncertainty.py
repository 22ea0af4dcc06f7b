"""Compute the intervals of an evaluation's scores, over patients.

Pooled scores and means over patients each have their own; exact intervals of counts, which take
every event as independent, stand beside them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.config import NanPolicy
from eegssl.scoring.events.counts import EVENT_METRICS, EventCounts, ScoringLevel
from eegssl.scoring.statistics.bootstrap import bootstrap_weighted, mean_of_patients, ratio_of_sums
from eegssl.scoring.statistics.intervals import Interval, binomial_interval, poisson_rate_interval
from eegssl.scoring.statistics.weighted import patient_curves
from eegssl.scoring.window_scores import Thresholds, decide

Intervals = dict[str, Interval]
"""Method (percentile, bca, or an exact one) -> interval."""


def window_intervals(
    subjects: Sequence[str],
    truth: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    threshold: Thresholds,
    *,
    seed: int,
    n_resamples: int,
) -> dict[str, Intervals]:
    """Intervals of pooled window scores; arrays [n, ...], one subject a window.

    Balanced accuracy and macro F1; of two classes also AUROC, AUC-PR, sensitivity, specificity.
    """
    names, patient = np.unique(np.asarray(subjects), return_inverse=True)
    truth, p = np.asarray(truth), np.asarray(probabilities, dtype=np.float64)
    decided = decide(p, threshold)
    hits = _hits(truth, decided, patient, len(names), p.shape[1])
    called = _hits(decided, decided, patient, len(names), p.shape[1])[..., 1]
    has_all_classes = (hits[..., 1] > 0).all(axis=1)

    def balanced(weights: NDArray[np.int64]) -> NDArray[np.float64]:
        right, total = weights @ hits[..., 0], weights @ hits[..., 1]
        occurs = total.sum(axis=0) > 0
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((right[:, occurs] / total[:, occurs]).mean(axis=1))

    def macro_f1(weights: NDArray[np.int64]) -> NDArray[np.float64]:
        right, total, predicted = weights @ hits[..., 0], weights @ hits[..., 1], weights @ called
        occurs = total > 0
        f1 = np.divide(2 * right, total + predicted, out=np.zeros_like(right), where=occurs)
        return np.asarray(f1.sum(axis=1) / occurs.sum(axis=1))

    often = {"seed": seed, "n_resamples": n_resamples}
    binary = p.shape[1] == 2
    positive = int((hits[:, 1, 1] > 0).sum())
    intervals = {
        name: bootstrap_weighted(
            score, len(names), n_with_score=deciding if binary else len(names), **often
        )
        for name, score, deciding in (
            ("balanced_accuracy", balanced, int(has_all_classes.sum())),
            ("macro_f1", macro_f1, positive),
        )
    }
    if not binary:
        return intervals
    curves = patient_curves(truth, p[:, 1], patient, len(names))
    for name, score in (("auroc", curves.auroc), ("auc_pr", curves.average_precision)):
        intervals[name] = bootstrap_weighted(
            score, len(names), n_with_score=curves.n_with_positives, **often
        )
    for name, k in (("sensitivity", 1), ("specificity", 0)):
        intervals[name] = ratio_of_sums(hits[:, k, 0], hits[:, k, 1], **often)
    return intervals


def level_intervals(
    level: ScoringLevel, unit: str, nan_policy: NanPolicy, *, seed: int, n_resamples: int
) -> dict[str, dict[str, Intervals]]:
    """Metric -> ``subject_mean``, ``pooled`` and ``exact`` intervals of one way of counting.

    What is counted in seconds (``unit`` "s") has no exact ones: seconds are no independent trials.
    """
    people = list(level.per_subject.values())
    often = {"seed": seed, "n_resamples": n_resamples}
    intervals: dict[str, dict[str, Intervals]] = {}
    for metric in EVENT_METRICS:
        values = [getattr(counts, metric) for counts in people]
        if nan_policy == "zero":
            values = [0.0 if value is None else value for value in values]
        parts = np.array([_parts(metric, counts) for counts in people]).reshape(-1, 2)
        intervals[metric] = {
            "subject_mean": mean_of_patients(values, **often),
            "pooled": ratio_of_sums(parts[:, 0], parts[:, 1], **often),
        }
        exact = _exact(metric, level.pooled)
        if exact is not None and unit == "events":
            intervals[metric]["exact"] = {exact.method: exact}
    return intervals


def as_plain(intervals: Any) -> Any:
    """Intervals at any depth of dictionaries as plain values for JSON."""
    if isinstance(intervals, Interval):
        return {name: value for name, value in vars(intervals).items() if value != ""}
    return {name: as_plain(value) for name, value in intervals.items()}


def _hits(
    truth: NDArray[np.integer],
    predicted: NDArray[np.integer],
    patient: NDArray[np.integer],
    n_patients: int,
    n_classes: int,
) -> NDArray[np.float64]:
    """Windows of each patient and true class that were called right, and all: [n, classes, 2]."""
    place = patient * n_classes + truth
    counts = [
        np.bincount(place, weights=weight, minlength=n_patients * n_classes)
        for weight in ((predicted == truth).astype(np.float64), np.ones(len(truth)))
    ]
    return np.stack(counts, axis=-1).reshape(n_patients, n_classes, 2).astype(np.float64)


def _parts(metric: str, counts: EventCounts) -> tuple[float, float]:
    """Numerator and denominator of a pooled score."""
    both = {
        "sensitivity": (counts.tp, counts.n_reference),
        "precision": (counts.tp, counts.tp + counts.fp),
        "f1": (2 * counts.tp, counts.n_reference + counts.tp + counts.fp),
        "fp_per_day": (counts.fp, counts.duration_s / 86400),
    }
    return both[metric]


def _exact(metric: str, pooled: EventCounts) -> Interval | None:
    """The exact interval of a pooled count; none for F1, which is no share of one count."""
    if metric == "fp_per_day":
        return poisson_rate_interval(pooled.fp, pooled.duration_s / 3600)
    if metric == "f1":
        return None
    k, n = _parts(metric, pooled)
    return binomial_interval(k, n)

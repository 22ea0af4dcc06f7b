"""Count detected and missed events and false alarms, and score them.

Counts add: recordings to a subject, subjects to the pool. Scores are computed after adding, and
averaged over subjects only. Scorers that give partial credit count fractions, others whole numbers.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from eegssl.errors import InputError
from eegssl.scoring.config import NanPolicy

EVENT_METRICS = ("sensitivity", "precision", "f1", "fp_per_day")

ILAE_COUNTS: dict[int, tuple[int, int]] = {1: (1, 1), 2: (10, 15), 3: (20, 30), 4: (50, 75)}
"""Phase -> the fewest patients with seizures, and the fewest seizures."""


@dataclass(frozen=True)
class EventCounts:
    """Counts of events, and the scores that follow; None where a score is undefined."""

    n_reference: float
    tp: float
    fp: float
    duration_s: float

    def __add__(self, other: "EventCounts") -> "EventCounts":
        return EventCounts(
            self.n_reference + other.n_reference,
            self.tp + other.tp,
            self.fp + other.fp,
            self.duration_s + other.duration_s,
        )

    @property
    def sensitivity(self) -> float | None:
        """Share of the reference that was found; None without any."""
        return self.tp / self.n_reference if self.n_reference else None

    @property
    def precision(self) -> float | None:
        """Share of the detections that were right; None without any."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both; None where there is nothing to find and nothing was found."""
        total = self.n_reference + self.tp + self.fp
        return 2 * self.tp / total if total else None

    @property
    def fp_per_day(self) -> float | None:
        """False positives per 24 h of recording."""
        return self.fp * 86400 / self.duration_s if self.duration_s else None

    def as_dict(self) -> dict[str, Any]:
        """Counts and scores as plain values."""
        counts = {"n_reference": self.n_reference, "tp": self.tp, "fp": self.fp}
        scores = {metric: getattr(self, metric) for metric in EVENT_METRICS}
        return {**counts, "duration_s": self.duration_s, **scores}


@dataclass(frozen=True)
class SubjectMean:
    """The mean of one score over subjects, and how many subjects are in it."""

    mean: float | None
    sd: float | None
    n_subjects: int


@dataclass(frozen=True)
class ScoringLevel:
    """One way of counting (events, or seconds): per recording, per subject, and summed up."""

    per_recording: dict[tuple[str, str], EventCounts]
    per_subject: dict[str, EventCounts]
    subject_mean: dict[str, SubjectMean]
    pooled: EventCounts

    def as_dict(self) -> dict[str, Any]:
        """Means, pool and subjects as plain values."""
        return {
            "subject_mean": {metric: asdict(mean) for metric, mean in self.subject_mean.items()},
            "pooled": self.pooled.as_dict(),
            "per_subject": {name: counts.as_dict() for name, counts in self.per_subject.items()},
        }


_NOTHING = EventCounts(0, 0, 0, 0.0)


def scoring_level(
    per_recording: dict[tuple[str, str], EventCounts], nan_policy: NanPolicy
) -> ScoringLevel:
    """Sum (subject, recording) counts to subjects and to the pool; average subjects' scores.

    A subject without a score is left out of its mean ("skip", what the SzCORE evaluation does)
    or counts as 0 ("zero").
    """
    per_subject: dict[str, EventCounts] = {}
    for (subject, _), counts in per_recording.items():
        per_subject[subject] = per_subject.get(subject, _NOTHING) + counts
    means = {
        metric: mean_of_subjects(
            [getattr(counts, metric) for counts in per_subject.values()], nan_policy
        )
        for metric in EVENT_METRICS
    }
    pooled = sum(per_subject.values(), start=_NOTHING)
    return ScoringLevel(per_recording, per_subject, means, pooled)


def mean_of_subjects(scores: Sequence[float | None], nan_policy: NanPolicy) -> SubjectMean:
    """The mean over subjects of one score, undefined ones left out or counted as 0."""
    filled = [0.0 if v is None and nan_policy == "zero" else v for v in scores]
    values = [v for v in filled if v is not None]
    return SubjectMean(
        mean=float(np.mean(values)) if values else None,
        sd=float(np.std(values, ddof=1)) if len(values) > 1 else None,
        n_subjects=len(values),
    )


def phase_counts(n_patients_with_seizures: int, n_seizures: int) -> str:
    """The highest ILAE phase whose count requirement is met, in words.

    Phases are those of Beniczky & Ryvlin, Epilepsia 2018 (standards for testing and clinical
    validation of seizure detection devices). They ask for far more than numbers (prospective data,
    a locked algorithm, blinded reference, real time), which is not judged here.
    """
    if not 0 <= n_patients_with_seizures <= n_seizures:
        raise InputError(
            f"got {n_patients_with_seizures} patients with {n_seizures} seizures; expected at "
            "least one seizure a patient."
        )
    met = [
        phase
        for phase, (patients, seizures) in ILAE_COUNTS.items()
        if n_patients_with_seizures >= patients and n_seizures >= seizures
    ]
    if not met:
        return "meets the count requirement of no ILAE phase"
    return f"meets the count requirement of ILAE phase {max(met)}"

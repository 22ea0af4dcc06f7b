"""Score the same recordings with every event scorer.

One scorer may rate predictions well and another badly, so all are shown: SzCORE's by
``timescoring``, NEDC's by our own implementation of its definitions.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.counts import (
    EventCounts,
    ScoringLevel,
    SubjectMean,
    mean_of_subjects,
    scoring_level,
)
from eegssl.scoring.events.dpalign import dpalign_counts
from eegssl.scoring.events.event_lists import Event, clean_events
from eegssl.scoring.events.event_scores import RecordingEvents, checked
from eegssl.scoring.events.nedc import (
    LABELS,
    Agreement,
    agreement_of,
    epoch_confusion,
    epoch_counts,
    ovlp_counts,
)
from eegssl.scoring.events.szcore_counts import timescoring_event_counts, timescoring_sample_counts
from eegssl.scoring.events.taes import taes_counts

Count = Callable[[Sequence[Event], Sequence[Event], float], EventCounts]


@dataclass(frozen=True)
class Scorer:
    """A way to count one recording, and the unit of its counts."""

    count: Count
    """From reference, hypothesis (both cleaned) and duration in seconds."""
    title: str
    unit: str
    """"events" or "s"."""
    rule: str
    """Its hits and false alarms, in a line."""


SCORERS: dict[str, Scorer] = {
    "szcore-event": Scorer(
        timescoring_event_counts,
        "SzCORE event",
        "events",
        "any overlap, from 30 s before to 60 s after; joined below 90 s, split above 300 s",
    ),
    "szcore-sample": Scorer(
        timescoring_sample_counts, "SzCORE sample", "s", "second by second, no tolerance"
    ),
    "nedc-ovlp": Scorer(
        ovlp_counts, "NEDC OVLP", "events", "any overlap, no tolerance, nothing joined or split"
    ),
    "nedc-taes": Scorer(
        taes_counts,
        "NEDC TAES",
        "events",
        "the covered share of a seizure is hit; alarm beyond it counts up to one false alarm",
    ),
    "nedc-epoch": Scorer(epoch_counts, "NEDC EPOCH", "s", "slices of 0.25 s, no tolerance"),
    "nedc-dpalign": Scorer(
        dpalign_counts, "NEDC DPALIGN", "events", "the order of events alone, not their times"
    ),
}


@dataclass(frozen=True)
class AgreementScores:
    """NEDC's inter-rater agreement: pooled over all slices of 0.25 s, and by subject."""

    pooled: Agreement
    subject_mean: SubjectMean
    """Of the multi-class kappa, under the policy on undefined scores."""
    per_subject: dict[str, Agreement]

    def as_dict(self) -> dict[str, Any]:
        """Pool and subjects as plain values for JSON."""
        return {
            "pooled": asdict(self.pooled),
            "subject_mean": asdict(self.subject_mean),
            "per_subject": {name: asdict(own) for name, own in self.per_subject.items()},
        }


def side_by_side(
    recordings: Sequence[RecordingEvents], config: ScoringConfig = ScoringConfig()
) -> dict[str, ScoringLevel]:
    """The scores of recordings, each named once, by every scorer of ``SCORERS``.

    Every scorer gets the same cleaned events of the same recordings: those shorter than
    ``config.shortest_event_recording_s`` are left out, as in `szcore_scores`. Raises InputError
    for a recording given twice, without a duration, or with times that are not finite or run
    backwards.
    """
    counts: dict[str, dict[tuple[str, str], EventCounts]] = {name: {} for name in SCORERS}
    for item in _cleaned(recordings, config.shortest_event_recording_s):
        for name, scorer in SCORERS.items():
            counts[name][item.subject, item.recording] = scorer.count(
                item.reference, item.hypothesis, item.duration_s
            )
    return {
        name: scoring_level(recording_counts, config.nan_policy)
        for name, recording_counts in counts.items()
    }


def agreement(
    recordings: Sequence[RecordingEvents], config: ScoringConfig = ScoringConfig()
) -> AgreementScores:
    """NEDC's inter-rater agreement of reference and hypothesis, on the recordings of the table.

    Raises InputError as `side_by_side` does.
    """
    pooled = np.zeros((len(LABELS), len(LABELS)), dtype=np.int64)
    per_subject: dict[str, NDArray[np.int64]] = {}
    for item in _cleaned(recordings, config.shortest_event_recording_s):
        table = epoch_confusion(item.reference, item.hypothesis, item.duration_s)
        per_subject[item.subject] = per_subject.get(item.subject, 0) + table
        pooled += table
    subjects = {name: agreement_of(table) for name, table in per_subject.items()}
    return AgreementScores(
        pooled=agreement_of(pooled),
        subject_mean=mean_of_subjects(
            [scores.multi_class for scores in subjects.values()], config.nan_policy
        ),
        per_subject=subjects,
    )


def _cleaned(recordings: Sequence[RecordingEvents], shortest_s: float) -> Iterator[RecordingEvents]:
    """The recordings to score in sorted order, their events cleaned."""
    for item in checked(recordings):
        if item.duration_s >= shortest_s:
            yield RecordingEvents(
                item.subject,
                item.recording,
                item.duration_s,
                clean_events(item.reference, item.duration_s).events,
                clean_events(item.hypothesis, item.duration_s).events,
            )

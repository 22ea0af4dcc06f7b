"""Score events by SzCORE: detected and missed seizures, false alarms.

Counts are those of `eegssl.scoring.events.szcore_counts`, summed within a subject; scores are
computed per subject and averaged, so that one subject with many seizures does not decide. Unlike
the SzCORE evaluation script, times are not rounded to whole seconds first.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from eegssl.errors import InputError
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.counts import EventCounts, ScoringLevel, scoring_level
from eegssl.scoring.events.event_lists import Event, clean_events
from eegssl.scoring.events.szcore_counts import timescoring_event_counts, timescoring_sample_counts


@dataclass(frozen=True)
class RecordingEvents:
    """Reference and hypothesis of one recording as (onset, offset) in seconds from its start."""

    subject: str
    recording: str
    duration_s: float
    reference: Sequence[Event]
    hypothesis: Sequence[Event]


@dataclass(frozen=True)
class EventScores:
    """SzCORE scores of a set of recordings, with everything needed to read them.

    ``event`` counts whole events, ``sample`` seconds. ``too_short`` names the (subject,
    recording) pairs that got no event score, ``n_seizures_too_short`` counts the seizures of their
    references, ``n_detections_too_short`` what was detected in them. ``n_outside`` counts reference
    and hypothesis events that lie outside their recording, and were left out.
    """

    event: ScoringLevel
    sample: ScoringLevel
    nan_policy: str
    n_subjects: int
    n_recordings: int
    too_short: tuple[tuple[str, str], ...]
    n_seizures_too_short: int
    n_detections_too_short: int
    shortest_s: float
    n_outside: dict[str, int]

    @property
    def reason_if_empty(self) -> str:
        """The reason why nothing was scored; "" if something was."""
        if self.event.per_recording:
            return ""
        return f"no recording of at least {self.shortest_s / 60:g} minutes"

    @property
    def left_out(self) -> str:
        """Recordings, seizures and detections without an event score, and the setting; or ""."""
        if not self.too_short:
            return ""
        return (
            f"{len(self.too_short):,} of {self.n_recordings:,} recording(s), with "
            f"{self.n_seizures_too_short:,} seizure(s), are shorter than "
            f"{self.shortest_s / 60:g} minutes and are in no event score, nor are the "
            f"{self.n_detections_too_short:,} detection(s) in them: one alarm in a clip is no rate "
            "per day (scoring.shortest_event_recording_s=0 scores them all the same)"
        )

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return {
            "standard": "SzCORE (timescoring), events and seconds",
            "nan_policy": self.nan_policy,
            "n_subjects": self.n_subjects,
            "n_recordings_scored": len(self.event.per_recording),
            "n_recordings_too_short": len(self.too_short),
            "n_seizures_too_short": self.n_seizures_too_short,
            "n_detections_too_short": self.n_detections_too_short,
            "shortest_s": self.shortest_s,
            "n_outside": dict(self.n_outside),
            "undefined": self.reason_if_empty,
            "event": self.event.as_dict(),
            "sample": self.sample.as_dict(),
        }


def szcore_scores(
    recordings: Sequence[RecordingEvents], config: ScoringConfig = ScoringConfig()
) -> EventScores:
    """SzCORE event and sample scores of recordings, each named once.

    Recordings shorter than ``config.shortest_event_recording_s`` are left out and listed.
    Raises InputError for a recording given twice, without a duration, or with times that are
    not finite or run backwards.
    """
    shortest_s = config.shortest_event_recording_s
    event: dict[tuple[str, str], EventCounts] = {}
    sample: dict[tuple[str, str], EventCounts] = {}
    outside: Counter[str] = Counter(reference=0, hypothesis=0)
    too_short, n_seizures_too_short, n_detections_too_short = [], 0, 0
    for item in checked(recordings):
        key = (item.subject, item.recording)
        if item.duration_s < shortest_s:
            too_short.append(key)
            n_seizures_too_short += len(clean_events(item.reference, item.duration_s).events)
            n_detections_too_short += len(clean_events(item.hypothesis, item.duration_s).events)
            continue
        reference = clean_events(item.reference, item.duration_s)
        hypothesis = clean_events(item.hypothesis, item.duration_s)
        outside.update(reference=reference.n_outside, hypothesis=hypothesis.n_outside)
        lists = (reference.events, hypothesis.events, item.duration_s)
        event[key] = timescoring_event_counts(*lists)
        sample[key] = timescoring_sample_counts(*lists)
    return EventScores(
        event=scoring_level(event, config.nan_policy),
        sample=scoring_level(sample, config.nan_policy),
        nan_policy=config.nan_policy,
        n_subjects=len({subject for subject, _ in event}),
        n_recordings=len(recordings),
        too_short=tuple(too_short),
        n_seizures_too_short=n_seizures_too_short,
        n_detections_too_short=n_detections_too_short,
        shortest_s=shortest_s,
        n_outside=dict(outside),
    )


def checked(recordings: Sequence[RecordingEvents]) -> list[RecordingEvents]:
    """The recordings in order of subject and name.

    Raises InputError for one that is given twice, whose seizures would count twice, or has no
    duration.
    """
    ordered = sorted(recordings, key=lambda r: (r.subject, r.recording))
    for item, following in pairwise(ordered):
        if (item.subject, item.recording) == (following.subject, following.recording):
            raise InputError(f"got recording {item.recording} more than once; expected it once.")
    for item in ordered:
        if not (np.isfinite(item.duration_s) and item.duration_s > 0):
            raise InputError(
                f"recording {item.recording}: got a duration of {item.duration_s} s; expected "
                "more than 0."
            )
    return ordered

"""Hold what a system detected, beside the reference or without one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from eegssl.scoring.events.event_lists import Event, as_spans, clean_events, overlaps
from eegssl.scoring.events.event_scores import RecordingEvents
from eegssl.scoring.events.postprocess import Postprocess, Probabilities, spans_of
from eegssl.scoring.events.szcore_counts import Verdicts, szcore_verdicts
from eegssl.scoring.events.timeline import timeline


@dataclass(frozen=True)
class Detected:
    """The detections of one recording as (onset, offset) in seconds, sorted and apart.

    ``confidence`` holds for each the highest probability in it, smoothed as the rule says; None
    where only events are known. ``labelled`` is False where nobody said where its events are.
    """

    subject: str
    recording: str
    duration_s: float
    detections: tuple[Event, ...]
    confidence: tuple[float | None, ...]
    reference: tuple[Event, ...] = ()
    labelled: bool = True

    @cached_property
    def verdicts(self) -> Verdicts:
        """SzCORE's verdict on each event, as its counts have it."""
        both = as_spans(self.reference), as_spans(self.detections)
        return szcore_verdicts(*both, self.duration_s)

    @property
    def hits(self) -> list[bool]:
        """Tell for each detection whether SzCORE counts it with a true alarm."""
        true = self.verdicts.alarms[~self.verdicts.false]
        return [bool(hit) for hit in overlaps(as_spans(self.detections), true)]


@dataclass(frozen=True)
class Detections:
    """What a system detected in all recordings, those too short for a score included."""

    recordings: tuple[Detected, ...]
    shortest_s: float
    """Recordings shorter than this get no event score."""

    @property
    def n(self) -> int:
        """Detections in all."""
        return sum(len(one.detections) for one in self.recordings)

    @property
    def n_with(self) -> int:
        """Recordings with a detection."""
        return sum(bool(one.detections) for one in self.recordings)

    @property
    def duration_s(self) -> float:
        """Recorded time in all, in seconds."""
        return sum(one.duration_s for one in self.recordings)

    @property
    def long_enough(self) -> "Detections":
        """The same of the recordings that are long enough for an event score."""
        long = tuple(one for one in self.recordings if one.duration_s >= self.shortest_s)
        return replace(self, recordings=long)

    @property
    def per_day(self) -> float | None:
        """Detections in 24 h of the recordings that are long enough; None where none is."""
        long = self.long_enough
        return long.n * 86400 / long.duration_s if long.recordings else None

    @property
    def unlabelled(self) -> tuple[Detected, ...]:
        """The recordings without labels."""
        return tuple(one for one in self.recordings if not one.labelled)

    @property
    def none_labelled(self) -> bool:
        """Whether no recording has labels, so that nothing can be scored."""
        return len(self.unlabelled) == len(self.recordings)

    def as_dict(self) -> dict[str, Any]:
        """Counts as plain values for JSON."""
        return {
            "n": self.n,
            "n_recordings": len(self.recordings),
            "n_recordings_with": self.n_with,
            "n_recordings_unlabelled": len(self.unlabelled),
            "n_in_unlabelled": sum(len(one.detections) for one in self.unlabelled),
            "duration_s": self.duration_s,
            "per_day": self.per_day,
        }


def detected_in(one: Probabilities, rule: Postprocess, *, labelled: bool = True) -> Detected:
    """What a rule detects in one recording's windows, cut to the recording."""
    line = timeline(one.start_s, one.duration, one.p, rule.smooth)
    spans = spans_of(line, rule.threshold, rule.merge_gap_s, rule.min_duration_s)
    events = clean_events([(on, off) for on, off in spans.tolist()], one.duration_s).events
    return Detected(
        one.subject,
        one.recording,
        one.duration_s,
        events,
        tuple(line.highest(on, off) for on, off in events),
        clean_events(one.reference, one.duration_s).events,
        labelled,
    )


def detected_by_others(recordings: Sequence[RecordingEvents]) -> tuple[Detected, ...]:
    """The detections of another system, of which only events are known."""
    detected = []
    for one in recordings:
        events = clean_events(one.hypothesis, one.duration_s).events
        reference = clean_events(one.reference, one.duration_s).events
        names = (one.subject, one.recording, one.duration_s)
        detected.append(Detected(*names, events, (None,) * len(events), reference))
    return tuple(detected)

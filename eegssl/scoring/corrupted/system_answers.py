"""Keep a system's answers for units, and its scores of events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.counts import scoring_level
from eegssl.scoring.events.event_lists import Event, Spans, as_spans, clean_events
from eegssl.scoring.events.event_scores import RecordingEvents, checked
from eegssl.scoring.events.szcore_counts import szcore_event_counts
from eegssl.scoring.unit_effects import UnitAnswers

Floats = NDArray[np.float64]
EVENT_SCORES = {
    "event_f1": "f1",
    "event_sensitivity": "sensitivity",
    "event_fp_per_day": "fp_per_day",
}
"""Score of a curve -> the same of `EventCounts`."""
CURVE_SCORES = ("auroc", "balanced_accuracy", "mae", "spearman", *EVENT_SCORES)


@dataclass(frozen=True)
class EventAnswers:
    """SzCORE's event scores of ``subjects`` [S], of the recordings that are long enough.

    ``values`` [S] by score of `EVENT_SCORES`; NaN where a subject has none.
    """

    subjects: tuple[str, ...]
    recordings: tuple[str, ...]
    values: Mapping[str, Floats]

    def having(self, metric: str) -> set[str]:
        """The subjects that have this score."""
        known = np.isfinite(self.values[metric])
        return {name for name, has in zip(self.subjects, known, strict=True) if has}


@dataclass(frozen=True)
class SystemAnswers:
    """Answers for the same recordings: of units and, where events are scored, of these."""

    units: UnitAnswers
    events: EventAnswers | None = None

    @property
    def subjects(self) -> set[str]:
        """All that have a unit or a recording here."""
        return {*self.units.subjects, *(self.events.subjects if self.events else ())}


def event_answers(
    recordings: Sequence[RecordingEvents], config: ScoringConfig
) -> EventAnswers | None:
    """The event scores of each subject; undefined ones left out or 0.

    None where no recording is as long as ``config.shortest_event_recording_s``.
    """
    counts = {
        (one.subject, one.recording): szcore_event_counts(
            _spans(one.reference, one), _spans(one.hypothesis, one), one.duration_s
        )
        for one in checked(recordings)
        if one.duration_s >= config.shortest_event_recording_s
    }
    if not counts:
        return None
    of_subjects = scoring_level(counts, config.nan_policy).per_subject
    undefined = 0.0 if config.nan_policy == "zero" else np.nan
    values: dict[str, Floats] = {}
    for name, own in EVENT_SCORES.items():
        scores = [getattr(one, own) for one in of_subjects.values()]
        values[name] = np.array([undefined if score is None else score for score in scores])
    return EventAnswers(tuple(of_subjects), tuple(name for _, name in counts), values)


def _spans(events: Sequence[Event], one: RecordingEvents) -> Spans:
    return as_spans(clean_events(events, one.duration_s).events)

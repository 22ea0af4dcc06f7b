"""Count SzCORE events of one recording with the ``timescoring`` package.

The standard (Dan et al., Epilepsia 2024): events closer than 90 s are one, events longer than
300 s are split, any overlap counts, from 30 s before an event to 60 s after. The tests hold an
implementation written from this definition beside it.
"""

from collections.abc import Sequence

from timescoring.annotations import Annotation
from timescoring.scoring import EventScoring, SampleScoring

from eegssl.scoring.events.counts import EventCounts
from eegssl.scoring.events.event_lists import Event

_TIME_STEP_HZ = 10  # the time precision that timescoring itself works at


def timescoring_event_counts(
    reference: Sequence[Event], hypothesis: Sequence[Event], duration_s: float
) -> EventCounts:
    """Counts of events; both lists cleaned (`clean_events`)."""
    return _counts(EventScoring, reference, hypothesis, duration_s)


def timescoring_sample_counts(
    reference: Sequence[Event], hypothesis: Sequence[Event], duration_s: float
) -> EventCounts:
    """Counts of whole seconds; both lists cleaned (`clean_events`)."""
    return _counts(SampleScoring, reference, hypothesis, duration_s)


def _counts(
    scoring: type[EventScoring | SampleScoring],
    reference: Sequence[Event],
    hypothesis: Sequence[Event],
    duration_s: float,
) -> EventCounts:
    """The counts of timescoring as plain numbers."""
    samples = round(duration_s * _TIME_STEP_HZ)
    lists = (Annotation(list(events), _TIME_STEP_HZ, samples) for events in (reference, hypothesis))
    score = scoring(*lists)
    duration_s = score.numSamples / score.fs
    return EventCounts(int(score.refTrue), int(score.tp), int(score.fp), duration_s)

"""Count SzCORE's events, by the ``timescoring`` package and by interval arithmetic.

The standard (Dan et al., Epilepsia 2024): events closer than 90 s are one, events longer than
300 s are split, any overlap counts, from 30 s before an event to 60 s after. Printed scores are
``timescoring``'s, which makes masks of the whole recording at 10 Hz, of seconds at 1 Hz.
`szcore_event_counts` and `szcore_sample_counts` give exactly its counts (version 0.0.7), rounding
included, fast enough to compare thresholds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from timescoring.annotations import Annotation
from timescoring.scoring import EventScoring, SampleScoring

from eegssl.scoring.events.counts import EventCounts
from eegssl.scoring.events.event_lists import Event, Spans, as_spans, overlaps, shared_s

MERGE_CLOSER_S = 90.0
SPLIT_LONGER_S = 300.0
BEFORE_S = 30.0
AFTER_S = 60.0
_HZ = 10  # the time precision that timescoring itself works at


def timescoring_event_counts(
    reference: Sequence[Event], hypothesis: Sequence[Event], duration_s: float
) -> EventCounts:
    """Counts of events; both lists cleaned (`clean_events`)."""
    return _timescoring_counts(EventScoring, reference, hypothesis, duration_s)


def timescoring_sample_counts(
    reference: Sequence[Event], hypothesis: Sequence[Event], duration_s: float
) -> EventCounts:
    """Counts of whole seconds; both lists cleaned (`clean_events`)."""
    return _timescoring_counts(SampleScoring, reference, hypothesis, duration_s)


def _timescoring_counts(
    scoring: type[EventScoring | SampleScoring],
    reference: Sequence[Event],
    hypothesis: Sequence[Event],
    duration_s: float,
) -> EventCounts:
    """The counts of timescoring as plain numbers."""
    samples = round(duration_s * _HZ)
    lists = (Annotation(list(events), _HZ, samples) for events in (reference, hypothesis))
    score = scoring(*lists)
    duration_s = score.numSamples / score.fs
    return EventCounts(int(score.refTrue), int(score.tp), int(score.fp), duration_s)


@dataclass(frozen=True)
class Verdicts:
    """SzCORE's events of one recording, joined and split: which are hit, which are false.

    ``reference`` [n, 2] and ``alarms`` [m, 2] are in seconds, ``hit`` [n] and ``false`` [m] true
    or not.
    """

    reference: Spans
    hit: NDArray[np.bool_]
    alarms: Spans
    false: NDArray[np.bool_]


def szcore_verdicts(reference: Spans, hypothesis: Spans, duration_s: float) -> Verdicts:
    """SzCORE's verdict on each event of one recording; both lists sorted, apart and within it."""
    truth, alarms = split_long(merge_close(reference)), split_long(merge_close(hypothesis))
    begin = np.maximum(0, truth[:, 0] - BEFORE_S)
    end = np.minimum(round(duration_s * _HZ) / _HZ, truth[:, 1] + AFTER_S)
    allowed = _samples(np.stack([begin, end], axis=1))
    sounding = _samples(alarms)
    hits = overlaps(allowed, sounding)
    return Verdicts(truth, hits, alarms, ~overlaps(sounding, allowed[hits]))


def szcore_event_counts(reference: Spans, hypothesis: Spans, duration_s: float) -> EventCounts:
    """SzCORE's event counts of one recording; both lists sorted, apart and within it."""
    one = szcore_verdicts(reference, hypothesis, duration_s)
    n_hits, n_false = int(one.hit.sum()), int(one.false.sum())
    return EventCounts(len(one.reference), n_hits, n_false, round(duration_s * _HZ) / _HZ)


def szcore_sample_counts(reference: Spans, hypothesis: Spans, duration_s: float) -> EventCounts:
    """SzCORE's counts of seconds of one recording; both lists sorted, apart and within it."""
    n_seconds = round(round(duration_s * _HZ) / _HZ)
    truth, alarms = (np.clip(np.rint(spans), 0, n_seconds) for spans in (reference, hypothesis))
    both = shared_s(alarms, truth)
    n_reference, n_alarms = (float((spans[:, 1] - spans[:, 0]).sum()) for spans in (truth, alarms))
    return EventCounts(n_reference, both, n_alarms - both, float(n_seconds))


def merge_close(events: Spans) -> Spans:
    """Events with those closer than 90 s joined."""
    if len(events) < 2:
        return events
    apart = events[1:, 0] - events[:-1, 1] >= MERGE_CLOSER_S
    onset = events[np.concatenate(([True], apart)), 0]
    offset = events[np.concatenate((apart, [True])), 1]
    return np.stack([onset, offset], axis=1)


def split_long(events: Spans) -> Spans:
    """Events cut into pieces of at most 300 s, full ones first."""
    if not np.any(events[:, 1] - events[:, 0] > SPLIT_LONGER_S):
        return events
    pieces: list[Event] = []
    for onset_s, offset_s in events.tolist():
        while offset_s - onset_s > SPLIT_LONGER_S:
            pieces.append((onset_s, onset_s + SPLIT_LONGER_S))
            onset_s += SPLIT_LONGER_S
        pieces.append((onset_s, offset_s))
    return as_spans(pieces)


def _samples(events: Spans) -> NDArray[np.int64]:
    """First sample and the one after the last, rounded as ``timescoring`` does."""
    return np.rint(events * _HZ).astype(np.int64)

"""SzCORE's event counts by interval arithmetic, for thousands of candidate detections.

``timescoring`` makes masks of the whole recording at 10 Hz, which is too slow to compare
thresholds. The counts here are exactly its own (version 0.0.7), its rounding to tenths of a second
included; the tests compare them on random lists. Choosing and curves use them; printed
scores are ``timescoring``'s (`eegssl.scoring.events.event_scores`).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.events.counts import EventCounts
from eegssl.scoring.events.event_lists import Event

MERGE_CLOSER_S = 90.0
SPLIT_LONGER_S = 300.0
BEFORE_S = 30.0
AFTER_S = 60.0
_HZ = 10

Spans = NDArray[np.float64]
"""Events [n, 2]: onset and offset in seconds, sorted and apart."""


def as_spans(events: Sequence[Event]) -> Spans:
    """A list of cleaned events as an array [n, 2]."""
    return np.asarray(events, dtype=np.float64).reshape(-1, 2)


def szcore_event_counts(reference: Spans, hypothesis: Spans, duration_s: float) -> EventCounts:
    """SzCORE's event counts of one recording; both lists sorted, apart and within it."""
    n_samples = round(duration_s * _HZ)
    truth, alarms = split_long(merge_close(reference)), split_long(merge_close(hypothesis))
    begin = np.maximum(0, truth[:, 0] - BEFORE_S)
    end = np.minimum(n_samples / _HZ, truth[:, 1] + AFTER_S)
    allowed = _samples(np.stack([begin, end], axis=1))
    sounding = _samples(alarms)
    found = _touches(allowed, sounding)
    false = ~_touches(sounding, allowed[found])
    return EventCounts(len(truth), int(found.sum()), int(false.sum()), n_samples / _HZ)


def merge_close(events: Spans, gap_s: float = MERGE_CLOSER_S) -> Spans:
    """Events with those closer than ``gap_s`` joined."""
    if len(events) < 2:
        return events
    apart = events[1:, 0] - events[:-1, 1] >= gap_s
    onset = events[np.concatenate(([True], apart)), 0]
    offset = events[np.concatenate((apart, [True])), 1]
    return np.stack([onset, offset], axis=1)


def split_long(events: Spans, longest_s: float = SPLIT_LONGER_S) -> Spans:
    """Events cut into pieces of at most ``longest_s``, full ones first."""
    if not np.any(events[:, 1] - events[:, 0] > longest_s):
        return events
    pieces: list[Event] = []
    for onset_s, offset_s in events.tolist():
        while offset_s - onset_s > longest_s:
            pieces.append((onset_s, onset_s + longest_s))
            onset_s += longest_s
        pieces.append((onset_s, offset_s))
    return as_spans(pieces)


def _samples(events: Spans) -> NDArray[np.int64]:
    """First sample and the one after the last, rounded as ``timescoring`` does."""
    return np.rint(events * _HZ).astype(np.int64)


def _touches(spans: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which spans [n, 2] share a sample with any of the others [m, 2].

    Both ends of ``others`` ascend, so those that begin before a span's end, less those that end
    before its start, are those that it touches. What rounds to no sample touches nothing.
    """
    others = others[others[:, 1] > others[:, 0]]
    begun = np.searchsorted(others[:, 0], spans[:, 1], side="left")
    over = np.searchsorted(others[:, 1], spans[:, 0], side="right")
    return (begun > over) & (spans[:, 1] > spans[:, 0])

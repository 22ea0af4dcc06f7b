"""Events of a file with gaps go to its segments as a look at each event and segment says."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegssl.corpus.ictal import overlap_share
from eegssl.corpus.preprocessing.ingest import EventsBySegment, _touches
from eegssl.io.labels.event_types import Event, is_seizure
from eegssl.io.recording_header import Annotation, Segment
from eegssl.io.spans import joined

TYPES = ("sz", "bckg", "eyes_closed")
EVENTS = st.lists(
    st.builds(Event, st.integers(0, 60), st.sampled_from([0, 0, 1, 3, 60]), st.sampled_from(TYPES)),
    max_size=20,
)
STRETCHES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 9)).map(lambda s: (s[0], s[0] + s[1])), max_size=9
).map(joined)


def marks(events: list[Event]) -> EventsBySegment:
    notes = tuple(Annotation(event.onset_s, None, event.type) for event in events)
    found = SimpleNamespace(events=tuple(events), annotations=notes)
    header = SimpleNamespace(labels=(), ordinary_signals=())
    choice = SimpleNamespace(overrides={})
    return EventsBySegment(SimpleNamespace(events=found, header=header, choice=choice))


def slow_spans(events: list[Event], start_s: float, duration_s: float) -> list[tuple]:
    """Onset, duration and type of events in a segment, by a look at each."""
    rows = []
    for event in events:
        begin_s = event.onset_s - start_s
        onset_s, end_s = max(0.0, begin_s), min(duration_s, begin_s + event.duration_s)
        marker = event.duration_s == 0 and not is_seizure(event.type)
        if end_s > onset_s or (marker and 0 <= begin_s < duration_s):
            rows.append((onset_s, max(0.0, end_s - onset_s), event.type))
    return rows


@given(EVENTS, STRETCHES)
def test_each_segment_gets_its_events_and_texts(events, stretches):
    found = marks(events)
    for start, end in stretches:
        segment, duration_s = Segment(0, 1, float(start)), float(end - start)
        inside = [(e.onset_s, e.duration_s, e.type) for e in found.events(segment, duration_s)]
        assert inside == slow_spans(events, start, duration_s)
        texts = [row["onset_s"] for row in found.texts("r", segment, duration_s)]
        assert texts == [e.onset_s - start for e in events if 0 <= e.onset_s - start < duration_s]


@given(EVENTS, STRETCHES)
def test_events_outside_all_segments_are_told(events, stretches):
    for event in events:
        end = event.onset_s + event.duration_s
        marker = event.duration_s == 0 and not is_seizure(event.type)
        slow = any(
            min(end, stop) > max(event.onset_s, start) or (marker and start <= event.onset_s < stop)
            for start, stop in stretches
        )
        assert _touches(event, stretches) == slow


@given(st.lists(st.floats(0, 50), max_size=30), STRETCHES, st.sampled_from([0.1, 1.0, 7.5]))
def test_shares_of_windows_are_those_of_a_look_at_each(starts, stretches, window_s):
    start_s, spans = np.array(starts), np.array(stretches, float).reshape(-1, 2)
    slow = np.zeros(len(start_s))
    for onset, end in spans:
        inside = np.minimum(start_s + window_s, end) - np.maximum(start_s, onset)
        slow += np.clip(inside, 0.0, None) / window_s
    assert overlap_share(start_s, window_s, spans).tolist() == slow.tolist()


@pytest.mark.parametrize("n", [0, 1])
def test_a_file_without_events_has_none_in_any_segment(n):
    found = marks([])
    assert [list(found.events(Segment(0, 1, 9.0 * k), 5.0)) for k in range(n)] == [[]] * n

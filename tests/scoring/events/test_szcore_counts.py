"""The fast counts are timescoring's own, to the last event."""

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.event_lists import clean_events
from eegssl.scoring.events.event_scores import RecordingEvents, szcore_scores
from eegssl.scoring.events.szcore_counts import (
    as_spans,
    merge_close,
    split_long,
    szcore_event_counts,
    szcore_sample_counts,
)

DURATION_S = 4000.3
ANY_LENGTH = ScoringConfig(shortest_event_recording_s=0)


def _both(reference, hypothesis, duration_s=DURATION_S, seconds=False):
    one = RecordingEvents("s", "r", duration_s, reference, hypothesis)
    scores = szcore_scores([one], ANY_LENGTH)
    slow = scores.sample if seconds else scores.event
    spans = (as_spans(clean_events(e, duration_s).events) for e in (reference, hypothesis))
    fast = szcore_sample_counts if seconds else szcore_event_counts
    return fast(*spans, duration_s), slow.pooled


# thousandths of a second, so that rounding to tenths, ties among it, is met
_moments = st.integers(0, 4_100_000).map(lambda ms: ms / 1000)
_lengths = st.one_of(st.integers(1, 400), st.integers(1, 900_000)).map(lambda ms: ms / 1000)
_anywhere = st.lists(st.tuples(_moments, _lengths).map(lambda s: (s[0], s[0] + s[1])), max_size=8)
# whole tens of seconds, so that distances of just 30, 60, 90 and 300 s are met
_tens = st.lists(
    st.tuples(st.integers(0, 399), st.integers(1, 70)).map(
        lambda s: (10.0 * s[0], 10.0 * (s[0] + s[1]))
    ),
    max_size=8,
)


@examples(300)
@given(_anywhere, _anywhere)
def test_counts_of_any_lists_are_those_of_timescoring(reference, hypothesis):
    fast, slow = _both(reference, hypothesis)
    assert fast == slow


@examples(300)
@given(_tens, _tens)
def test_counts_at_just_the_tolerances_are_those_of_timescoring(reference, hypothesis):
    fast, slow = _both(reference, hypothesis)
    assert fast == slow


@examples(300)
@given(_anywhere, _anywhere, st.sampled_from([4000.3, 4000.5, 4001.5, 4000.96]))
def test_counts_of_seconds_are_those_of_timescoring(reference, hypothesis, duration_s):
    fast, slow = _both(reference, hypothesis, duration_s, seconds=True)
    assert fast == slow


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ([(1000, 1060)], [(0, 3600)], (1, 1, 11)),
        ([(1000, 1060), (1200, 1260)], [(1010, 1250)], (2, 2, 0)),
        ([(1000, 1060)], [], (1, 0, 0)),
        ([(1000, 1060)], [(900, 970)], (1, 0, 1)),
        ([(1000, 1010), (1099, 1110)], [], (1, 0, 0)),
        ([(1000, 1010), (1100, 1110)], [], (2, 0, 0)),
        ([(1000, 1600)], [(1000, 1010)], (2, 1, 0)),
        ([], [], (0, 0, 0)),
        ([], [(100.01, 100.04)], (0, 0, 1)),  # rounds to no sample, and is a false alarm still
    ],
)
def test_the_oracles_hold(reference, hypothesis, expected):
    for counts in _both(reference, hypothesis, 3600.0):
        assert (counts.n_reference, counts.tp, counts.fp) == expected


def test_events_are_joined_below_the_gap_and_split_above_the_length():
    events = as_spans([(0, 10), (99.9, 100), (190, 900)])
    assert merge_close(events).tolist() == [[0, 100], [190, 900]]
    assert split_long(events).tolist()[2:] == [[190, 490], [490, 790], [790, 900]]
    assert split_long(as_spans([(5, 305)])).tolist() == [[5, 305]]
    assert merge_close(as_spans([])).shape == split_long(np.empty((0, 2))).shape == (0, 2)

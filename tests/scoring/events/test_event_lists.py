"""Lists of events are sorted, apart and in range, whatever they were made from."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegssl.errors import InputError
from eegssl.scoring.events.event_lists import clean_events, events_from_windows

spans = st.lists(
    st.tuples(st.integers(-20, 120), st.integers(0, 50)).map(lambda s: (s[0], s[0] + s[1])),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(spans)
def test_cleaned_events_cover_the_same_seconds_in_order_and_apart(events):
    cleaned = clean_events(events, 100.0).events
    covered = np.zeros(100, dtype=bool)
    for onset, offset in events:
        covered[max(0, onset) : max(0, min(100, offset))] = True
    again = np.zeros(100, dtype=bool)
    for onset, offset in cleaned:
        assert 0 <= onset < offset <= 100
        again[int(onset) : int(offset)] = True
    assert np.array_equal(covered, again)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(cleaned))


def test_events_outside_the_recording_are_counted():
    cleaned = clean_events([(-5, -1), (100, 120), (90, 130)], 100.0)
    assert cleaned.events == ((90.0, 100.0),)
    assert cleaned.n_outside == 2


@pytest.mark.parametrize("event", [(5, 4), (np.nan, 4), (1, np.inf)])
def test_times_that_run_backwards_or_are_not_finite_are_refused(event):
    with pytest.raises(InputError, match="expected onset"):
        clean_events([event], 100.0)


def test_adjoining_positive_windows_are_one_event_and_the_threshold_itself_is_positive():
    start = np.arange(6) * 10.0
    p = np.array([0.1, 0.5, 0.9, 0.2, 0.6, 0.4])
    assert events_from_windows(start, np.full(6, 10.0), p, 0.5) == ((10.0, 30.0), (40.0, 50.0))


def test_windows_out_of_order_and_overlapping_make_the_same_events():
    start = np.array([20.0, 0.0, 5.0, 10.0])
    assert events_from_windows(start, np.full(4, 10.0), np.ones(4), 0.5) == ((0.0, 30.0),)


def test_window_times_that_are_sums_of_floats_leave_no_gaps():
    start = np.arange(1000) * 0.1
    events = events_from_windows(start, np.full(1000, 0.1), np.ones(1000), 0.5)
    assert events == ((0.0, pytest.approx(100.0)),)


def test_nan_probabilities_are_an_error_and_no_silence():
    with pytest.raises(InputError, match="not finite"):
        events_from_windows(np.zeros(1), np.ones(1), np.array([np.nan]), 0.5)

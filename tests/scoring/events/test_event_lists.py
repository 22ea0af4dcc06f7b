"""Lists of events are sorted, apart and in range, whatever they were made from."""

import itertools

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.errors import InputError
from eegssl.scoring.events.event_lists import clean_events

spans = st.lists(
    st.tuples(st.integers(-20, 120), st.integers(0, 50)).map(lambda s: (s[0], s[0] + s[1])),
    max_size=8,
)


@examples(150)
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

"""Latencies are times from onset to the first alarm; missed seizures are counted beside them."""

import json

import numpy as np
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.scoring.events.event_lists import clean_events
from eegssl.scoring.events.latency import Latencies, latencies
from eegssl.scoring.events.szcore_counts import as_spans, szcore_event_counts

SEIZURE = [(1000.0, 1060.0)]


def test_an_alarm_in_the_seizure_is_late_by_its_distance_from_the_onset():
    assert latencies(SEIZURE, [(1012.5, 1020)]).seconds == (12.5,)


def test_an_alarm_up_to_30_s_early_is_early_and_one_that_sounded_already_is_30_s_early():
    assert latencies(SEIZURE, [(980, 1020)]).seconds == (-20.0,)
    assert latencies(SEIZURE, [(100, 1020)]).seconds == (-30.0,)


def test_an_alarm_outside_the_tolerance_misses():
    for alarm in ((900, 970), (1120, 1130)):
        assert latencies(SEIZURE, [alarm]) == Latencies((), 1)
    assert latencies(SEIZURE, [(1119, 1130)]).seconds == (119.0,)


def test_the_first_of_several_alarms_counts():
    assert latencies(SEIZURE, [(500, 510), (1015, 1020), (1030, 1050)]).seconds == (15.0,)


def test_seizures_closer_than_90_s_are_one_and_a_long_one_is_one():
    assert latencies([(1000, 1010), (1099, 1110)], [(1100, 1105)]).seconds == (100.0,)
    assert latencies([(1000, 2000)], [(1700, 1710)]).seconds == (700.0,)


def test_summaries_add_up_and_say_what_was_missed():
    total = latencies(SEIZURE, [(1010, 1020)]) + latencies(SEIZURE, []) + latencies([], [(1, 2)])
    total += Latencies((-5.0, 0.0, 40.0))
    assert total.as_dict() == {
        "n_found": 4,
        "n_missed": 1,
        "n_before_onset": 1,
        "median_s": 5.0,
        "lower_quartile_s": -1.25,
        "upper_quartile_s": 17.5,
    }
    assert Latencies().quartiles_s is None
    json.dumps(Latencies().as_dict(), allow_nan=False)


_spans = st.lists(
    st.tuples(st.integers(0, 1900), st.integers(1, 250)).map(lambda s: (s[0], s[0] + s[1])),
    max_size=6,
)


@examples(300)
@given(_spans, _spans)
def test_found_seizures_are_those_of_szcore_and_latencies_those_of_a_second_by_second_search(
    reference, hypothesis
):
    truth, alarms = (clean_events(e, 2200.0).events for e in (reference, hypothesis))
    got = latencies(truth, alarms)
    merged = []
    for onset, offset in truth:
        if merged and onset - merged[-1][1] < 90:
            merged[-1] = (merged[-1][0], offset)
        else:
            merged.append((onset, offset))
    sounding = {t for a, b in alarms for t in range(int(a), int(b))}
    wanted = []
    for onset, offset in merged:
        heard = [t for t in range(int(onset) - 30, int(offset) + 60) if t in sounding]
        wanted += [heard[0] - onset] if heard else []
    assert got.seconds == tuple(wanted)
    assert got.n_missed == len(merged) - len(wanted)
    if all(offset - onset <= 300 for onset, offset in merged):
        counts = szcore_event_counts(as_spans(truth), as_spans(alarms), 2200.0)
        assert len(got.seconds) == counts.tp
    assert np.all(np.array(got.seconds) >= -30)

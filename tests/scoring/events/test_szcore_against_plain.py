"""timescoring computes what SzCORE's published definition says, told a second time without it.

Dan et al., "SzCORE", Epilepsia 2024: merge events closer than 90 s, split those longer than 300 s,
a reference event is found if anything overlaps it from 30 s before to 60 s after, a detection is
false if it overlaps no found event so extended. What the definition leaves open is timescoring's:
overlap is judged in tenths of a second, half tenths to even; pieces are full ones first.
"""

from fractions import Fraction

import numpy as np
import pytest

from eegssl.scoring.events.counts import EventCounts
from eegssl.scoring.events.event_lists import clean_events
from eegssl.scoring.events.szcore_counts import timescoring_event_counts, timescoring_sample_counts


def plain_szcore(reference, hypothesis, duration_s):
    """Reference events, found ones and false alarms; exact arithmetic, no masks."""
    seizures, alarms = joined_and_cut(reference), joined_and_cut(hypothesis)
    end_s = Fraction(round(Fraction(duration_s) * 10), 10)
    extended = [(max(Fraction(0), a - 30), min(end_s, b + 60)) for a, b in seizures]
    found = [e for e in extended if any(share_a_tenth(e, alarm) for alarm in alarms)]
    false = [alarm for alarm in alarms if not any(share_a_tenth(alarm, e) for e in found)]
    return len(seizures), len(found), len(false)


def joined_and_cut(events):
    joined = []
    for onset, offset in events:
        onset, offset = Fraction(onset), Fraction(offset)
        if joined and onset - joined[-1][1] < 90:
            joined[-1] = (joined[-1][0], offset)
        else:
            joined.append((onset, offset))
    pieces = []
    for onset, offset in joined:
        while offset - onset > 300:
            pieces.append((onset, onset + 300))
            onset += 300
        pieces.append((onset, offset))
    return pieces


def share_a_tenth(one, other):
    tenths = [(round(a * 10), round(b * 10)) for a, b in (one, other)]
    return max(a for a, _ in tenths) < min(b for _, b in tenths)


def plain_seconds(reference, hypothesis, duration_s):
    """Seconds of truth, of truth and alarm, and of alarm alone, as sets of seconds."""
    n = round(round(duration_s * 10) / 10)
    truth, alarm = (
        {t for a, b in events for t in range(round(a), min(n, round(b)))}
        for events in (reference, hypothesis)
    )
    return len(truth), len(truth & alarm), len(alarm - truth)


def random_events(rng, duration_s, at_most, longest_s):
    """Cleaned events on 64ths of a second, which floats hold exactly, so that no tie is by chance.

    Every other list lies on whole and half seconds: limits of 30, 60, 90 and 300 s are met exactly.
    """
    grid = 64 if rng.random() < 0.5 else 2
    n = rng.integers(0, at_most + 1)
    onset = rng.integers(0, int(duration_s) * grid, n)
    length = rng.integers(1, int(longest_s) * grid, n)
    events = [(a / grid, (a + b) / grid) for a, b in zip(onset, length, strict=True)]
    return list(clean_events(events, duration_s).events)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("longest_s", [20.0, 120.0, 900.0])
def test_thousands_of_random_lists_count_as_in_a_plain_implementation(seed, longest_s):
    rng = np.random.default_rng([seed, int(longest_s)])
    for _ in range(400):
        duration_s = float(rng.choice([900.0, 1800.5, 3600.25, 7199.984375]))
        reference = random_events(rng, duration_s, 8, longest_s)
        hypothesis = random_events(rng, duration_s, 12, longest_s)
        got = timescoring_event_counts(reference, hypothesis, duration_s)
        assert (got.n_reference, got.tp, got.fp) == plain_szcore(
            reference, hypothesis, duration_s
        ), (reference, hypothesis, duration_s)
        got = timescoring_sample_counts(reference, hypothesis, duration_s)
        assert (got.n_reference, got.tp, got.fp) == plain_seconds(
            reference, hypothesis, duration_s
        ), (reference, hypothesis, duration_s)


HOUR_S = 3600.0
ORACLES = {
    "an hour of alarm over one seizure": ([(1000, 1060)], [(0, 3600)], (1, 1, 11)),
    "one alarm that bridges two seizures": (
        [(1000, 1060), (1200, 1260)],
        [(1010, 1250)],
        (2, 2, 0),
    ),
    "no alarm": ([(1000, 1060)], [], (1, 0, 0)),
    "an alarm that ends exactly 30 s before onset": ([(1000, 1060)], [(900, 970)], (1, 0, 1)),
    "an alarm that ends a tenth of a second later": ([(1000, 1060)], [(900, 970.1)], (1, 1, 0)),
    "an alarm that begins exactly 60 s after the end": ([(1000, 1060)], [(1120, 1130)], (1, 0, 1)),
    "an alarm that begins a tenth before that": ([(1000, 1060)], [(1119.9, 1130)], (1, 1, 0)),
    "a gap of 89 s": ([(1000, 1010), (1099, 1110)], [], (1, 0, 0)),
    "a gap of 90 s": ([(1000, 1010), (1100, 1110)], [], (2, 0, 0)),
    "a gap of 89 s between alarms": ([], [(1000, 1010), (1099, 1110)], (0, 0, 1)),
    "a gap of 90 s between alarms": ([], [(1000, 1010), (1100, 1110)], (0, 0, 2)),
    "600 s of seizure, hit early": ([(1000, 1600)], [(1000, 1010)], (2, 1, 0)),
    "300 s of seizure": ([(1000, 1300)], [(1000, 1010)], (1, 1, 0)),
    "neither seizure nor alarm": ([], [], (0, 0, 0)),
}


@pytest.mark.parametrize("name", ORACLES)
def test_the_oracles_hold_for_both(name):
    reference, hypothesis, expected = ORACLES[name]
    got = timescoring_event_counts(reference, hypothesis, HOUR_S)
    assert got == EventCounts(*expected, HOUR_S)
    tenths = [[(Fraction(str(a)), Fraction(str(b))) for a, b in e] for e in (reference, hypothesis)]
    assert plain_szcore(*tenths, HOUR_S) == expected


def test_undefined_scores_are_none_where_the_standard_has_no_number():
    silent = timescoring_event_counts([(1000, 1060)], [], HOUR_S)
    assert (silent.sensitivity, silent.precision, silent.f1) == (0.0, None, 0.0)
    nothing = timescoring_event_counts([], [], HOUR_S)
    assert (nothing.sensitivity, nothing.precision, nothing.f1) == (None, None, None)
    half = timescoring_event_counts([(1000, 1600)], [(1000, 1010)], HOUR_S)
    assert half.sensitivity == 0.5


def test_one_alarm_in_a_ten_second_clip_is_8640_false_positives_a_day():
    assert timescoring_event_counts([], [(0, 10)], 10.0).fp_per_day == 8640.0

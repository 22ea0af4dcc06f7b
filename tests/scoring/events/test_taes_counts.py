"""TAES, by cases worked by hand, by a slow second implementation, and by what must always hold."""

import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.scoring.events.counts import EventCounts
from eegssl.scoring.events.event_lists import clean_events
from eegssl.scoring.events.taes import taes_counts

DURATION_S = 1000.0

WORKED = {
    "the same event: all of it hit, nothing beyond": ([(100, 200)], [(100, 200)], 1.0, 0.0),
    "no detection: nothing hit, the event is one miss": ([(100, 200)], [], 0.0, 0.0),
    "nothing to find: each detection is one whole false alarm, short or long": (
        [],
        [(100, 101), (200, 900)],
        0.0,
        2.0,
    ),
    "detection apart from the event: nothing hit, one false alarm": (
        [(100, 200)],
        [(300, 310)],
        0.0,
        1.0,
    ),
    "touching is not overlapping: a detection until the onset is one false alarm": (
        [(100, 200)],
        [(50, 100)],
        0.0,
        1.0,
    ),
    "nor is a detection from the end on: one whole false alarm, though 10 s would be 10/100": (
        [(100, 200)],
        [(200, 210)],
        0.0,
        1.0,
    ),
    "within the event: 25 of 100 s hit, nothing beyond": ([(100, 200)], [(150, 175)], 0.25, 0.0),
    "begins 20 s early and ends half way: 50/100 hit, 20/100 false": (
        [(100, 200)],
        [(80, 150)],
        0.5,
        0.2,
    ),
    "begins 40 s late and ends 30 s late: 60/100 hit, 30/100 false": (
        [(100, 200)],
        [(140, 230)],
        0.6,
        0.3,
    ),
    "covers the event and 10 s before and 15 s after: 1 hit, 25/100 false": (
        [(100, 200)],
        [(90, 215)],
        1.0,
        0.25,
    ),
    "an alarm all the time: 1 hit; 990 s beyond a 10 s event are capped at 1 false": (
        [(100, 110)],
        [(0, 1000)],
        1.0,
        1.0,
    ),
    "many to one, all within: 10 + 20 + 30 of 100 s hit, nothing false": (
        [(100, 200)],
        [(100, 110), (120, 140), (150, 180)],
        0.6,
        0.0,
    ),
    "many to one, over both edges: (10 + 20)/100 hit, 5/100 + 40/100 false": (
        [(100, 200)],
        [(95, 110), (180, 240)],
        0.3,
        0.45,
    ),
    "many to one, both capped: (1 + 1)/10 hit, two long alarms are 1 false each": (
        [(100, 110)],
        [(50, 101), (109, 190)],
        0.2,
        2.0,
    ),
    "one to many: the first of three is hit, the two further ones are missed whole; the alarm "
    "is 60 s beyond the first, 60/20 is capped at 1": (
        [(100, 120), (140, 160), (170, 180)],
        [(100, 180)],
        1.0,
        1.0,
    ),
    "one to many from within the first: 80/100 hit, then 30/100 false; the second is missed "
    "although 10 of its 40 s are covered": ([(100, 200), (220, 260)], [(120, 230)], 0.8, 0.3),
    "one to many closes the second event: the later detection in it is a false alarm. "
    "80/100 hit, 30/100 + 1 false": (
        [(100, 200), (220, 260)],
        [(120, 230), (240, 250)],
        0.8,
        1.3,
    ),
    "as before, but a short detection comes first in the first event: the second one stays open "
    "and 10/40 of it is hit. (5 + 80)/100 + 10/40 hit, 30/100 false": (
        [(100, 200), (220, 260)],
        [(110, 115), (120, 230), (240, 250)],
        1.1,
        0.3,
    ),
    "two seizures, a good and a poor detection: 100/100 + 5/50 hit, 20/50 false": (
        [(100, 200), (300, 350)],
        [(100, 200), (280, 305)],
        1.1,
        0.4,
    ),
    "nothing to find and nothing found": ([], [], 0.0, 0.0),
}


@pytest.mark.parametrize("working", WORKED)
def test_taes_is_as_worked_by_hand(working):
    reference, hypothesis, hits, false = WORKED[working]
    got = taes_counts(reference, hypothesis, DURATION_S)
    assert got.tp == pytest.approx(hits)
    assert got.fp == pytest.approx(false)
    assert (got.n_reference, got.duration_s) == (len(reference), DURATION_S)


def test_rates_follow_from_fractions():
    got = taes_counts([(100, 200)], [(80, 150)], 43200.0)
    assert got.sensitivity == 0.5
    assert got.precision == pytest.approx(0.5 / 0.7)
    assert got.fp_per_day == pytest.approx(0.4)


def _slow_taes(reference, hypothesis):
    """TAES pair by pair; each event remembers whether it was met, or closed by an earlier alarm."""
    hits = false = 0.0
    state, used = ["untouched"] * len(reference), set()
    for r, (onset, offset) in enumerate(reference):
        for h, (start, end) in enumerate(hypothesis):
            shared = min(offset, end) - max(onset, start)
            if shared <= 0 or h in used or state[r] == "closed":
                continue
            used.add(h)
            hits += shared / (offset - onset)
            false += min(1.0, (end - start - shared) / (offset - onset))
            if state[r] == "untouched" and end >= offset:
                for k in range(r + 1, len(reference)):
                    if reference[k][0] < end:
                        state[k] = "closed"
            state[r] = "met"
    return hits, false + len(hypothesis) - len(used)


@st.composite
def event_lists(draw, longest_s=120.0):
    """Cleaned events on quarters of a second, often close together."""
    starts = draw(st.lists(st.integers(0, 1600), max_size=8))
    lengths = draw(
        st.lists(st.integers(1, int(4 * longest_s)), min_size=len(starts), max_size=len(starts))
    )
    events = [(a / 4, (a + n) / 4) for a, n in zip(starts, lengths, strict=True)]
    return list(clean_events(events, 400.0).events)


@examples(600)
@given(event_lists(), event_lists())
def test_taes_agrees_with_a_slow_second_implementation(reference, hypothesis):
    got = taes_counts(reference, hypothesis, 400.0)
    assert (got.tp, got.fp) == pytest.approx(_slow_taes(reference, hypothesis))


@given(event_lists(), event_lists())
def test_hits_stay_within_the_events_and_false_alarms_within_detections(reference, hypothesis):
    got = taes_counts(reference, hypothesis, 400.0)
    assert 0 <= got.tp <= len(reference)
    assert 0 <= got.fp <= len(hypothesis)


@given(event_lists())
def test_a_list_scores_perfectly_against_itself(events):
    assert taes_counts(events, events, 400.0) == EventCounts(len(events), len(events), 0, 400.0)


@given(event_lists(), event_lists(), st.sampled_from([0.5, 2.0, 4.0]), st.sampled_from([0.0, 64.0]))
def test_credit_does_not_depend_on_the_unit_or_the_start_of_time(
    reference, hypothesis, scale, shift_s
):
    def moved(events):
        return [(a * scale + shift_s, b * scale + shift_s) for a, b in events]

    got = taes_counts(moved(reference), moved(hypothesis), 2000.0)
    expected = taes_counts(reference, hypothesis, 2000.0)
    assert (got.tp, got.fp) == pytest.approx((expected.tp, expected.fp))


@given(event_lists(), event_lists())
def test_an_alarm_far_from_everything_is_exactly_one_false_alarm_more(reference, hypothesis):
    before = taes_counts(reference, hypothesis, 1000.0)
    after = taes_counts(reference, [*hypothesis, (900.0, 990.0)], 1000.0)
    assert after.tp == before.tp
    assert after.fp == pytest.approx(before.fp + 1)

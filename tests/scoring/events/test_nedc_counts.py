"""OVLP, EPOCH and IRA, by cases worked by hand, by plain second implementations, by properties."""

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from eegssl.scoring.events.counts import EventCounts
from eegssl.scoring.events.event_lists import clean_events
from eegssl.scoring.events.nedc import (
    agreement_of,
    cohens_kappa,
    epoch_confusion,
    epoch_counts,
    ovlp_counts,
)

DURATION_S = 1000.0

OVLP_WORKED = {
    "the same event: a hit": ([(100, 200)], [(100, 200)], 1, 0),
    "nothing to find and nothing found": ([], [], 0, 0),
    "no detection: a miss": ([(100, 200)], [], 0, 0),
    "nothing to find: every detection is one false alarm": ([], [(1, 2), (5, 900)], 0, 2),
    "apart: a miss and a false alarm": ([(100, 200)], [(300, 400)], 0, 1),
    "a tenth of a second shared: a hit": ([(100, 200)], [(199.9, 300)], 1, 0),
    "touching at the end: a miss and a false alarm": ([(100, 200)], [(200, 300)], 0, 1),
    "touching at the onset: a miss and a false alarm": ([(100, 200)], [(50, 100)], 0, 1),
    "one second before the onset, within SzCORE's tolerance: a false alarm here": (
        [(100, 200)],
        [(90, 99)],
        0,
        1,
    ),
    "one detection over three events: three hits": (
        [(100, 200), (300, 400), (500, 600)],
        [(150, 550)],
        3,
        0,
    ),
    "three detections in one event: one hit, and none of them is false": (
        [(100, 200)],
        [(100, 110), (120, 130), (190, 250)],
        1,
        0,
    ),
    "an alarm all the time: every event hit, nothing false": (
        [(100, 110), (500, 510)],
        [(0, 1000)],
        2,
        0,
    ),
    "two of three events found, one of three detections false": (
        [(100, 200), (300, 400), (500, 600)],
        [(110, 120), (250, 260), (350, 450)],
        2,
        1,
    ),
    "a detection in the gap between two events: two misses, one false alarm": (
        [(100, 200), (210, 300)],
        [(201, 209)],
        0,
        1,
    ),
}


@pytest.mark.parametrize("working", OVLP_WORKED)
def test_ovlp_is_as_worked_by_hand(working):
    reference, hypothesis, hits, false = OVLP_WORKED[working]
    got = ovlp_counts(reference, hypothesis, DURATION_S)
    assert got == EventCounts(len(reference), hits, false, DURATION_S)


# A slice has its middle at .125, .375, .625, .875 ... s; per case seconds of truth, hit, false.
EPOCH_WORKED = {
    "the same 100 s: 400 slices hit": ([(100, 200)], [(100, 200)], 100, 100, 0),
    "no detection: 400 slices missed": ([(100, 200)], [], 100, 0, 0),
    "nothing to find, 10 s of alarm: 40 slices false": ([], [(100, 110)], 0, 0, 10),
    "half of it: 200 slices hit, 200 missed": ([(100, 200)], [(100, 150)], 100, 50, 0),
    "early by 20 s: 320 hit, 80 missed, 80 false": ([(100, 200)], [(80, 180)], 100, 80, 20),
    "an alarm all the time: 40 slices hit, 3,960 false": (
        [(100, 110)],
        [(0, 1000)],
        10,
        10,
        990,
    ),
    "0.2 s within one slice, over its middle at 10.125: the slice counts whole": (
        [(10.0, 10.2)],
        [(10.0, 10.2)],
        0.25,
        0.25,
        0,
    ),
    "0.2 s between the middles at 10.125 and 10.375: no slice at all": (
        [(10.13, 10.33)],
        [(10.13, 10.33)],
        0,
        0,
        0,
    ),
    "onset on the middle at 10.125: the background before has it; one slice, at 10.375": (
        [(10.125, 10.5)],
        [],
        0.25,
        0,
        0,
    ),
    "end on the middle at 10.375: the seizure has it; two slices": (
        [(10.0, 10.375)],
        [],
        0.5,
        0,
        0,
    ),
    "two events and a detection over the gap of 10 s: 40 + 40 hit, 40 false, 320 + 320 missed": (
        [(100, 190), (200, 290)],
        [(180, 210)],
        180,
        20,
        10,
    ),
    "three detections in one event: 40 + 80 + 120 of 400 slices": (
        [(100, 200)],
        [(100, 110), (120, 140), (150, 180)],
        100,
        60,
        0,
    ),
    "detection touches the event: nothing shared": ([(100, 200)], [(200, 210)], 100, 0, 10),
    "nothing to find and nothing found": ([], [], 0, 0, 0),
}


@pytest.mark.parametrize("working", EPOCH_WORKED)
def test_epoch_is_as_worked_by_hand(working):
    reference, hypothesis, truth, hit, false = EPOCH_WORKED[working]
    assert epoch_counts(reference, hypothesis, DURATION_S) == EventCounts(
        truth, hit, false, DURATION_S
    )


def test_false_alarms_per_day_of_slices_are_seconds_as_nedc_scales_them():
    # 40 false slices of 0.25 s in half a day: 40 * 0.25 / 43200 * 86400 = 20 s a day.
    assert epoch_counts([], [(100, 110)], 43200.0).fp_per_day == 20.0


@pytest.mark.parametrize(
    ("duration_s", "slices"), [(10.0, 40), (10.1, 40), (10.125, 41), (10.2, 41), (0.1, 0)]
)
def test_the_last_slice_counts_if_its_middle_is_recorded(duration_s, slices):
    assert epoch_confusion([], [], duration_s).tolist() == [[0, 0], [0, slices]]


def labelled(events, duration_s):
    """The label of each slice, looked up at its middle in the order of time."""
    labels, at = [], 0.0
    for onset, offset in events:
        labels += [(at, onset, False), (onset, offset, True)]
        at = offset
    labels.append((at, duration_s, False))
    middles = np.arange(0.125, duration_s + 0.001, 0.25)
    return np.array(
        [
            next(seizure for start, end, seizure in labels if start <= t <= end)
            for t in middles[middles <= duration_s]
        ],
        dtype=bool,
    )


times = st.integers(0, 480).map(lambda n: n / 16) | st.floats(0, 30)


@st.composite
def event_lists(draw):
    """Cleaned events within 30 s, on sixteenths of a second (borders hit middles) or anywhere."""
    edges = draw(st.lists(st.tuples(times, times), max_size=8))
    return list(clean_events([(min(e), max(e)) for e in edges], 30.0).events)


@pytest.mark.slow
@examples(500)
@given(event_lists(), event_lists())
def test_intervals_of_slices_are_what_labelling_every_slice_gives(reference, hypothesis):
    truth, alarm = labelled(reference, 30.0), labelled(hypothesis, 30.0)
    expected = [[truth & alarm, truth & ~alarm], [~truth & alarm, ~truth & ~alarm]]
    got = epoch_confusion(reference, hypothesis, 30.0)
    assert got.tolist() == [[int(cell.sum()) for cell in row] for row in expected]


@examples(500)
@given(event_lists(), event_lists())
def test_ovlp_is_what_comparing_every_pair_gives(reference, hypothesis):
    def meets(event, others):
        return any(min(event[1], b) > max(event[0], a) for a, b in others)

    got = ovlp_counts(reference, hypothesis, 30.0)
    assert got.tp == sum(meets(event, hypothesis) for event in reference)
    assert got.fp == sum(not meets(event, reference) for event in hypothesis)


@given(event_lists(), event_lists())
def test_exchanging_the_sides_turns_misses_into_false_alarms(reference, hypothesis):
    there, back = (
        ovlp_counts(reference, hypothesis, 30.0),
        ovlp_counts(hypothesis, reference, 30.0),
    )
    assert there.fp == back.n_reference - back.tp
    table = epoch_confusion(reference, hypothesis, 30.0)
    assert np.array_equal(epoch_confusion(hypothesis, reference, 30.0), table.T)


@given(event_lists(), event_lists())
def test_exchanging_seizure_and_background_turns_the_table_around(reference, hypothesis):
    def between(events):
        edges = [0.0, *(t for event in events for t in event), 30.0]
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return [(a, b) for a, b in pairs if b > a]

    borders = {t for event in (*reference, *hypothesis) for t in event}
    assume(not any((t * 4) % 1 == 0.5 for t in borders))  # such a middle has the earlier label
    table = epoch_confusion(reference, hypothesis, 30.0)
    turned = epoch_confusion(between(reference), between(hypothesis), 30.0)
    assert np.array_equal(turned, table[::-1, ::-1])


KAPPA_WORKED = {
    "20 + 15 of 50 agree, 25 by chance: (35/50 - 1/2) / (1/2) = 0.4": ([[20, 5], [10, 15]], 0.4),
    "full agreement": ([[10, 0], [0, 90]], 1.0),
    "full disagreement of two equal halves": ([[0, 50], [50, 0]], -1.0),
    "independent labels: 0.1 * 0.1 and 0.9 * 0.9": ([[1, 9], [9, 81]], 0.0),
    "45 + 15 of 100 agree, chance .6 * .7 + .4 * .3 = .54: .06/.46": (
        [[45, 15], [25, 15]],
        6 / 46,
    ),
    "25 + 35 of 100 agree, chance .6 * .3 + .4 * .7 = .46: .14/.54": (
        [[25, 35], [5, 35]],
        14 / 54,
    ),
    "an alarm all the time: 10 agree, chance the same": ([[10, 0], [90, 0]], 0.0),
    "no alarm at all: 90 agree, chance the same": ([[0, 10], [0, 90]], 0.0),
    "no seizure on either side: chance agrees fully, undefined": ([[0, 0], [0, 100]], None),
    "seizure all the time on both sides: undefined": ([[100, 0], [0, 0]], None),
    "nothing recorded: undefined": ([[0, 0], [0, 0]], None),
    "three labels, 60 of 100 agree, chance .5 * .4 + .3 * .35 + .2 * .25 = .355: .245/.645": (
        [[30, 10, 10], [5, 20, 5], [5, 5, 10]],
        0.245 / 0.645,
    ),
}


@pytest.mark.parametrize("working", KAPPA_WORKED)
def test_kappa_is_as_worked_by_hand(working):
    table, expected = KAPPA_WORKED[working]
    got = cohens_kappa(np.array(table))
    assert got is None if expected is None else got == pytest.approx(expected)


@pytest.mark.parametrize("n_labels", [2, 3])
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=60))
def test_kappa_is_that_of_scikit_learn(n_labels, pairs):
    truth, other = np.array(pairs).T % n_labels
    table = np.zeros((n_labels, n_labels), dtype=np.int64)
    np.add.at(table, (truth, other), 1)
    several = len(set(truth.tolist()) | set(other.tolist())) > 1
    expected = pytest.approx(cohen_kappa_score(truth, other)) if several else None
    assert cohens_kappa(table) == expected
    if n_labels == 2:
        got = agreement_of(table)
        assert got.kappa == {"seizure": expected, "background": expected}
        assert got.multi_class == expected


@given(event_lists(), event_lists())
def test_with_two_labels_every_kappa_is_the_same(reference, hypothesis):
    got = agreement_of(epoch_confusion(reference, hypothesis, 30.0))
    for kappa in got.kappa.values():
        assert kappa == (None if got.multi_class is None else pytest.approx(got.multi_class))


def test_a_day_of_slices_far_from_zero_is_counted_without_rounding():
    reference = [(86000.1, 86010.1)]
    table = epoch_confusion(reference, [(86005.1, 86010.1)], 86400.0)
    assert table.tolist() == [[20, 20], [0, 86400 * 4 - 40]]

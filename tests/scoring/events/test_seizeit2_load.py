"""The real events of SeizeIT2 as a scoring load: what is done to them shows in every score.

90 subjects, 8,280 hours. The reference is scored against itself, shifted, merged, thinned and
jittered; what each must give is worked out from the events by plain loops.
"""

import tarfile
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from realdata import real_data

from eegssl.io.tables.event_trees import read_tree
from eegssl.scoring.events.event_lists import clean_events
from eegssl.scoring.events.event_scorers import SCORERS, side_by_side
from eegssl.scoring.events.event_scores import RecordingEvents, szcore_scores
from eegssl.scoring.events.latency import Latencies, latencies

pytestmark = pytest.mark.real
SHORTEST_S = 600


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """All recordings with their reference as hypothesis."""
    tree = tmp_path_factory.mktemp("seizeit2")
    archive = real_data("seizeit2_annotations", "events_dev_sub001-090.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(tree, filter="data")
    found, faults = read_tree(tree, tree)
    assert faults == []
    return [
        RecordingEvents(one.subject, one.recording, one.duration_s, events, events)
        for one in found
        for events in (clean_events(one.reference, one.duration_s).events,)
    ]


def _with(load, change):
    """The load with the hypothesis that ``change`` makes of each recording."""
    return [replace(one, hypothesis=change(one)) for one in load]


def _joined(events):
    """Events closer than 90 s as one."""
    joined = []
    for onset, offset in events:
        if joined and onset - joined[-1][1] < 90:
            joined[-1] = (joined[-1][0], offset)
        else:
            joined.append((onset, offset))
    return joined


def _pieces(events):
    """Events cut after every 300 s."""
    return [
        (start, min(start + 300, offset))
        for onset, offset in events
        for start in np.arange(onset, offset, 300)
    ]


def _long_enough(load):
    return [one for one in load if one.duration_s >= SHORTEST_S]


def test_the_whole_load_is_read(load):
    assert len(load) == 1603
    assert len({one.subject for one in load}) == 90
    assert sum(one.duration_s for one in load) / 3600 == pytest.approx(8280.1, abs=0.1)
    # of 685 rows four are joined to one that they overlap or touch, three lie in short recordings
    assert sum(len(one.reference) for one in load) == 681
    assert sum(len(one.reference) for one in _long_enough(load)) == 678


def test_against_itself_every_scorer_is_perfect_and_counts_what_it_counts(load):
    levels = side_by_side(load)
    assert list(levels) == list(SCORERS)
    for name, level in levels.items():
        assert level.pooled.sensitivity == pytest.approx(1.0), name
        assert level.pooled.precision == pytest.approx(1.0), name
        assert level.pooled.fp == pytest.approx(0.0), name
        assert level.subject_mean["f1"].mean == pytest.approx(1.0), name
    kept = _long_enough(load)
    assert levels["nedc-ovlp"].pooled.n_reference == sum(len(one.reference) for one in kept)
    pieces = sum(len(_pieces(_joined(one.reference))) for one in kept)
    assert levels["szcore-event"].pooled.n_reference == pieces == 667
    n_scored = {subject for one in kept if one.reference for subject in (one.subject,)}
    assert levels["szcore-event"].subject_mean["sensitivity"].n_subjects == len(n_scored)


def test_shifted_by_less_than_the_tolerance_szcore_events_stay_perfect_and_seconds_do_not(load):
    def later(one):
        return clean_events([(a + 20, b + 20) for a, b in one.reference], one.duration_s).events

    levels = side_by_side(_with(load, later))
    assert (levels["szcore-event"].pooled.tp, levels["szcore-event"].pooled.fp) == (667, 0)
    events = [(a, b, later(one)) for one in _long_enough(load) for a, b in one.reference]
    overlaps = [sum(max(0, min(b, d) - max(a, c)) for c, d in alarms) for a, b, alarms in events]
    lengths = [b - a for a, b, _ in events]
    shared, total = sum(overlaps), sum(lengths)
    assert levels["nedc-ovlp"].pooled.tp == np.count_nonzero(overlaps) < 678
    for name in ("szcore-sample", "nedc-epoch"):
        assert levels[name].pooled.sensitivity == pytest.approx(shared / total, abs=2e-3), name
    # each alarm meets its own seizure: the hit is the covered share, up to one false alarm the rest
    hits = sum(o / n for o, n in zip(overlaps, lengths, strict=True))
    false = sum(min(1, (n - o) / n) for o, n in zip(overlaps, lengths, strict=True))
    assert levels["nedc-taes"].pooled.tp == pytest.approx(hits, rel=0.01)
    assert levels["nedc-taes"].pooled.fp == pytest.approx(false, rel=0.01)


def test_shifted_by_an_hour_single_seizures_are_all_missed_and_all_alarms_false(load):
    def alone(one):
        return len(one.reference) == 1 and one.reference[0][1] + 3700 < one.duration_s

    single = [one for one in load if alone(one)]
    assert len(single) > 50
    moved = _with(single, lambda one: [(a + 3600, b + 3600) for a, b in one.reference])
    for name, level in side_by_side(moved).items():
        if name == "nedc-dpalign":  # it compares the order of events, not their times
            assert level.pooled.sensitivity == 1.0
            continue
        assert level.pooled.tp == 0, name
        assert level.subject_mean["sensitivity"].mean == 0, name
        if name != "nedc-taes":
            assert level.pooled.fp == pytest.approx(level.pooled.n_reference, rel=0.01), name


def test_merged_below_90_s_is_the_same_for_szcore(load):
    got = szcore_scores(_with(load, lambda one: _joined(one.reference))).event.pooled
    assert (got.n_reference, got.tp, got.fp) == (667, 667, 0)


def test_merged_into_one_alarm_a_recording_all_is_found_and_the_time_between_is_false(load):
    def one_alarm(one):
        return [(one.reference[0][0], one.reference[-1][1])] if one.reference else []

    false = 0
    for one in _long_enough(load):
        allowed = [(a - 30, b + 60) for a, b in _pieces(_joined(one.reference))]
        for c, d in _pieces(one_alarm(one)):
            false += not any(a < d and c < b for a, b in allowed)
    levels = side_by_side(_with(load, one_alarm))
    assert (levels["szcore-event"].pooled.tp, levels["szcore-event"].pooled.fp) == (667, false)
    assert false > 1000
    assert levels["nedc-ovlp"].pooled.tp == 678
    assert levels["nedc-ovlp"].pooled.fp == 0  # one alarm that touches a seizure is never false
    assert levels["nedc-taes"].pooled.sensitivity < 0.5  # it charges what the alarm bridges
    assert levels["nedc-epoch"].pooled.precision < 0.1


def test_thinned_to_every_second_seizure_sensitivity_is_what_was_kept(load):
    def every_second(one):
        return _joined(one.reference)[::2]

    kept = sum(len(_pieces(every_second(one))) for one in _long_enough(load))
    got = szcore_scores(_with(load, every_second)).event.pooled
    assert (got.tp, got.fp) == (kept, 0)
    assert got.sensitivity == kept / 667
    assert 0.5 < got.sensitivity < 0.9


def test_jittered_within_the_tolerance_all_is_found_and_latencies_are_the_jitter(load):
    rng = np.random.default_rng(7)
    moves = {one.recording: rng.uniform(-25, 25, len(one.reference)) for one in load}

    def jittered(one):
        moved = [
            (a + move, b + move)
            for (a, b), move in zip(one.reference, moves[one.recording], strict=True)
        ]
        return clean_events(moved, one.duration_s).events

    got = szcore_scores(_with(load, jittered)).event.pooled
    assert (got.tp, got.fp) == (667, 0)
    single = [one for one in load if len(one.reference) == 1]
    total = sum((latencies(one.reference, jittered(one)) for one in single), start=Latencies())
    inside = [
        max(move, -one.reference[0][0]) for one in single for move in moves[one.recording].tolist()
    ]
    assert total.n_missed == 0
    assert total.seconds == pytest.approx(inside, abs=1e-6)
    assert abs(total.quartiles_s[1]) < 5


def test_one_false_alarm_in_every_quiet_recording_is_that_many_per_24_hours(load):
    def wolf(one):
        return one.reference or [(one.duration_s / 2, one.duration_s / 2 + 10)]

    kept = _long_enough(load)
    quiet = Counter(one.subject for one in kept if not one.reference)
    got = szcore_scores(_with(load, wolf)).event
    assert (got.pooled.tp, got.pooled.fp) == (667, quiet.total())
    hours = sum(one.duration_s for one in kept) / 3600
    assert got.pooled.fp_per_day == pytest.approx(quiet.total() * 24 / hours, rel=1e-4)
    assert len(load) - len(kept) == len(szcore_scores(load).too_short)

"""Event scores are SzCORE's: the oracles of timescoring, a plain reimplementation, and averages."""

import json

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.errors import InputError
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.event_scores import RecordingEvents, szcore_scores


def _one(reference, hypothesis, duration_s=3600.0, subject="s1", recording="r1"):
    return RecordingEvents(subject, recording, duration_s, reference, hypothesis)


def _counts(reference, hypothesis, duration_s=3600.0):
    return szcore_scores([_one(reference, hypothesis, duration_s)]).event.pooled


def test_a_full_hour_alarm_finds_the_seizure_and_is_eleven_false_alarms():
    got = _counts([(1000, 1060)], [(0, 3600)])
    assert (got.tp, got.fp) == (1, 11)


def test_one_alarm_that_bridges_two_seizures_finds_both():
    got = _counts([(1000, 1060), (1200, 1260)], [(1010, 1250)])
    assert (got.n_reference, got.tp, got.fp) == (2, 2, 0)


def test_silence_has_sensitivity_zero_no_precision_and_f1_zero():
    got = _counts([(1000, 1060)], [])
    assert (got.sensitivity, got.precision, got.f1) == (0.0, None, 0.0)


def test_an_alarm_that_ends_exactly_30_s_before_onset_is_false_and_a_tenth_later_is_right():
    assert _counts([(1000, 1060)], [(900, 970)]).fp == 1
    assert _counts([(1000, 1060)], [(900, 970.2)]).tp == 1


def test_a_gap_of_89_s_merges_and_of_90_s_does_not():
    assert _counts([(1000, 1010), (1099, 1110)], []).n_reference == 1
    assert _counts([(1000, 1010), (1100, 1110)], []).n_reference == 2


def test_a_seizure_of_600_s_counts_as_two_and_an_early_alarm_finds_one():
    got = _counts([(1000, 1600)], [(1000, 1010)])
    assert (got.n_reference, got.sensitivity) == (2, 0.5)


def test_nothing_to_find_and_nothing_found_has_no_f1():
    got = _counts([], [])
    assert (got.sensitivity, got.precision, got.f1, got.fp_per_day) == (None, None, None, 0.0)


def test_false_alarms_are_per_24_hours():
    assert _counts([], [(100, 110), (1000, 1010)], 7200.0).fp_per_day == 24.0


def test_unsorted_nested_and_overhanging_events_score_as_the_seconds_that_they_cover():
    tidy = _counts([(1000, 1060), (2000, 2100)], [(0, 20), (1005, 1050)])
    messy = _counts([(2000, 2100), (1000, 1060), (1010, 1020)], [(1005, 1050), (-50, 20), (5, 9)])
    assert messy == tidy


def test_clips_get_no_event_score_and_are_named():
    clip = _one([], [(0, 10)], 10.0, recording="clip")
    got = szcore_scores([_one([(100, 200)], [(100, 200)]), clip])
    assert got.too_short == (("s1", "clip"),)
    assert got.left_out.startswith("1 of 2 recording(s), with 0 seizure(s), are shorter than 10 ")
    assert szcore_scores([_one([(1, 5)], [], 10.0)]).n_seizures_too_short == 1
    assert szcore_scores([_one([], [])]).left_out == ""
    assert got.event.pooled.fp == 0
    assert got.n_recordings == 2
    alone = szcore_scores([clip])
    assert alone.event.subject_mean["f1"].mean is None
    assert "10 minutes" in alone.reason_if_empty
    assert szcore_scores([clip], ScoringConfig(shortest_event_recording_s=0)).event.pooled.fp == 1


def test_subjects_count_once_recordings_are_summed_and_the_policy_on_nothing_is_stated():
    recordings = [
        _one([(100, 160)], [(100, 160)], recording="r1"),
        _one([(100, 160)], [], recording="r2"),
        _one([(100, 160)], [(100, 160)], subject="s2", recording="r3"),
        _one([], [], subject="s3", recording="r4"),
    ]
    got = szcore_scores(recordings)
    assert got.event.per_subject["s1"].sensitivity == 0.5
    assert got.event.subject_mean["sensitivity"].mean == 0.75
    assert got.event.subject_mean["sensitivity"].n_subjects == 2
    assert got.event.pooled.sensitivity == pytest.approx(2 / 3)
    zero = szcore_scores(recordings, ScoringConfig(nan_policy="zero"))
    assert zero.event.subject_mean["sensitivity"].mean == 0.5
    assert zero.event.subject_mean["sensitivity"].n_subjects == 3
    assert (got.nan_policy, zero.nan_policy, got.n_subjects) == ("skip", "zero", 3)


def test_the_result_is_valid_json_and_does_not_depend_on_the_order_of_recordings():
    recordings = [_one([], [], subject=f"s{i}", recording=f"r{i}") for i in range(3)]
    first, second = szcore_scores(recordings), szcore_scores(recordings[::-1])
    assert json.dumps(first.as_dict(), allow_nan=False) == json.dumps(second.as_dict())


def test_events_outside_their_recording_are_counted_by_side():
    got = szcore_scores([_one([(4000, 4100)], [(-10, -5), (3700, 3800)])])
    assert got.n_outside == {"reference": 1, "hypothesis": 2}


def test_a_recording_given_twice_and_one_without_a_duration_are_refused():
    with pytest.raises(InputError, match="more than once"):
        szcore_scores([_one([], []), _one([], [])])
    with pytest.raises(InputError, match="duration"):
        szcore_scores([_one([], [], float("nan"))])


def _merge_and_split(events):
    merged = []
    for onset, offset in sorted(events):
        if merged and onset - merged[-1][1] < 90:
            merged[-1][1] = max(offset, merged[-1][1])
        else:
            merged.append([onset, offset])
    pieces = []
    for onset, offset in merged:
        while offset - onset > 300:
            pieces.append((onset, onset + 300))
            onset += 300
        pieces.append((onset, offset))
    return pieces


def _plain_szcore(reference, hypothesis, duration):
    """SzCORE on whole seconds as sets, written from its description alone."""
    reference, hypothesis = _merge_and_split(reference), _merge_and_split(hypothesis)
    alarm = {t for a, b in hypothesis for t in range(a, b)}
    found = [
        set(range(max(0, a - 30), min(duration, b + 60)))
        for a, b in reference
        if alarm & set(range(max(0, a - 30), min(duration, b + 60)))
    ]
    allowed = set().union(*found)
    false = [1 for a, b in hypothesis if not allowed & set(range(a, b))]
    return len(reference), len(found), len(false)


whole_seconds = st.lists(
    st.tuples(st.integers(0, 1990), st.integers(1, 500)).map(
        lambda s: (s[0], min(2000, s[0] + s[1]))
    ),
    max_size=6,
)


@examples(150)
@given(whole_seconds, whole_seconds)
def test_random_event_lists_score_as_in_a_plain_reimplementation(reference, hypothesis):
    got = _counts(reference, hypothesis, 2000.0)
    assert (got.n_reference, got.tp, got.fp) == _plain_szcore(reference, hypothesis, 2000)


@examples(40)
@given(whole_seconds, whole_seconds)
def test_sample_scores_count_seconds(reference, hypothesis):
    got = szcore_scores([_one(reference, hypothesis, 2000.0)]).sample.pooled
    truth, alarm = np.zeros(2000, bool), np.zeros(2000, bool)
    for mask, events in ((truth, reference), (alarm, hypothesis)):
        for onset, offset in events:
            mask[onset:offset] = True
    assert got.tp == int(np.sum(truth & alarm))
    assert got.fp == int(np.sum(~truth & alarm))
    assert got.n_reference == int(truth.sum())

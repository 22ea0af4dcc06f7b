"""One table of all scorers: the same recordings, the same cleaned events, sums and means."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegssl.errors import InputError
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.event_scorers import SCORERS, agreement, side_by_side
from eegssl.scoring.events.event_scores import RecordingEvents, szcore_scores

HOUR_S = 3600.0


def _one(reference, hypothesis, subject="s1", recording="r1", duration_s=HOUR_S):
    return RecordingEvents(subject, recording, duration_s, reference, hypothesis)


def _pooled(reference, hypothesis):
    levels = side_by_side([_one(reference, hypothesis)])
    return {name: (level.pooled.tp, level.pooled.fp) for name, level in levels.items()}


def test_one_alarm_that_never_ends_looks_different_to_every_scorer():
    # SzCORE: 12 pieces of 300 s, the one at the seizure is right. OVLP: found, no price. TAES:
    # found, the excess capped at one. EPOCH: 60 s right, 3,540 s false. DPALIGN: one and one.
    assert _pooled([(1000, 1060)], [(0, 3600)]) == {
        "szcore-event": (1, 11),
        "szcore-sample": (60, 3540),
        "nedc-ovlp": (1, 0),
        "nedc-taes": (1.0, 1.0),
        "nedc-epoch": (60.0, 3540.0),
        "nedc-dpalign": (1, 0),
    }


def test_a_short_early_alarm_is_right_for_szcore_alone_and_for_an_order_without_times():
    # It ends 10 s before the onset: within SzCORE's 30 s, outside the event for all others.
    assert _pooled([(1000, 1060)], [(980, 990)]) == {
        "szcore-event": (1, 0),
        "szcore-sample": (0, 10),
        "nedc-ovlp": (0, 1),
        "nedc-taes": (0.0, 1.0),
        "nedc-epoch": (0.0, 10.0),
        "nedc-dpalign": (1, 0),
    }


def test_every_scorer_gives_full_marks_to_the_reference_itself():
    events = [(100, 160), (1000, 1100), (2000, 2600)]
    for name, level in side_by_side([_one(events, events)]).items():
        assert (level.pooled.f1, level.pooled.fp_per_day) == (1.0, 0.0), name


def test_the_szcore_rows_are_those_of_the_szcore_scores():
    rng = np.random.default_rng(5)
    recordings = [
        _one(
            [(t, t + 40.0) for t in rng.uniform(0, 3500, 5)],
            [(t, t + 25.0) for t in rng.uniform(-20, 3620, 9)],
            subject=f"s{i % 4}",
            recording=f"r{i}",
        )
        for i in range(12)
    ]
    levels, scores = side_by_side(recordings), szcore_scores(recordings)
    assert levels["szcore-event"] == scores.event
    assert levels["szcore-sample"] == scores.sample


def test_all_scorers_see_the_same_recordings_and_clips_are_left_out():
    recordings = [
        _one([(100, 160)], [(100, 130)], recording="r1"),
        _one([], [], subject="s2", recording="r2"),
        _one([(0, 10)], [(0, 10)], recording="clip", duration_s=10.0),
    ]
    levels = side_by_side(recordings)
    assert list(levels) == list(SCORERS)
    for level in levels.values():
        assert set(level.per_recording) == {("s1", "r1"), ("s2", "r2")}
        assert level.subject_mean["sensitivity"].n_subjects == 1
    assert set(agreement(recordings).per_subject) == {"s1", "s2"}
    everything = side_by_side(recordings, ScoringConfig(shortest_event_recording_s=0))
    assert everything["nedc-ovlp"].pooled.n_reference == 2


def test_the_policy_on_undefined_scores_reaches_every_scorer():
    recordings = [_one([(100, 160)], [(100, 160)]), _one([], [], subject="s2", recording="r2")]
    zero = ScoringConfig(nan_policy="zero")
    for level in side_by_side(recordings, zero).values():
        assert level.subject_mean["f1"].mean == 0.5
        assert level.subject_mean["f1"].n_subjects == 2
    assert agreement(recordings).subject_mean.mean == 1.0
    assert agreement(recordings, zero).subject_mean.mean == 0.5


def test_fractions_add_over_recordings_before_scores_are_made():
    # TAES: 0.5 of one event and 1 of another are 1.5 of 2.
    recordings = [
        _one([(100, 200)], [(100, 150)], recording="r1"),
        _one([(100, 200)], [(100, 200)], recording="r2"),
    ]
    taes = side_by_side(recordings)["nedc-taes"]
    assert taes.pooled.tp == 1.5
    assert taes.per_subject["s1"].sensitivity == 0.75


def test_messy_lists_score_as_the_seconds_that_they_cover():
    tidy = _one([(1000, 1060), (2000, 2100)], [(0, 20), (1005, 1050)])
    messy = _one([(2000, 2100), (1000, 1060), (1010, 1020)], [(1005, 1050), (-50, 20), (5, 9)])
    assert side_by_side([messy]) == side_by_side([tidy])
    assert agreement([messy]) == agreement([tidy])


def test_agreement_pools_slices_and_keeps_subjects_and_recordings_apart():
    recordings = [
        _one([(0, 900)], [(0, 900)], subject="s1", recording="r1"),
        _one([(0, 900)], [(2700, 3600)], subject="s2", recording="r2"),
    ]
    got = agreement(recordings)
    assert got.per_subject["s1"].multi_class == 1.0
    # 1,800 of 3,600 s agree; chance is (1/4)(1/4) + (3/4)(3/4) = 5/8: (1/2 - 5/8) / (3/8).
    assert got.per_subject["s2"].multi_class == pytest.approx(-1 / 3)
    # 5,400 of 7,200 s agree, chance is 5/8 as before: (3/4 - 5/8) / (3/8).
    assert got.pooled.multi_class == pytest.approx(1 / 3)
    assert got.pooled.confusion == ((3600, 3600), (3600, 18000))
    assert got.subject_mean.n_subjects == 2


def test_results_are_valid_json():
    recordings = [_one([], []), _one([(5, 9)], [(7, 20)], subject="s2", recording="r2")]
    json.dumps(agreement(recordings).as_dict(), allow_nan=False)
    levels = side_by_side(recordings)
    json.dumps({name: level.as_dict() for name, level in levels.items()}, allow_nan=False)


@pytest.mark.parametrize("score", [side_by_side, agreement])
def test_a_recording_given_twice_and_one_without_a_duration_are_refused(score):
    with pytest.raises(InputError, match="more than once"):
        score([_one([], []), _one([], [])])
    with pytest.raises(InputError, match="duration"):
        score([_one([], [], duration_s=float("inf"))])


def test_no_recordings_at_all_have_no_scores():
    for level in side_by_side([]).values():
        assert level.subject_mean["f1"].mean is None
    assert agreement([]).pooled.multi_class is None


@given(st.permutations(range(6)))
def test_the_order_of_recordings_does_not_matter(order):
    recordings = [
        _one([(100.0 * i + 1, 100.0 * i + 33)], [(300.0, 310.7)], f"s{i % 2}", f"r{i}")
        for i in range(6)
    ]
    assert side_by_side([recordings[i] for i in order]) == side_by_side(recordings)

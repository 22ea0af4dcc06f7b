"""Post-processing does what it says to probabilities over time, and is chosen by validation."""

import itertools
from dataclasses import asdict
from typing import get_args

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from eegssl.errors import InputError
from eegssl.scoring.config import PostprocessConfig, PostprocessCriterion, ScoringConfig
from eegssl.scoring.events.event_lists import merge_touching
from eegssl.scoring.events.event_scores import RecordingEvents, szcore_scores
from eegssl.scoring.events.postprocess import (
    Postprocess,
    Probabilities,
    choose_postprocess,
    detections,
    thresholds,
)
from eegssl.scoring.events.timeline import timeline

SMALL = PostprocessConfig(
    n_thresholds=8, smooth_windows=(1, 3), merge_gap_s=(0.0, 30.0), min_duration_s=(0.0, 10.0)
)


def _detected(p, rule, window_s=2.0, step_s=None, start_s=None):
    start = np.arange(len(p)) * (step_s or window_s) if start_s is None else np.array(start_s)
    return detections(start, np.full(len(p), window_s), np.array(p), rule)


def test_without_overlap_and_processing_detections_are_the_windows_at_the_threshold():
    rng = np.random.default_rng(0)
    p = rng.random(200).round(1)
    start, length = np.arange(200) * 0.1, np.full(200, 0.1)
    order = rng.permutation(200)
    got = detections(start[order], length[order], p[order], Postprocess(0.7))
    positive = p >= 0.7
    ends = (start + length)[positive]
    wanted = merge_touching(zip(start[positive], ends, strict=True))
    assert np.allclose(got, wanted, atol=1e-6)
    assert len(got) == len(wanted)


def test_overlapping_windows_are_averaged_onto_time():
    # windows 0-4 and 2-6: 0-2 has .2, 2-4 the mean .5, 4-6 has .8
    assert _detected([0.2, 0.8], Postprocess(0.5), 4.0, 2.0) == ((2.0, 6.0),)
    assert _detected([0.2, 0.8], Postprocess(0.6), 4.0, 2.0) == ((4.0, 6.0),)


def test_a_window_inside_a_longer_one_is_averaged_as_well():
    got = detections(np.array([0, 4.0]), np.array([10, 2.0]), np.array([0.0, 1]), Postprocess(0.5))
    assert got == ((4.0, 6.0),)


def test_time_without_windows_is_never_bridged_by_merging_nor_by_smoothing():
    start = [0, 2, 4, 20, 22, 24]  # nothing from 6 to 20
    p = [0, 0, 1, 1, 0, 0]
    rule = Postprocess(0.5, merge_gap_s=1000.0)
    assert _detected(p, rule, start_s=start) == ((4.0, 6.0), (20.0, 22.0))
    smooth = Postprocess(0.5, smooth=3)
    # beside the gap the mean is of two windows: (0 + 1) / 2; elsewhere 1/3
    assert _detected(p, smooth, start_s=start) == ((4.0, 6.0), (20.0, 22.0))


def test_smoothing_is_a_centred_mean_with_fewer_windows_at_the_ends():
    line = timeline(np.arange(5) * 2, np.full(5, 2), np.array([0, 0, 9, 0, 3]) / 9, 3)
    assert line.probability == pytest.approx(np.array([0, 3, 3, 4, 1.5]) / 9)
    line = timeline(np.arange(2) * 2, np.full(2, 2), np.array([0.0, 1]), 9)
    assert line.probability == pytest.approx([0.5, 0.5])


def test_gaps_are_closed_before_short_detections_are_dropped():
    p = [1, 0, 1, 0, 0, 0, 0, 1]  # 0-2, 4-6 and 14-16
    assert _detected(p, Postprocess(0.5)) == ((0, 2), (4, 6), (14, 16))
    assert _detected(p, Postprocess(0.5, merge_gap_s=2.0)) == ((0, 2), (4, 6), (14, 16))
    assert _detected(p, Postprocess(0.5, merge_gap_s=2.1)) == ((0, 6), (14, 16))
    assert _detected(p, Postprocess(0.5, merge_gap_s=2.1, min_duration_s=6.0)) == ((0, 6),)
    assert _detected(p, Postprocess(0.5, min_duration_s=2.1)) == ()


def test_no_windows_are_no_detections_and_what_makes_no_time_is_refused():
    assert _detected([], Postprocess(0.5)) == ()
    with pytest.raises(InputError, match="not finite"):
        _detected([np.nan], Postprocess(0.5))
    with pytest.raises(InputError, match="without a duration"):
        _detected([0.5], Postprocess(0.5), window_s=0.0)
    with pytest.raises(InputError, match="one of each"):
        detections(np.zeros(2), np.ones(2), np.ones(3), Postprocess(0.5))


_windows = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 12), st.integers(0, 10)), min_size=1, max_size=25
)


@examples(200)
@given(_windows, st.integers(0, 10), st.integers(0, 12), st.integers(0, 8))
def test_detections_are_what_a_second_by_second_account_finds(windows, level, gap, shortest):
    start, length, p = (np.array(column, dtype=float) for column in zip(*windows, strict=True))
    covering = [p[(start <= t) & (t < start + length)] for t in range(80)]
    on = [bool(len(c)) and c.sum() >= level * len(c) for c in covering]
    wanted = []
    for t in range(80):
        if not on[t]:
            continue
        since = wanted[-1][1] if wanted else -1
        if wanted and t - since < max(gap, 1) and all(len(covering[k]) for k in range(since, t)):
            wanted[-1][1] = t + 1
        else:
            wanted.append([t, t + 1])
    wanted = [(a, b) for a, b in wanted if b - a >= shortest]
    rule = Postprocess(float(level), min_duration_s=shortest, merge_gap_s=gap)
    assert detections(start, length, p, rule) == tuple(wanted)


@examples(60)
@given(_windows, st.sampled_from([1, 3, 5]))
def test_a_higher_threshold_never_detects_more_seconds(windows, smooth):
    start, length, p = (np.array(column, dtype=float) for column in zip(*windows, strict=True))
    seconds = [
        sum(b - a for a, b in detections(start, length, p, Postprocess(t, smooth)))
        for t in range(11)
    ]
    assert all(low >= high for low, high in itertools.pairwise(seconds))


def test_a_constant_is_never_below_itself():
    start = np.arange(100) * 0.3
    for p in (0.1, 0.7, 1e-20):
        line = timeline(start, np.full(100, 1.0), np.full(100, p), 5)
        assert len(line.above(p)) == 1


def _recording(subject, recording, seizures, level, seed, duration_s=3600.0, noise=0.2):
    """Two-second windows with ``level`` in a seizure and noise elsewhere."""
    rng = np.random.default_rng(seed)
    start = np.arange(0, duration_s, 2.0)
    p = rng.random(len(start)) * noise
    for onset, offset in seizures:
        p[(start >= onset) & (start < offset)] = level
    return Probabilities(
        subject, recording, duration_s, start, np.full(len(start), 2.0), p, seizures
    )


def _validation():
    return [
        _recording("s1", "r1", [(600, 660)], 0.8, 1),
        _recording("s1", "r2", [(2000, 2040), (3000, 3050)], 0.7, 2),
        _recording("s2", "r3", [(100, 190)], 0.6, 3),
        _recording("s3", "r4", [], 0.5, 4),
    ]


def test_the_rule_finds_planted_seizures_and_says_where_it_came_from():
    rule = choose_postprocess(_validation(), SMALL)
    assert (rule.criterion, rule.score) == ("event_and_sample_f1", 1.0)
    assert (rule.n_subjects, rule.n_recordings) == (3, 4)
    assert 0.2 < rule.threshold <= 0.6
    assert (rule.smooth, rule.merge_gap_s, rule.min_duration_s) == (1, 0.0, 0.0)


def test_the_choice_does_not_depend_on_the_order_of_recordings():
    assert choose_postprocess(_validation(), SMALL) == choose_postprocess(
        _validation()[::-1], SMALL
    )


@pytest.mark.parametrize("criterion", get_args(PostprocessCriterion))
def test_nothing_else_in_the_grid_is_better_by_timescoring_itself(criterion):
    rng = np.random.default_rng(5)
    recordings = [
        _recording(f"s{k % 3}", f"r{k}", [(600 + 50 * k, 680 + 60 * k)], 0.75, k, noise=0.9)
        for k in range(5)
    ]
    config = SMALL.model_copy(update={"criterion": criterion, "n_thresholds": 5})
    rule = choose_postprocess(recordings, config)

    def score(threshold, smooth, gap_s, shortest_s):
        other = Postprocess(threshold, smooth, shortest_s, gap_s)
        lists = [
            RecordingEvents(
                r.subject,
                r.recording,
                r.duration_s,
                r.reference,
                detections(r.start_s, r.duration, r.p, other),
            )
            for r in recordings
        ]
        scores = szcore_scores(lists)
        event, sample = (one.subject_mean["f1"].mean for one in (scores.event, scores.sample))
        return {
            "event_f1": event,
            "pooled_event_f1": scores.event.pooled.f1,
            "event_and_sample_f1": (event + sample) / 2,
        }[criterion]

    assert rule.score == score(rule.threshold, rule.smooth, rule.merge_gap_s, rule.min_duration_s)
    for smooth, gap_s, shortest_s in itertools.product((1, 3), (0.0, 30.0), (0.0, 10.0)):
        lines = [timeline(r.start_s, r.duration, r.p, smooth) for r in recordings]
        tried = thresholds(lines, 5)
        assert all(score(t, smooth, gap_s, shortest_s) <= rule.score + 1e-12 for t in tried)
        assert score(rng.choice(tried), smooth, gap_s, shortest_s) <= rule.score + 1e-12


def test_isolated_false_windows_make_smoothing_or_a_minimum_duration_win():
    recording = _recording("s1", "r1", [(600, 660)], 0.8, 1)
    recording.p[[50, 700, 1200, 1700]] = 0.9
    rule = choose_postprocess([recording], SMALL)
    assert rule.score == 1.0
    assert rule.smooth > 1 or rule.min_duration_s > 2
    plain = PostprocessConfig(criterion="event_f1", smooth_windows=(1,), min_duration_s=(0.0,))
    assert choose_postprocess([recording], plain).score == pytest.approx(1 / 3)


def test_of_equally_good_rules_the_one_that_alarms_least_is_taken():
    # no window lies near the seizure: every rule has F1 0, and silence is the best of them
    whole = _recording("s1", "r1", [(3000, 3060)], 0.0, 1)
    recording = Probabilities(
        *("s1", "r1", 3600.0, whole.start_s[:900], whole.duration[:900], whole.p[:900]),
        whole.reference,
    )
    rule = choose_postprocess([recording], SMALL)
    assert rule.score == 0.0
    assert detections(recording.start_s, recording.duration, recording.p, rule) == ()


def test_labels_that_are_unrelated_to_the_probabilities_give_a_rule_near_chance():
    rng = np.random.default_rng(0)
    chance = [
        _recording(f"s{k}", f"r{k}", [(t, t + 40)], rng.random(), k, 7200.0, noise=1.0)
        for k, t in enumerate(rng.integers(0, 7000, 12).tolist())
    ]
    shuffled = [
        Probabilities(r.subject, r.recording, r.duration_s, r.start_s, r.duration, p, r.reference)
        for r in chance
        for p in (rng.permutation(r.p),)
    ]
    rule = choose_postprocess(shuffled, SMALL)
    assert rule.score < 0.35


def test_short_recordings_take_no_part_and_without_a_seizure_nothing_is_chosen():
    clip = _recording("s9", "clip", [(10, 20)], 1.0, 9, duration_s=60.0)
    rule = choose_postprocess([*_validation(), clip], SMALL)
    assert (rule.n_subjects, rule.n_recordings) == (3, 4)
    with pytest.raises(InputError, match="no seizure in 0 validation"):
        choose_postprocess([clip], SMALL)
    with pytest.raises(InputError, match="no seizure in 1 validation"):
        choose_postprocess([_recording("s", "r", [], 0, 1), clip], SMALL)
    any_length = ScoringConfig(shortest_event_recording_s=0.0)
    assert choose_postprocess([clip], SMALL, any_length).n_recordings == 1


def test_a_recording_given_twice_is_refused():
    with pytest.raises(InputError, match="more than once"):
        choose_postprocess([_validation()[0]] * 2, SMALL)


def test_thresholds_descend_and_reach_from_the_highest_to_the_lowest():
    p = np.random.default_rng(0).random(1000)
    lines = [timeline(np.arange(1000) * 3.0, np.full(1000, 2.0), p)]
    tried = thresholds(lines, 30)
    assert (tried[0], tried[-1]) == (p.max(), p.min())
    assert len(set(tried) & set(p)) >= 10
    assert all(a > b for a, b in itertools.pairwise(tried))
    assert sum(t > np.quantile(p, 0.9) for t in tried) >= 10
    with pytest.raises(InputError, match="no windows"):
        thresholds([timeline(np.empty(0), np.empty(0), np.empty(0))], 5)


def test_a_rule_comes_back_from_its_dictionary_and_a_broken_one_is_refused():
    rule = Postprocess(0.3, 5, 10.0, 30.0, "event_f1", 0.5, 4, 9)
    assert Postprocess.from_dict(asdict(rule)) == rule
    for broken in ({}, {"threshold": "x"}, asdict(rule) | {"more": 1}):
        with pytest.raises(InputError, match="got the fields"):
            Postprocess.from_dict(broken)
    for bad in ({"threshold": float("nan")}, {"smooth": 2}, {"min_duration_s": -1.0}):
        with pytest.raises(InputError, match="expected finite"):
            Postprocess.from_dict(asdict(rule) | bad)


@pytest.mark.parametrize(
    "bad", [{"smooth_windows": (2,)}, {"smooth_windows": ()}, {"merge_gap_s": (-1.0,)}]
)
def test_settings_that_no_rule_can_have_are_refused(bad):
    with pytest.raises(ValidationError):
        PostprocessConfig(**bad)


def _one_seizure(p):
    """An hour of windows of 4 s with a seizure from 600 to 660 s."""
    start = np.arange(0, 3600, 4.0)
    return Probabilities("s", "r", 3600.0, start, start * 0 + 4, p, [(600.0, 660.0)])


@pytest.mark.slow
def test_of_thresholds_that_do_equally_well_the_middle_one_is_taken():
    start = np.arange(0, 3600, 4.0)
    inside = (start >= 600) & (start < 660)
    p = np.where(inside, np.linspace(0.6, 0.99, len(start)), np.linspace(0.01, 0.2, len(start)))
    chosen = choose_postprocess([_one_seizure(p)], PostprocessConfig(n_thresholds=400))
    assert p[~inside].max() + 0.1 < chosen.threshold < p[inside].min() - 0.1
    assert chosen.score == 1.0


def test_from_one_probability_for_all_windows_nothing_is_chosen():
    with pytest.raises(InputError, match="one probability for all"):
        choose_postprocess([_one_seizure(np.full(900, 0.2))], SMALL)

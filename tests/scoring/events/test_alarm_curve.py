"""The curve of sensitivity against false alarms: its points, its readings, and both averages."""

import itertools
import json

import numpy as np
import pytest

from eegssl.scoring.events.alarm_curve import RATES, alarm_curve
from eegssl.scoring.events.event_scores import RecordingEvents, szcore_scores
from eegssl.scoring.events.postprocess import Postprocess, Probabilities, detections

DAY_S = 86400.0
RULE = Postprocess(0.5)


def _day(subject, peaks, seizures, recording="r"):
    """One day in 10 s windows, silent but for ``peaks`` (second -> probability)."""
    start = np.arange(0, DAY_S, 10.0)
    p = np.zeros(len(start))
    for second, value in peaks.items():
        p[int(second) // 10] = value
    return Probabilities(
        subject, f"{subject}-{recording}", DAY_S, start, np.full(len(start), 10.0), p, seizures
    )


def _two_days():
    """s1 finds one of two seizures with no false alarm, the other with two; s2 cries wolf once."""
    seizures = [(10000, 10060), (50000, 50060)]
    one = _day("s1", {10020: 0.9, 50020: 0.3, 20000: 0.6, 30000: 0.4}, seizures)
    return [one, _day("s2", {40000: 0.8, 10020: 0.7}, [(10000, 10060)])]


def test_each_threshold_is_counted_by_subject_and_pooled():
    curve = alarm_curve(_two_days(), RULE)
    by = {p.threshold: p for p in curve.points}
    assert by[0.9].pooled.sensitivity == pytest.approx(1 / 3)
    assert by[0.9].subject_mean.sensitivity == pytest.approx((1 / 2 + 0) / 2)
    assert by[0.9].pooled.fp_per_day == 0
    assert by[0.7].pooled.sensitivity == pytest.approx(2 / 3)
    assert by[0.7].subject_mean.sensitivity == pytest.approx((1 / 2 + 1) / 2)
    assert by[0.7].pooled.fp_per_day == by[0.7].subject_mean.fp_per_day == 0.5
    assert by[0.3].pooled.sensitivity == 1.0
    assert by[0.3].pooled.fp_per_day == 1.5
    assert by[0.9].alarm_share == pytest.approx(10 / (2 * DAY_S))
    assert by[0.3].alarm_share == pytest.approx(60 / (2 * DAY_S))
    assert (by[None].alarm_share, by[0.0].alarm_share) == (0.0, 1.0)


def test_readings_are_the_most_sensitive_thresholds_within_the_rate():
    curve = alarm_curve(_two_days(), RULE)
    assert curve.at(0.4).threshold == 0.9
    assert curve.at(0.5).threshold == 0.7
    assert curve.at(1.0).threshold == 0.7  # at .6 no more is found, with more false alarms
    assert curve.at(1.5).threshold == 0.3
    assert curve.at(10, "subject_mean").subject_mean.sensitivity == 1.0


def test_the_locked_threshold_is_on_the_curve_and_scores_as_its_detections_do():
    rng = np.random.default_rng(3)
    recordings = [
        Probabilities(
            f"s{k}",
            f"r{k}",
            7200.0,
            np.arange(0, 7200, 2.0),
            np.full(3600, 4.0)[: len(np.arange(0, 7200, 2.0))],
            rng.random(3600) ** 4,
            [(1000.0 * (k + 1), 1000.0 * (k + 1) + 70)],
        )
        for k in range(4)
    ]
    rule = Postprocess(0.4, 3, 6.0, 20.0)
    curve = alarm_curve(recordings, rule, n_thresholds=12)
    lists = [
        RecordingEvents(
            r.subject,
            r.recording,
            r.duration_s,
            r.reference,
            detections(r.start_s, r.duration, r.p, rule),
        )
        for r in recordings
    ]
    wanted = szcore_scores(lists).event
    assert curve.locked.pooled.sensitivity == wanted.pooled.sensitivity
    assert curve.locked.pooled.fp_per_day == wanted.pooled.fp_per_day
    assert curve.locked.subject_mean.fp_per_day == wanted.subject_mean["fp_per_day"].mean
    assert curve.locked in curve.points


def test_where_every_alarm_is_too_many_silence_is_read():
    always = _day("s1", dict.fromkeys(range(0, 86400, 10), 1.0), [(100, 160)])
    curve = alarm_curve([always], RULE)
    point = curve.at(10)
    assert (point.threshold, point.pooled.sensitivity, point.pooled.fp_per_day) == (None, 0.0, 0.0)
    assert curve.points[-1].pooled.fp_per_day == 287.0  # 288 pieces of 300 s, one is right


def test_more_false_alarms_allowed_never_read_less_sensitivity():
    rng = np.random.default_rng(0)
    peaks = dict(zip(rng.integers(0, 86400, 300).tolist(), rng.random(300).tolist(), strict=True))
    seizures = [(float(t), float(t) + 60) for t in range(5000, 80000, 9000)]
    curve = alarm_curve([_day("s1", peaks, seizures)], RULE)
    found = [curve.at(rate).pooled.sensitivity for rate in (0, *RATES, 100, 1000)]
    assert all(a <= b for a, b in itertools.pairwise(found))
    assert found[0] < found[-1]


def test_subjects_without_seizures_count_for_alarms_and_not_for_sensitivity():
    quiet = _day("s3", {70000: 0.9}, [])
    curve = alarm_curve([*_two_days(), quiet], RULE)
    assert (curve.n_subjects, curve.n_with_seizures, curve.n_recordings) == (3, 2, 3)
    assert curve.points[1].subject_mean.sensitivity == pytest.approx(0.25)
    assert curve.points[1].subject_mean.fp_per_day == pytest.approx(1 / 3)
    alone = alarm_curve([quiet], RULE)
    assert alone.at(10) is None
    assert alone.locked.pooled.sensitivity is None


def test_clips_have_no_curve():
    clip = Probabilities("s", "r", 10.0, np.zeros(1), np.full(1, 10.0), np.ones(1), [(0.0, 10.0)])
    assert alarm_curve([clip], RULE) is None


def test_the_curve_is_valid_json_with_a_reading_at_each_rate():
    values = json.loads(json.dumps(alarm_curve(_two_days(), RULE).as_dict(), allow_nan=False))
    assert list(values["at_fp_per_day"]["pooled"]) == ["0.5", "1", "5", "10"]
    assert values["at_fp_per_day"]["pooled"]["0.5"]["threshold"] == 0.7
    assert values["locked"]["threshold"] == 0.5

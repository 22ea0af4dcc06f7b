"""Curves of event scores are SzCORE's means over subjects, under the same draws."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from severitycurves import answers

from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.corrupted.gains import gains
from eegssl.scoring.corrupted.robustness import AREA, MEAN, Drawn, drawn_scores, subjects_of
from eegssl.scoring.corrupted.subject_weights import scores_of
from eegssl.scoring.corrupted.system_answers import EVENT_SCORES, SystemAnswers, event_answers
from eegssl.scoring.events.event_scores import RecordingEvents, szcore_scores

N_SUBJECTS, HEALTHY = 14, 2
SEIZURE, FALSE_ALARM = (60.0, 120.0), (400.0, 410.0)


def lists(missed: int, false: int, duration_s: float = 3600.0) -> list[RecordingEvents]:
    """Two recordings a subject, a seizure in each but of two subjects.

    The first seizure of ``missed`` subjects is not detected, ``false`` ones have a false alarm.
    """
    recordings = []
    for k in range(N_SUBJECTS):
        for part in range(2):
            seizures = [SEIZURE] if k >= HEALTHY else []
            detected = [] if part == 0 and k < HEALTHY + missed else list(seizures)
            if part == 1 and k < false:
                detected.append(FALSE_ALARM)
            name = f"s-{k:02d}"
            recordings.append(
                RecordingEvents(name, f"{name}-{part}", duration_s, seizures, detected)
            )
    return recordings


def answered(recordings: Sequence[RecordingEvents], config: ScoringConfig) -> SystemAnswers:
    return SystemAnswers(answers(1.0).units, event_answers(recordings, config))


def drawn(*ways: tuple[int, int], kinds: Sequence[str] = ("white",)) -> Drawn:
    """Scores where so many seizures are missed and subjects alarmed, by severity."""
    curve = {k: answered(lists(*way), ScoringConfig()) for k, way in enumerate(ways)}
    runs = {0: dict.fromkeys(kinds, curve)}
    return drawn_scores(runs, subjects_of(runs.values()), 0, 400)


@pytest.mark.parametrize("policy", ["skip", "zero"])
def test_scores_of_all_are_the_means_of_an_evaluation(policy: str) -> None:
    config = ScoringConfig.model_validate({"nan_policy": policy})
    one = answered(lists(5, 1), config)
    scores = scores_of(one, sorted(one.subjects))
    means = szcore_scores(lists(5, 1), config).event.subject_mean
    every = np.ones((1, N_SUBJECTS), dtype=np.int64)
    for metric, own in EVENT_SCORES.items():
        assert scores[metric](every)[0] == pytest.approx(means[own].mean)


def test_a_subject_that_is_drawn_twice_counts_twice() -> None:
    one = answered(lists(3, 1), ScoringConfig())
    weights = np.ones((1, N_SUBJECTS), dtype=np.int64)
    weights[0, [2, 13, 0]] = 3, 0, 0  # one of the three who miss a seizure of two
    scores = scores_of(one, sorted(one.subjects))
    assert scores["event_sensitivity"](weights)[0] == pytest.approx((5 * 0.5 + 8) / 13)
    assert scores["event_fp_per_day"](weights)[0] == 0
    weights[0, 0] = 2
    assert scores["event_fp_per_day"](weights)[0] == pytest.approx(12 * 2 / 16)


def test_points_fall_with_severity_and_say_whom_they_are_of() -> None:
    points = drawn((0, 4), (6, 6), (12, 14)).points()
    by_metric = {m: [p for p in points if p.metric == m] for m in EVENT_SCORES}
    for metric, own in by_metric.items():
        assert [one.severity for one in own] == ["0", "1", "2", AREA]
        scores = [one.score for one in own[:3] if one.score is not None]
        assert scores == sorted(scores, reverse=metric != "event_fp_per_day")
        assert {one.units for one in own} == {2 * N_SUBJECTS}
        assert own[3].score == pytest.approx(np.mean([(a + b) / 2 for a, b in pairwise(scores)]))
    who = {metric: own[0].subjects for metric, own in by_metric.items()}
    assert who == {"event_sensitivity": 12, "event_f1": 14, "event_fp_per_day": 14}
    of_healthy = drawn((0, 0), (6, 6))
    assert of_healthy.counts["white", "event_f1"].subjects == 12, "two have no score when clean"
    middle = by_metric["event_sensitivity"][1]
    assert middle.score == pytest.approx(0.75)
    assert middle.low is not None
    assert middle.low < 0.75


def test_fewer_false_alarms_are_a_gain() -> None:
    rows = {(g.severity, g.metric): g for g in gains(drawn((0, 4), (2, 4)), drawn((0, 8), (4, 8)))}
    assert rows["0", "event_fp_per_day"].gain == pytest.approx(0.5)
    assert rows["1", "event_sensitivity"].gain == pytest.approx(11 / 10 - 1)
    assert {metric for _, metric in rows} >= set(EVENT_SCORES)


def test_the_mean_over_kinds_needs_a_score_of_every_kind() -> None:
    both = drawn((0, 4), (3, 4), kinds=("white", "pops")).with_mean()
    assert both.values[MEAN, "1", "event_f1"][0] == both.values["pops", "1", "event_f1"][0]
    curve = {k: answered(lists(k, k), ScoringConfig()) for k in range(2)}
    short = {k: answered(lists(k, k, 500.0), ScoringConfig()) for k in range(2)}
    runs = {0: {"white": curve, "muscle": short}}
    mixed = drawn_scores(runs, subjects_of(runs.values()), 0, 50).with_mean()
    assert ("muscle", "event_f1") not in mixed.counts
    assert (MEAN, "event_f1") not in mixed.counts
    assert (MEAN, "auroc") in mixed.counts


def test_recordings_that_are_too_short_have_no_event_score() -> None:
    assert event_answers(lists(1, 1, 500.0), ScoringConfig()) is None
    lenient = ScoringConfig(shortest_event_recording_s=0)
    assert event_answers(lists(1, 1, 700.0), lenient) is not None

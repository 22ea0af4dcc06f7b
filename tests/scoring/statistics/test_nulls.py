"""At chance every score says so: labels permuted within subjects, detections moved in time."""

import numpy as np
import pytest

from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.event_scorers import SCORERS, agreement, side_by_side
from eegssl.scoring.events.event_scores import RecordingEvents
from eegssl.scoring.statistics.uncertainty import level_intervals, window_intervals
from eegssl.scoring.window_scores import window_scores

DAY_S, SUBJECTS = 86_400.0, 24
CONFIG = ScoringConfig()


def _windows(seed):
    """Windows of 24 subjects whose probability tells the classes apart, subject by subject."""
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(SUBJECTS), 150)
    truth = (rng.random(len(subject)) < 0.2).astype(int)
    level = rng.normal(0, 0.5, SUBJECTS)[subject]
    p = 1 / (1 + np.exp(-(2 * truth - 1.5 + level + rng.normal(0, 1, len(subject)))))
    return subject, truth, np.stack([1 - p, p], axis=1)


def _permuted(subject, truth, seed):
    rng = np.random.default_rng(seed)
    mixed = truth.copy()
    for one in np.unique(subject):
        mixed[subject == one] = rng.permutation(truth[subject == one])
    return mixed


def _chance(truth):
    return {"auroc": 0.5, "balanced_accuracy": 0.5, "auc_pr": truth.mean()}


def test_labels_permuted_within_subjects_put_window_scores_at_chance():
    subject, truth, p = _windows(0)
    mixed = _permuted(subject, truth, 1)
    found = window_intervals(subject.astype(str), mixed, p, 0.5, seed=0, n_resamples=1000)
    for metric, value in _chance(truth).items():
        interval = found[metric]["bca"]
        assert interval.low <= value <= interval.high, metric
    assert abs(window_scores(mixed, p, 0.5, ("no", "yes"))["cohen_kappa"]) < 0.04
    true = window_intervals(subject.astype(str), truth, p, 0.5, seed=0, n_resamples=1000)
    assert all(true[metric]["bca"].low > value for metric, value in _chance(truth).items())


def _recordings(seed):
    """A day of each subject: seizures anywhere, nine in ten detected late, lone alarms beside."""
    rng, found = np.random.default_rng(seed), []
    for k in range(SUBJECTS):
        onsets = np.sort(rng.choice(np.arange(1, 85), rng.integers(3, 9), replace=False)) * 1000.0
        reference = [(on, on + rng.uniform(40, 120)) for on in onsets]
        hits = [(on + 10, off) for on, off in reference if rng.random() < 0.9]
        alarms = [(a, a + 30) for a in rng.choice(np.arange(85), 3) * 1000.0 + 500]
        found.append(RecordingEvents(f"s{k}", f"r{k}", DAY_S, reference, sorted(hits + alarms)))
    return found


def _moved(recordings, seed):
    """Each recording's detections moved by a time of its own, around its end to its start."""
    rng, moved = np.random.default_rng(seed), []
    for one in recordings:
        shift = rng.uniform(0, DAY_S)
        pieces = []
        for onset, offset in one.hypothesis:
            a, b = (onset + shift) % DAY_S, (offset + shift) % DAY_S
            pieces += [(a, b)] if a < b else [(a, DAY_S), (0.0, b)]
        moved.append(
            RecordingEvents(one.subject, one.recording, DAY_S, one.reference, sorted(pieces))
        )
    return moved


@pytest.fixture(scope="module")
def nulls():
    """The mean sensitivity of every scorer for 100 ways of moving the detections in time."""
    recordings = _recordings(0)
    draws = [side_by_side(_moved(recordings, seed)) for seed in range(1, 101)]
    return {
        name: np.array([draw[name].subject_mean["sensitivity"].mean for draw in draws])
        for name in SCORERS
    }


@pytest.mark.parametrize("name", [name for name in SCORERS if name != "nedc-dpalign"])
def test_detections_at_random_times_score_at_chance_by_every_scorer(nulls, name):
    recordings = _recordings(0)
    chance = nulls[name].mean()
    level = side_by_side(_moved(recordings, 1000))[name]
    interval = level_intervals(level, SCORERS[name].unit, "skip", seed=0, n_resamples=1000)[
        "sensitivity"
    ]
    mean = interval["subject_mean"]["percentile"]
    assert mean.low <= chance <= mean.high
    real = side_by_side(recordings)[name].subject_mean["sensitivity"].mean
    assert real > nulls[name].max()


def test_chance_is_what_the_covered_time_gives(nulls):
    """Sample scorers hit by chance the share of the day that is under alarm."""
    recordings = _recordings(0)
    alarm_s = [sum(b - a for a, b in one.hypothesis) for one in recordings]
    for name in ("szcore-sample", "nedc-epoch"):
        assert nulls[name].mean() == pytest.approx(np.mean(alarm_s) / DAY_S, rel=0.5)


def test_dpalign_knows_no_chance_since_it_compares_no_times(nulls):
    """Moved detections score as well as real ones: why it never stands alone."""
    real = side_by_side(_recordings(0))["nedc-dpalign"].subject_mean["sensitivity"].mean
    assert nulls["nedc-dpalign"].mean() == pytest.approx(real, abs=0.05)


def test_agreement_at_chance_is_kappa_zero():
    recordings = _recordings(0)
    kappas = [agreement(_moved(recordings, seed)).pooled.multi_class for seed in range(1, 41)]
    assert np.mean(kappas) == pytest.approx(0, abs=0.01)
    assert agreement(recordings).pooled.multi_class > 0.5

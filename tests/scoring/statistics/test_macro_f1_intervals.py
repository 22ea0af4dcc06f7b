"""The interval of macro F1 is of the score itself: patients drawn, classes that occur averaged."""

import numpy as np
import pytest

from eegssl.scoring.statistics.uncertainty import window_intervals
from eegssl.scoring.window_scores import window_scores

CLASSES = ("a", "b", "c")


def _events(n_subjects: int, right: float, seed: int = 0):
    """Three classes, one of them rare; the share ``right`` of the answers is right."""
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(n_subjects), 6)
    truth = rng.choice(3, len(subject), p=(0.6, 0.3, 0.1))
    said = np.where(rng.random(len(truth)) < right, truth, rng.integers(0, 3, len(truth)))
    return subject.astype(str), truth, np.eye(3)[said] * 0.7 + 0.1


def _by_hand(truth, p):
    return window_scores(truth, p, None, CLASSES)["macro_f1"]


def test_percentiles_are_those_of_the_score_of_each_draw() -> None:
    subject, truth, p = _events(14, 0.7)
    found = window_intervals(subject, truth, p, None, seed=3, n_resamples=60)["macro_f1"]
    rng = np.random.default_rng(3)
    names = np.unique(subject)
    drawn = []
    for draw in rng.integers(0, 14, (60, 14)):
        rows = np.concatenate([np.flatnonzero(subject == names[k]) for k in draw])
        drawn.append(_by_hand(truth[rows], p[rows]))
    low, high = np.quantile(drawn, (0.025, 0.975))
    assert found["percentile"].low == pytest.approx(low)
    assert found["percentile"].high == pytest.approx(high)
    assert found["bca"].low < _by_hand(truth, p) < found["bca"].high


def test_below_ten_subjects_there_is_none() -> None:
    found = window_intervals(*_events(9, 0.7), None, seed=0, n_resamples=50)["macro_f1"]
    assert found["bca"].low is None
    assert "fewer than 10" in found["bca"].reason


def test_of_two_classes_it_needs_subjects_with_the_second() -> None:
    subject = np.repeat(np.arange(12), 4).astype(str)
    truth = np.zeros(48, dtype=int)
    truth[:4] = 1
    p = np.stack([1 - truth, truth], axis=1) * 1.0
    found = window_intervals(subject, truth, p, 0.5, seed=0, n_resamples=50)
    assert found["macro_f1"]["bca"].low is None
    truth = np.repeat([0, 1], 24)  # no subject has both, ten and more have the second
    p = np.stack([1 - truth, truth], axis=1) * 0.8 + 0.1
    p[::5] = p[::5, ::-1]
    subject = np.repeat(np.arange(24), 2).astype(str)
    found = window_intervals(subject, truth, p, 0.5, seed=0, n_resamples=200)["macro_f1"]["bca"]
    assert found.low < 0.8 < found.high

"""A rule is chosen by events and by seconds: tight, and with the short seizures."""

import numpy as np

from eegssl.scoring.config import PostprocessConfig
from eegssl.scoring.events.event_scores import RecordingEvents, szcore_scores
from eegssl.scoring.events.postprocess import (
    Postprocess,
    Probabilities,
    choose_postprocess,
    detections,
)


def _scores(recording, rule):
    """SzCORE's scores of what a rule detects in a recording, and how many seconds it marks."""
    events = detections(recording.start_s, recording.duration, recording.p, rule)
    one = RecordingEvents("s", "r", recording.duration_s, recording.reference, events)
    return szcore_scores([one]), sum(b - a for a, b in events)


def test_of_a_tight_and_a_far_too_long_marking_with_the_same_event_f1_the_tight_one_is_locked():
    """The probability rises two minutes before a seizure of a minute and falls two after it."""
    start = np.arange(0, 3600, 4.0)
    away = np.maximum(np.maximum(600 - start, start + 4 - 660), 0)
    p = np.where(away > 0, np.maximum(0.8 - away / 200, 0.1), 0.9)
    recording = Probabilities("s", "r", 3600.0, start, start * 0 + 4, p, [(600.0, 660.0)])
    by_events, by_both = (
        choose_postprocess([recording], PostprocessConfig(criterion=criterion))
        for criterion in ("event_f1", "event_and_sample_f1")
    )
    (loose, loose_s), (tight, tight_s) = (_scores(recording, r) for r in (by_events, by_both))
    assert loose.event.pooled.f1 == tight.event.pooled.f1 == 1.0
    assert loose_s > 2 * 60
    assert tight_s == 60


def test_short_seizures_are_not_given_up_for_a_better_count_of_seconds():
    """They are as likely as what surrounds the long one, so that seconds alone would drop them."""
    start = np.arange(0, 7200, 4.0)
    short = [(t, t + 12.0) for t in (2000.0, 3200.0, 4400.0)]
    p = np.full(len(start), 0.1)
    for onset, offset in (*short, (560.0, 1000.0)):
        p[(start >= onset) & (start < offset)] = 0.5
    p[(start >= 600) & (start < 900)] = 0.9
    seizures = [(600.0, 900.0), *short]
    recording = Probabilities("s", "r", 7200.0, start, start * 0 + 4, p, seizures)
    rule = choose_postprocess([recording])
    chosen, _ = _scores(recording, rule)
    only_long, _ = _scores(recording, Postprocess(0.9))
    assert only_long.sample.pooled.f1 > chosen.sample.pooled.f1
    assert chosen.event.pooled.sensitivity == 1.0
    assert only_long.event.pooled.sensitivity == 0.25

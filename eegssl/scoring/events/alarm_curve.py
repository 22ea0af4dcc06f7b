"""Trace sensitivity against false alarms per 24 h, over thresholds.

Each point is a threshold, with the rest of the post-processing as locked in the model. Points
come from the test recordings, so no threshold may be chosen by them. Counts are SzCORE's.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.counts import ScoringLevel
from eegssl.scoring.events.postprocess import (
    Postprocess,
    Probabilities,
    score_spans,
    scored,
    spans_of,
    thresholds,
)

RATES = (0.5, 1.0, 5.0, 10.0)
"""False alarms per 24 h at which the curve is read."""
Level = Literal["subject_mean", "pooled"]


@dataclass(frozen=True)
class Rate:
    """Sensitivity and false alarms per 24 h; None where undefined."""

    sensitivity: float | None
    fp_per_day: float | None


@dataclass(frozen=True)
class AlarmPoint:
    """Rates at one threshold; None stands for a detector without alarms."""

    threshold: float | None
    subject_mean: Rate
    pooled: Rate
    alarm_share: float
    """Share of all recorded time that lies in an alarm: one that never ends finds every event."""


@dataclass(frozen=True)
class AlarmCurve:
    """Points from silence down to the lowest threshold, and the one of the locked threshold.

    ``n_subjects`` and ``n_with_seizures`` say how many subjects the means are over: false alarms
    are of all, sensitivity is of those with seizures.
    """

    points: tuple[AlarmPoint, ...]
    locked: AlarmPoint
    n_subjects: int
    n_with_seizures: int
    n_recordings: int

    def at(self, fp_per_day: float, level: Level = "pooled") -> AlarmPoint | None:
        """The most sensitive point with at most so many false alarms per 24 h; None without one.

        Of equally sensitive ones that with the fewest false alarms. Only thresholds that were
        tried count: nothing is interpolated.
        """

        def merit(point: AlarmPoint) -> tuple[float, float]:
            rate: Rate = getattr(point, level)
            return (rate.sensitivity or 0.0, -(rate.fp_per_day or 0.0))

        within = [
            point
            for point in self.points
            if (rate := getattr(point, level)).sensitivity is not None
            and rate.fp_per_day is not None
            and rate.fp_per_day <= fp_per_day
        ]
        return max(within, key=merit, default=None)

    def as_dict(self, rates: Sequence[float] = RATES) -> dict[str, Any]:
        """Points and readings at ``rates`` as plain values for JSON."""
        readings = {
            level: {
                f"{rate:g}": point and asdict(point)
                for rate in rates
                for point in (self.at(rate, level),)
            }
            for level in ("subject_mean", "pooled")
        }
        return {
            "points": [asdict(point) for point in self.points],
            "locked": asdict(self.locked),
            "at_fp_per_day": readings,
            "n_subjects": self.n_subjects,
            "n_subjects_with_seizures": self.n_with_seizures,
            "n_recordings": self.n_recordings,
        }


def alarm_curve(
    recordings: Sequence[Probabilities],
    rule: Postprocess,
    n_thresholds: int = 60,
    scoring: ScoringConfig = ScoringConfig(),
) -> AlarmCurve | None:
    """The curve of recordings under a rule; None where none is long enough for an event score.

    Raises InputError for a recording given twice and for windows that make no timeline.
    """
    recordings_scored = scored(recordings, scoring)
    if not recordings_scored:
        return None
    lines = [one.line(rule.smooth) for one in recordings_scored]
    recorded_s = sum(one.source.duration_s for one in recordings_scored)

    def point(threshold: float | None) -> AlarmPoint:
        spans = [
            np.empty((0, 2))
            if threshold is None
            else spans_of(line, threshold, rule.merge_gap_s, rule.min_duration_s)
            for line in lines
        ]
        in_alarm_s = sum(float((one[:, 1] - one[:, 0]).sum()) for one in spans)
        level = score_spans(recordings_scored, spans, scoring)
        return _point(threshold, level, in_alarm_s / recorded_s)

    tried = sorted({*thresholds(lines, n_thresholds), rule.threshold}, reverse=True)
    return AlarmCurve(
        points=tuple(point(threshold) for threshold in (None, *tried)),
        locked=point(rule.threshold),
        n_subjects=len({one.subject for one in recordings_scored}),
        n_with_seizures=len({one.subject for one in recordings_scored if len(one.reference)}),
        n_recordings=len(recordings_scored),
    )


def _point(threshold: float | None, level: ScoringLevel, alarm_share: float) -> AlarmPoint:
    """The two ways of averaging one threshold's counts."""
    means = level.subject_mean
    return AlarmPoint(
        threshold,
        subject_mean=Rate(means["sensitivity"].mean, means["fp_per_day"].mean),
        pooled=Rate(level.pooled.sensitivity, level.pooled.fp_per_day),
        alarm_share=alarm_share,
    )

"""Score events by all scorers, with intervals, alarms and latency."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.alarm_curve import AlarmCurve, alarm_curve
from eegssl.scoring.events.counts import ScoringLevel, phase_counts
from eegssl.scoring.events.event_lists import clean_events
from eegssl.scoring.events.event_scorers import SCORERS, AgreementScores, agreement, side_by_side
from eegssl.scoring.events.event_scores import EventScores, RecordingEvents, szcore_scores
from eegssl.scoring.events.latency import Latencies, latencies
from eegssl.scoring.events.postprocess import Postprocess, Probabilities
from eegssl.scoring.statistics.uncertainty import Intervals, as_plain, level_intervals


@dataclass(frozen=True)
class EventReport:
    """Scores of events by every scorer; ``curve`` is None without probabilities."""

    szcore: EventScores
    scorers: dict[str, ScoringLevel]
    """Scorer -> scores, in the order of ``event_scorers.SCORERS``."""
    intervals: dict[str, dict[str, dict[str, Intervals]]]
    """Scorer -> metric -> ``subject_mean``, ``pooled``, ``exact``."""
    agreement: AgreementScores
    latency: Latencies
    phase: str
    """The count requirement of the ILAE's phases that is met, in words."""
    n_seizures: int
    n_subjects_with_seizures: int
    curve: AlarmCurve | None = None

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        szcore = self.szcore.as_dict()
        return {name: szcore[name] for name in szcore if name not in ("event", "sample")} | {
            "scorers": {
                name: level.as_dict() | {"intervals": as_plain(self.intervals[name])}
                for name, level in self.scorers.items()
            },
            "agreement": self.agreement.as_dict(),
            "latency": self.latency.as_dict(),
            "n_seizures": self.n_seizures,
            "n_subjects_with_seizures": self.n_subjects_with_seizures,
            "ilae": self.phase,
            "alarm_curve": self.curve.as_dict() if self.curve else None,
        }


def event_report(
    recordings: Sequence[RecordingEvents],
    config: ScoringConfig,
    seed: int,
    lines: Sequence[Probabilities] = (),
    rule: Postprocess | None = None,
) -> EventReport:
    """Score recordings' events; ``lines`` and the locked ``rule`` give the curve of alarms too."""
    levels = side_by_side(recordings, config)
    resampling = {"seed": seed, "n_resamples": config.bootstrap_resamples}
    long_enough = [r for r in recordings if r.duration_s >= config.shortest_event_recording_s]
    delays, seizures, subjects = Latencies(), 0, set()
    for one in long_enough:
        reference = clean_events(one.reference, one.duration_s).events
        delays += latencies(reference, clean_events(one.hypothesis, one.duration_s).events)
        seizures += len(reference)
        subjects |= {one.subject} if reference else set()
    return EventReport(
        szcore=szcore_scores(recordings, config),
        scorers=levels,
        intervals={
            name: level_intervals(level, SCORERS[name].unit, config.nan_policy, **resampling)
            for name, level in levels.items()
        },
        agreement=agreement(recordings, config),
        latency=delays,
        phase=phase_counts(len(subjects), seizures),
        n_seizures=seizures,
        n_subjects_with_seizures=len(subjects),
        curve=alarm_curve(lines, rule, scoring=config) if rule and lines else None,
    )

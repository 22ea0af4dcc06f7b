"""Every score of one set of predictions: by window, by subject, by recording, by event."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eegssl.corpus.store import Recording
from eegssl.io.tables import Predictions
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.eventlists import events_from_windows
from eegssl.scoring.events import EventScores, RecordingEvents, szcore_scores
from eegssl.scoring.windows import Scores, per_subject, subject_means, window_scores
from eegssl.tasks.config import TaskConfig
from eegssl.tasks.labels import positive_spans


@dataclass(frozen=True)
class AllScores:
    """Scores at every level; None where a level means nothing for the task."""

    windows: Scores
    per_subject: dict[str, Scores]
    recordings: Scores | None
    events: EventScores | None

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return {
            "windows": self.windows,
            "subject_means": subject_means(self.per_subject),
            "per_subject": self.per_subject,
            "recordings": self.recordings,
            "events": self.events.as_dict() if self.events else None,
        }


def score(
    predictions: Predictions,
    recordings: Sequence[Recording],
    task: TaskConfig,
    threshold: float | None,
    config: ScoringConfig,
) -> AllScores:
    """Score predictions on these recordings.

    Events are scored for tasks with event labels, unless labels were permuted: then no event is
    where the reference says. Recordings are scored (mean probability) for labels by recording.
    """
    truth, p = predictions.truth, predictions.probabilities
    events = recording_scores = None
    if task.labels == "table":
        recording_scores = _by_recording(predictions, threshold, config)
    if task.labels == "events" and not task.permute_labels and threshold is not None:
        events = szcore_scores(_event_lists(predictions, recordings, task, threshold), config)
    return AllScores(
        windows=window_scores(truth, p, threshold, predictions.classes, config),
        per_subject=per_subject(
            predictions.subject, truth, p, threshold, predictions.classes, config
        ),
        recordings=recording_scores,
        events=events,
    )


def _by_recording(
    predictions: Predictions, threshold: float | None, config: ScoringConfig
) -> Scores:
    """Scores of recordings, each with the mean probability of its windows."""
    names = np.array(predictions.recording)
    order = np.unique(names)
    truth = np.array([predictions.truth[names == name][0] for name in order])
    p = np.stack([predictions.probabilities[names == name].mean(axis=0) for name in order])
    return window_scores(truth, p, threshold, predictions.classes, config)


def _event_lists(
    predictions: Predictions, recordings: Sequence[Recording], task: TaskConfig, threshold: float
) -> list[RecordingEvents]:
    """Reference and detected events of each recording."""
    names = np.array(predictions.recording)
    lists = []
    for recording in recordings:
        mine = names == recording.id
        detected = events_from_windows(
            predictions.start_s[mine],
            predictions.duration_s[mine],
            predictions.probabilities[mine, 1],
            threshold,
        )
        spans = positive_spans(recording.events, task.event_types)
        lists.append(
            RecordingEvents(
                subject=recording.subject,
                recording=recording.id,
                duration_s=recording.duration_s,
                reference=[(float(a), float(b)) for a, b in spans],
                hypothesis=list(detected),
            )
        )
    return lists

"""Turn answers for labelled windows into a table of predictions."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.ictal import events_of
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.store import Recording
from eegssl.io.labels.event_types import Event
from eegssl.scoring.events.postprocess import Postprocess
from eegssl.scoring.hierarchy import UNKNOWN
from eegssl.scoring.threshold import Threshold
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.predictions import Predictions, Reference
from eegssl.tasks.labels.windows.event_overlaps import separate_events


def as_predictions(
    labelled: LabelledWindows,
    probabilities: NDArray[Any],
    task: TaskConfig,
    threshold: Threshold | None,
    postprocess: Postprocess | None,
    about: Mapping[str, Any],
) -> Predictions:
    """The table of predictions of labelled windows, with their units and recordings' events.

    ``probabilities`` are [n, classes]; of seconds [n, N, classes], or [n, classes] for all seconds
    of a window; of a task of numbers the values [n] or [n, 1].
    """
    windows = labelled.windows
    rows = _rows(labelled, probabilities, task)
    owners = [windows.recordings[k] for k in windows.owner[rows.window]]
    of_task = {
        "task": task.name,
        "labels": "classes" if task.class_events else task.labels,
        "unit": task.unit,
        "target": task.target,
        "permuted": task.permute_labels,
        "threshold": asdict(threshold) if threshold else None,
        "postprocess": asdict(postprocess) if postprocess else None,
        "synthetic": windows.corpus.synthetic,
        "within_subject": windows.corpus.within_subject,
        **({"event_types": list(task.event_types)} if task.detects else {}),
        **({"step_s": task.step_s} if task.step_s else {}),
    }
    return Predictions(
        subject=[r.subject for r in owners],
        recording=[r.id for r in owners],
        start_s=rows.start_s,
        duration_s=rows.start_s * 0 + rows.duration_s,
        truth=rows.truth,
        probabilities=rows.probabilities,
        classes=task.classes,
        split_hash=windows.corpus.split_hash,
        references=tuple(
            _reference(r, task, *windows.corpus.person(r.subject)) for r in windows.recordings
        ),
        about=of_task | dict(about),
        unit=[labelled.units[k].id for k in labelled.unit] if labelled.units else [],
        units=labelled.units,
        truth_value=rows.truth_value,
        value=rows.value,
    )


@dataclass(frozen=True)
class _Rows:
    """The rows of the table: windows, or their seconds."""

    window: NDArray[np.int64]
    start_s: NDArray[np.float64]
    duration_s: float
    truth: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    truth_value: NDArray[np.float64] | None = None
    value: NDArray[np.float64] | None = None


def _rows(labelled: LabelledWindows, answers: NDArray[Any], task: TaskConfig) -> _Rows:
    windows, truth = labelled.windows, labelled.truth
    n = len(labelled)
    every = np.arange(n)
    if task.target == "number":
        unknown, none = np.full(n, UNKNOWN, dtype=np.int64), np.zeros((n, 0))
        values = np.asarray(answers, dtype=np.float64).reshape(n)
        true = np.asarray(truth, dtype=np.float64)
        return _Rows(every, windows.start_s, windows.window_s, unknown, none, true, values)
    if truth.ndim == 1:
        return _Rows(every, windows.start_s, windows.window_s, truth.astype(np.int64), answers)
    n_seconds = truth.shape[1]
    step_s = windows.window_s / n_seconds
    starts_s = windows.start_s[:, None] + step_s * np.arange(n_seconds)
    along = answers if answers.ndim == 3 else np.repeat(answers[:, None], n_seconds, axis=1)
    return _Rows(
        np.repeat(every, n_seconds),
        starts_s.ravel(),
        step_s,
        truth.astype(np.int64).ravel(),
        np.ascontiguousarray(along.reshape(n * n_seconds, -1)),
    )


def _reference(
    recording: Recording, task: TaskConfig, age_years: float | None, sex: str | None
) -> Reference:
    """A recording's length, whose it is, and the events that the task looks for, each once."""
    events: list[Event] = []
    if task.labels == "events" and not task.class_events:
        events = separate_events(events_of(recording.events, task.event_types), task).events
    return Reference(
        recording=recording.id,
        subject=recording.subject,
        duration_s=recording.duration_s,
        events=tuple((e.onset_s, e.duration_s, e.type) for e in events),
        age_years=age_years,
        sex=sex,
        labelled=not task.detects or recording.labelled_for(task.event_types),
    )

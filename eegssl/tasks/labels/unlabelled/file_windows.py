"""Cut files without labels into windows; find their times."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.labelled import LabelledWindows, Unit
from eegssl.corpus.places.tilings import ListedStarts
from eegssl.corpus.store import Corpus, Recording
from eegssl.corpus.windows import Windows, tile
from eegssl.scoring.hierarchy import UNKNOWN
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.data import labelled_windows
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.windows.event_windows import SHORT, Stretch, place
from eegssl.tasks.new_file import EventInFile, NewFile


def windows_without_labels(
    corpus: Corpus, recordings: Sequence[Recording], task: TaskConfig, seed: int
) -> LabelledWindows:
    """Windows of a task, or their seconds, whose truth nobody knows, with the units they are of.

    Raises InputError when no recording is as long as one window.
    """
    if task.detects:
        return labelled_windows(corpus, recordings, task, None, seed=seed)
    windows = tile(corpus, recordings, task.window_s)
    n = len(windows)
    if task.target == "number":
        truth = np.full(n, np.nan)
    else:
        shape = (n, round(task.window_s)) if task.unit == "second" else (n,)
        truth = np.full(shape, UNKNOWN, dtype=np.int64)
    labelled = LabelledWindows(windows, truth)
    tiled = windows.recordings
    if task.unit == "recording":
        units = tuple(Unit(r.id, r.id, r.subject, 0.0, r.duration_s) for r in tiled)
        return replace(labelled, unit=windows.owner.copy(), units=units)
    if task.unit == "patient":
        lasting_s = sum(r.duration_s for r in tiled)
        whole = Unit(tiled[0].subject, "", tiled[0].subject, 0.0, lasting_s)
        return replace(labelled, unit=np.zeros(n, dtype=np.int64), units=(whole,))
    return labelled


def windows_of_events(
    corpus: Corpus,
    recordings: Sequence[Recording],
    task: TaskConfig,
    events: Sequence[EventInFile],
) -> LabelledWindows:
    """Windows inside the events that a detector found, each event a unit; none without events.

    Events in recordings shorter than a window are left out, and counted.
    """
    here = {one.id: one for one in recordings if one.duration_s >= task.window_s}
    stretches = [
        Stretch(here[one.recording], one.onset_s, one.duration_s)
        for one in events
        if one.recording in here
    ]
    left_out = {SHORT: len(events) - len(stretches)} if len(events) > len(stretches) else {}
    unknown = np.nan if task.target == "number" else UNKNOWN
    if not stretches:
        none, length = np.zeros(0, np.int64), round(task.window_s * corpus.sfreq_hz)
        windows = Windows(corpus, tuple(recordings), ListedStarts(none, none), length)
        return LabelledWindows(windows, np.full(0, unknown), left_out=left_out)
    windows, unit, units = place(corpus, stretches, task)
    return LabelledWindows(windows, np.full(len(windows), unknown), unit, units, left_out=left_out)


def times_in_file(table: Predictions, file: NewFile) -> NDArray[np.float64]:
    """Starts [n] of the rows in seconds from the file's first sample."""
    return table.start_s + np.array([file.onset_s[name] for name in table.recording])

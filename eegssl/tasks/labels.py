"""Labels of windows: from annotated events by overlap, or from a table by recording.

A window inside a long seizure is a seizure window, also when no onset or end lies in it; peers
that look for onsets alone label it background.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.ictal import overlap_share as overlap_share
from eegssl.corpus.ictal import positive_spans as positive_spans
from eegssl.corpus.store import Corpus, Recording
from eegssl.corpus.windows import Windows, tile
from eegssl.errors import InputError
from eegssl.tasks.config import TaskConfig


@dataclass(frozen=True)
class LabelledWindows:
    """Windows with a class each: ``truth`` [n], an index into the task's classes."""

    windows: Windows
    truth: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.truth)

    def counts(self, n_classes: int) -> NDArray[np.int64]:
        """[n_classes], windows of each class."""
        return np.bincount(self.truth, minlength=n_classes)


def labelled_windows(
    corpus: Corpus,
    recordings: Sequence[Recording],
    task: TaskConfig,
    table: Mapping[str, str] | None,
    *,
    seed: int,
) -> LabelledWindows:
    """Tile recordings and label each window for the task.

    ``table`` maps recording ids to class names; recordings that it doesn't name are left out.

    Raises InputError when labels are missing altogether or name a class the task lacks.
    """
    if task.labels == "table":
        assert table is not None
        labels = _table_labels(table, recordings, task)
        recordings = [r for r in recordings if r.id in labels]
        windows = tile(corpus, recordings, task.window_s)
        per_recording = np.array([labels[r.id] for r in windows.recordings], dtype=np.int64)
        truth = per_recording[windows.owner]
    else:
        windows = tile(corpus, recordings, task.window_s)
        truth = np.zeros(len(windows), dtype=np.int64)
        for k, recording in enumerate(windows.recordings):
            mine = windows.owner == k
            spans = positive_spans(recording.events, task.event_types)
            shares = overlap_share(windows.start_s[mine], windows.window_s, spans)
            truth[mine] = shares >= task.min_overlap
    if task.permute_labels:
        truth = np.random.default_rng([seed, 0x9E12]).permutation(truth)
    return LabelledWindows(windows, truth)


def require_classes(labelled: LabelledWindows, task: TaskConfig, split: str) -> None:
    """Raise InputError unless every class of the task occurs in this split."""
    counts = labelled.counts(len(task.classes))
    missing = [name for name, count in zip(task.classes, counts, strict=True) if count == 0]
    if missing:
        source = "events.parquet" if task.labels == "events" else "the labels table"
        raise InputError(
            f"task {task.name}: split {split} has {len(labelled)} windows and none of class "
            f"{', '.join(missing)}; check {source}, or split the subjects otherwise "
            "(--set splits.file=… or --seed, in preprocess)"
        )


def _table_labels(
    table: Mapping[str, str], recordings: Sequence[Recording], task: TaskConfig
) -> dict[str, int]:
    found = {r.id: table[r.id] for r in recordings if r.id in table}
    if not found:
        raise InputError(
            f"task {task.name}: the labels table names none of these {len(recordings)} recordings; "
            "its column `recording` holds paths below the EDF folder, as preprocess saw them"
        )
    strange = sorted({label for label in found.values() if label not in task.classes})
    if strange:
        raise InputError(
            f"task {task.name}: the labels table has {len(strange)} label(s) that are no class of "
            f"the task; its classes are {', '.join(task.classes)}"
        )
    return {id_: task.classes.index(label) for id_, label in found.items()}

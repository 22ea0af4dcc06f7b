"""Explain a task of labels, and what recordings hold for it.

Nothing is written. Each problem says what to do; none hides the next one.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.store import Corpus
from eegssl.errors import ConfigError, InputError
from eegssl.io.tables.user_labels import read_labels
from eegssl.scoring.hierarchy import levels
from eegssl.tasks.jobs import TaskInfo
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.data import labelled_windows, require_classes
from eegssl.tasks.labels.windows.table_events import require_events
from eegssl.tasks.labels.windows.table_windows import label_values, task_table

T = TypeVar("T")
_UNIT_WORDS = {
    "window": "each window has a label and is scored by itself",
    "second": "each second of a window has a label and is scored by itself",
    "event": "each event has a label; the probabilities of the windows in it are averaged",
    "recording": "each recording has a label; the probabilities of its windows are averaged",
    "patient": "each patient has a label; the probabilities of all its windows are averaged",
}


_LABELS_WORDS = {
    ("events", False): "annotated events",
    ("events", True): "events of a table",
    ("table", True): "a table",
}


def explain(task: TaskConfig, corpus: Corpus | None, seed: int = 0) -> TaskInfo:
    """Explain what a task of labels asks, and which labels recordings hold for it.

    Raises InputError for a labels table that can't be read.
    """
    info = TaskInfo(_understood(task))
    if corpus is None:
        if task.table is not None:
            _try(info, lambda: _check_rows(task, str(task.table), info))
        return info
    table = _try(info, lambda: task_table(corpus, task))
    if table is None:
        return info
    if table.labels is not None:
        skipped = {f"rows left out, {why}": n for why, n in (table.skipped or {}).items()}
        info.understood["table"] = {"labels": len(table.labels), **skipped}
    fitted: dict[str, LabelledWindows] = {}
    for split in ("train", "val", "test"):
        recordings = [r for r in corpus.recordings if r.split == split]
        if not recordings:
            if split != "test":
                problem = InputError(f"no recording is in split {split}; see splits.tsv")
                info.problems.append(problem)
            continue
        cut = partial(labelled_windows, corpus, recordings, task, table.labels, seed=seed)
        labelled = _try(info, cut)
        if labelled is not None:
            info.splits[split] = _contents(labelled, task)
            if split != "test":
                fitted[split] = labelled
    _check_classes(info, task, fitted)
    return info


def _understood(task: TaskConfig) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "name": task.name,
        "labels": _LABELS_WORDS[task.labels, task.table is not None],
        "unit": task.unit,
        "which means": _UNIT_WORDS[task.unit],
        "target": task.target,
        "classes": list(task.classes),
        "window_s": task.window_s,
    }
    if task.class_events:
        settings["events"] = {name: list(types) for name, types in task.class_events.items()}
        settings["a window has a class from this share in its events"] = task.min_overlap
    elif task.labels == "events":
        settings["events"] = list(task.event_types)
    if task.detects:
        settings["positive class"] = task.classes[1]
        settings["a window is positive from this share in events"] = task.min_overlap
    if task.types:
        settings["levels"] = {name: list(groups) for name, groups in levels(task.classes).items()}
    if task.permute_labels:
        settings["control"] = "labels are permuted: every honest score is at chance"
    return settings


def _check_rows(task: TaskConfig, path: str, info: TaskInfo) -> None:
    """Of a table without recordings: its rows, and whether its labels fit the task."""
    rows = [row for row in read_labels(Path(path), [""]) if row.label not in ("", "n/a")]
    info.understood["table"] = {
        "labels": len(rows),
        "with times": sum(row.onset_s is not None for row in rows),
    }
    if not rows:
        raise InputError(f"task {task.name}: the labels table has no row with a label")
    if task.labels == "events":
        require_events([row.label for row in rows], task)
        return
    values = label_values([row.label for row in rows], task)
    info.understood["table"] |= _counted(values, task)


def _check_classes(info: TaskInfo, task: TaskConfig, fitted: Mapping[str, LabelledWindows]) -> None:
    """Note classes that training or validation lacks; what both lack is named once."""
    missing = {
        split: set(np.flatnonzero(f.counts(len(task.classes)) == 0).tolist())
        for split, f in fitted.items()
        if task.classes
    }
    nowhere: set[int] = set.intersection(*missing.values()) if len(missing) > 1 else set()
    if nowhere:
        names = ", ".join(task.classes[k] for k in sorted(nowhere))
        splits = " and ".join(f"split {split}" for split in fitted)
        info.problems.append(
            InputError(
                f"task {task.name}: {splits} have none of class {names}; label some, or take "
                "the class out of `classes`"
            )
        )
    for split, labelled in fitted.items():
        if not nowhere or missing[split] - nowhere:
            _try(info, partial(require_classes, labelled, task, split))


def _contents(labelled: LabelledWindows, task: TaskConfig) -> dict[str, Any]:
    owners = labelled.windows.recordings
    contents: dict[str, Any] = {
        "recordings": len(owners),
        "subjects": len({r.subject for r in owners}),
        "windows": len(labelled),
    }
    contents["labels"] = _counted(labelled.truth, task)
    if labelled.units:
        contents[f"{task.unit}s"] = {"all": len(labelled.units)} | _counted(
            labelled.unit_truth, task
        )
    if task.types:
        unknown = int((labelled.unit_truth < 0).sum())
        contents["events"]["known in part, or not at all"] = unknown
    return contents | ({"left out": dict(labelled.left_out)} if labelled.left_out else {})


def _counted(values: np.ndarray, task: TaskConfig) -> dict[str, Any]:
    """Count the values of each class; of numbers give the range."""
    if task.target == "number":
        return {
            "min": float(values.min()),
            "mean": float(values.mean()),
            "max": float(values.max()),
        }
    flat = values.ravel().astype(np.int64)
    counts = np.bincount(flat[flat >= 0], minlength=len(task.classes))
    return dict(zip(task.classes, counts.tolist(), strict=True))


def _try(info: TaskInfo, look: Callable[[], T]) -> T | None:
    """Return what ``look`` returns; note its problem, once, and return None."""
    try:
        return look()
    except (ConfigError, InputError) as error:
        if str(error) not in map(str, info.problems):
            info.problems.append(error)
        return None

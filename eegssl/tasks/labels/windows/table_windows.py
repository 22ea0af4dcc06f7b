"""Label windows from the user's table: classes or numbers."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.ictal import overlap_share
from eegssl.corpus.label_table import Label, LabelTable, label_table
from eegssl.corpus.labelled import LabelledWindows, Unit
from eegssl.corpus.store import Corpus, Recording
from eegssl.corpus.windows import Windows, tile
from eegssl.errors import InputError
from eegssl.io.labels.event_types import Event
from eegssl.scoring.hierarchy import UNKNOWN
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.windows.event_overlaps import separate_events
from eegssl.tasks.labels.windows.event_windows import Stretch, place

Values = NDArray[np.int64] | NDArray[np.float64]
_OUTSIDE = "rows that begin after their recording ends"
_BEYOND = "ends of rows beyond the end of their recording"
_SHORT = "rows for recordings shorter than a window"
_COVERED = "rows that others which come first cover"
_ROUNDING_S = 1.0  # ours: stretches in whole seconds, recordings cut to whole windows or records


def task_table(corpus: Corpus, task: TaskConfig, path: str | None = None) -> LabelTable:
    """The table of a task, or another one of the same kind; see `label_table`.

    Its stretches may overlap where they are events, or the task says what becomes of such.
    """
    return label_table(
        *(corpus, path or task.table),
        skip_unknown=task.skip_unknown,
        overlap=task.overlap != "refuse" or task.labels == "events",
    )


def table_windows(
    corpus: Corpus, recordings: Sequence[Recording], task: TaskConfig, table: Sequence[Label]
) -> LabelledWindows:
    """Windows of the recordings that the table names, each with its label.

    Raises InputError when it names none of them, or its labels don't fit the task.
    """
    here = {r.id: r for r in recordings}
    labels = [one for one in table if one.recording in here]
    if not labels:
        raise InputError(
            f"task {task.name}: the labels table names none of the {len(recordings)} recordings of "
            f"split {', '.join(sorted({r.split for r in recordings}))}; label some, or split the "
            "subjects otherwise (--set splits.file=… or --seed, in preprocess)"
        )
    _require_stretches(labels, task)
    left_out: Counter[str] = Counter()
    if task.overlap == "priority":
        labels, left_out[_COVERED] = _by_priority(labels, task)
    label_values([one.text for one in table], task)  # all of them: a model stores them
    values = label_values([one.text for one in labels], task)
    usable = []
    for k, one in enumerate(labels):
        recording = here[one.recording]
        if recording.duration_s < task.window_s:
            left_out[_SHORT] += 1
        elif (one.onset_s or 0.0) >= recording.duration_s:
            left_out[_OUTSIDE] += 1
        else:
            usable.append(k)
    if not usable:
        reasons = ", ".join(f"{n} {why}" for why, n in sorted(left_out.items()))
        raise InputError(f"task {task.name}: no row of the labels table can be used: {reasons}")
    labels = [_within(labels[k], here, left_out) for k in usable]
    by_unit = {"event": _events, "recording": _recordings, "patient": _patients}
    labelled = by_unit.get(task.unit, _stretches)(_Rows(corpus, here, task, labels, values[usable]))
    return replace(labelled, left_out=dict(+left_out))


def label_values(texts: Sequence[str], task: TaskConfig) -> Values:
    """Class indices, or numbers, of a table's labels; no label is repeated in an error."""
    numbers = np.array([_number(text) for text in texts])
    if task.target == "number":
        if n := int((~np.isfinite(numbers)).sum()):
            raise InputError(
                f"task {task.name}: {n} of {len(texts)} labels are no finite number, and the task "
                "has target = 'number'; write decimals with a point and n/a where there is none, "
                "or set target = 'classes' and name the classes"
            )
        return numbers
    rows = [text for text in texts if text not in task.classes]
    if rows:
        unknown = set(rows)
        numeric = sum(math.isfinite(_number(text)) for text in unknown)
        more = f"; {numeric} of them are numbers: is it target = 'number'?" if numeric else ""
        raise InputError(
            f"task {task.name}: {len(rows)} of {len(texts)} rows of the labels table have "
            f"{len(unknown)} label(s) that are no class of the task; its classes are "
            f"{', '.join(task.classes)}{more}; add the class to `classes` in the task, or mend "
            "the rows"
        )
    return np.array([task.classes.index(text) for text in texts], dtype=np.int64)


def _by_priority(labels: Sequence[Label], task: TaskConfig) -> tuple[list[Label], int]:
    """What rows of labels that come first leave of the others, and how many rows have no rest."""
    rest: list[Label] = []
    n_covered = 0
    for recording in sorted({one.recording for one in labels}):
        own = [one for one in labels if one.recording == recording]
        events = [Event(one.onset_s or 0.0, one.duration_s or 0.0, one.text) for one in own]
        part = separate_events(events, task)
        n_covered += part.n_covered
        rest += [Label(recording, e.type, e.onset_s, e.duration_s) for e in part.events]
    return rest, n_covered


def _within(one: Label, here: Mapping[str, Recording], left_out: Counter[str]) -> Label:
    """The label with its stretch cut at the end of the recording, which is counted."""
    if one.onset_s is None or one.duration_s is None:
        return one
    rest_s = here[one.recording].duration_s - one.onset_s
    left_out[_BEYOND] += one.duration_s > rest_s + _ROUNDING_S
    return replace(one, duration_s=min(one.duration_s, rest_s))


def _require_stretches(labels: Sequence[Label], task: TaskConfig) -> None:
    """Events need times; recordings and patients have none."""
    timed = sum(one.onset_s is not None for one in labels)
    if task.unit == "event" and timed < len(labels):
        raise InputError(
            f"task {task.name}: {len(labels) - timed} of {len(labels)} rows have no onset_s and "
            "duration_s, and unit = 'event' needs both; or set unit = 'recording'"
        )
    if task.unit in ("recording", "patient") and timed:
        raise InputError(
            f"task {task.name}: {timed} of {len(labels)} rows have an onset_s, and unit = "
            f"'{task.unit}' labels wholes; leave the column out, or set unit = 'event' or 'window'"
        )


@dataclass(frozen=True)
class _Rows:
    """Usable rows of the table: a label and its value each, and the recordings by id."""

    corpus: Corpus
    here: Mapping[str, Recording]
    task: TaskConfig
    labels: Sequence[Label]
    values: Values

    def tile(self) -> Windows:
        """Windows of a fixed tiling of the recordings that have a label."""
        ids = {one.recording for one in self.labels}
        recordings = [r for r in self.here.values() if r.id in ids]
        return tile(self.corpus, recordings, self.task.window_s)


def _events(rows: _Rows) -> LabelledWindows:
    """Each row is an event, with windows inside it."""
    labels = rows.labels
    order = sorted(range(len(labels)), key=lambda k: (labels[k].recording, labels[k].onset_s or 0))
    stretches = [
        Stretch(rows.here[one.recording], one.onset_s or 0.0, one.duration_s or 0.0)
        for one in (labels[k] for k in order)
    ]
    windows, unit, units = place(rows.corpus, stretches, rows.task)
    return LabelledWindows(windows, rows.values[order][unit], unit, units)


def _recordings(rows: _Rows) -> LabelledWindows:
    """Each row is a recording."""
    value_of = {one.recording: v for one, v in zip(rows.labels, rows.values, strict=True)}
    windows = rows.tile()
    truth = np.array([value_of[r.id] for r in windows.recordings])
    units = tuple(Unit(r.id, r.id, r.subject, 0.0, r.duration_s) for r in windows.recordings)
    return LabelledWindows(windows, truth[windows.owner], windows.owner.copy(), units)


def _patients(rows: _Rows) -> LabelledWindows:
    """Each subject has one label, on some or all of its recordings; refused if they differ."""
    by_subject: dict[str, set[float]] = {}
    for one, value in zip(rows.labels, rows.values, strict=True):
        by_subject.setdefault(rows.here[one.recording].subject, set()).add(value.item())
    n_ambiguous = sum(len(several) > 1 for several in by_subject.values())
    if n_ambiguous:
        raise InputError(
            f"task {rows.task.name}: {n_ambiguous} of {len(by_subject)} subjects have several "
            "labels, and unit = 'patient' wants one each; mend the table, or set unit = 'recording'"
        )
    windows = rows.tile()
    names, owner = np.unique([r.subject for r in windows.recordings], return_inverse=True)
    lasting_s = np.bincount(owner, [r.duration_s for r in windows.recordings]).tolist()
    subjects = names.tolist()
    truth = np.array([next(iter(by_subject[subject])) for subject in subjects])
    unit = owner[windows.owner]
    units = tuple(Unit(s, "", s, 0.0, t) for s, t in zip(subjects, lasting_s, strict=True))
    return LabelledWindows(windows, truth[unit], unit, units)


def _stretches(rows: _Rows) -> LabelledWindows:
    """Windows or seconds with the label of the stretch that enough of them lies in.

    Windows without any label are not there; seconds without one, in a window that has some, are
    -1.
    """
    windows, task = rows.tile(), rows.task
    n_parts = round(task.window_s) if task.unit == "second" else 1
    truth: NDArray[Any] = np.full((len(windows), n_parts), UNKNOWN, dtype=rows.values.dtype)
    labelled = np.zeros(truth.shape, dtype=bool)
    part_s = windows.window_s / n_parts
    index = {r.id: k for k, r in enumerate(windows.recordings)}
    for one, value in zip(rows.labels, rows.values, strict=True):
        places = np.flatnonzero(windows.owner == index[one.recording])
        start_s = windows.start_s[places][:, None] + part_s * np.arange(n_parts)
        onset_s = one.onset_s or 0.0
        end_s = rows.here[one.recording].duration_s
        if one.duration_s is not None:
            end_s = onset_s + one.duration_s
        shares = overlap_share(start_s.ravel(), part_s, np.array([[onset_s, end_s]]))
        inside = (shares >= task.min_overlap).reshape(start_s.shape)
        truth[places] = np.where(inside & ~labelled[places], value, truth[places])
        labelled[places] |= inside
    keep = np.flatnonzero(labelled.any(axis=1))
    if not len(keep):
        raise InputError(
            f"task {task.name}: no window of {task.window_s:g} s lies in a stretch of the labels "
            "table by min_overlap; take shorter windows (task.window_s) or a smaller min_overlap"
        )
    labels_of_rows = truth[keep] if task.unit == "second" else truth[keep, 0]
    return LabelledWindows(windows.subset(keep), labels_of_rows)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan

"""Pair two trees of event tables by file; write such tables.

The layout is that of SzCORE's evaluation: ``sub-xx/ses-xx/eeg/*_events.tsv`` on both sides under
the same names (where no file is called so, every ``.tsv`` below ``sub-xx`` counts, as there).
SzCORE scores a table that is missing, unreadable or of another length as no detections, without a
word; here it is an error, or it is counted so and named.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from eegssl.errors import InputError, RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.labels.event_types import is_seizure
from eegssl.io.labels.events_tsv import MAX_BYTES, MISSING, parse_events_tsv
from eegssl.io.labels.label_text import number, read_label_text
from eegssl.io.labels.same_recording import LENGTH_TOLERANCE_S
from eegssl.io.tables.tsv import format_tsv

Missing = Literal["error", "count"]
FaultKind = Literal["missing", "unreadable", "wrong-length", "no-reference"]
SUFFIX = "_events.tsv"
COLUMNS = (
    *("onset", "duration", "eventType", "confidence"),
    *("channels", "dateTime", "recordingDuration"),
)
"""The header of SzCORE's TSV."""
NO_DATE = "1985-01-01 00:00:00"
"""The start of recordings whose date is not told: that of EDF files without one."""
_SHOWN = 3


@dataclass(frozen=True)
class TreeRecording:
    """One recording's seizures on both sides as (onset, offset) in seconds from its start."""

    recording: str
    subject: str
    duration_s: float
    reference: tuple[tuple[float, float], ...]
    hypothesis: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class TreeFault:
    """A table of the hypothesis, named by its path in the tree, and what is wrong with it."""

    kind: FaultKind
    file: str
    reason: str


def read_tree(
    reference: Path,
    hypothesis: Path,
    missing: Missing = "error",
    shown: Callable[[str], str] = str,
) -> tuple[list[TreeRecording], list[TreeFault]]:
    """All recordings of the reference with what the hypothesis says of them, sorted by path.

    With ``missing="count"`` a faulty table of the hypothesis counts as no detections and stands
    in the list of faults. A table without a reference is no error, is not scored, and is in the
    list always. ``shown`` turns the path of a table into what errors may call it: paths name
    subjects. Raises InputError naming the files for a reference that can't be read, a faulty
    hypothesis with ``missing="error"``, and a folder without tables.
    """
    names = _tables(reference, "reference")
    others = set(_tables(hypothesis, "hypothesis"))
    recordings, faults, broken = [], [], []
    for name in names:
        try:
            duration_s, seizures = _read(reference / name)
        except RecordingRefused as refusal:
            broken.append(TreeFault("unreadable", name, refusal.reason))
            continue
        fault, detected = _detected(hypothesis / name, name, duration_s)
        faults += [fault] if fault else []
        subject, recording = name.split("/")[0], recording_of(name)
        recordings.append(TreeRecording(recording, subject, duration_s, seizures, detected))
    if broken:
        raise InputError(f"the reference can't be read: {_in_words(broken, shown)}")
    if faults and missing == "error":
        raise InputError(
            f"the hypothesis is not whole: {_in_words(faults, shown)}. Mend these files, or "
            "have them count as no detections, as the SzCORE standard does"
        )
    surplus = sorted(others - set(names))
    faults += [
        TreeFault("no-reference", name, "the reference has no such file") for name in surplus
    ]
    return recordings, faults


def table_name(subject: str, recording: str) -> str:
    """The place of a recording's table in a tree, by ids such as ``s-01ab`` and ``r-23cd-1``."""
    return f"sub-{subject.removeprefix('s-')}/ses-01/eeg/{recording}{SUFFIX}"


def format_events(
    spans: Sequence[tuple[float, float]],
    confidence: Sequence[float | None],
    kind: str,
    duration_s: float,
    *,
    channels: Sequence[str] = (),
    start: datetime | None = None,
) -> str:
    """A recording's events of one type as SzCORE's TSV; one ``bckg`` row where there is none.

    ``spans`` are (onset, offset) in seconds from the first sample, ``duration_s`` is the time from
    there to the end of the last, both with gaps; all is written with two decimals, as by the
    standard's own library. ``confidence`` is the probability of each event. ``channels`` are those
    that every event is about, none for all. Without a ``start`` it is `NO_DATE`: the standard's
    library reads no table without a date.
    """
    when = NO_DATE if start is None else f"{start:%Y-%m-%d %H:%M:%S}"
    whole = f"{round(duration_s * 100) / 100:.2f}"
    tail = [",".join(channels) or "n/a", when, whole]
    rows = [
        [*_times(on, off, duration_s), kind, "n/a" if p is None else f"{p:.2f}", *tail]
        for (on, off), p in zip(spans, confidence, strict=True)
    ]
    background = ["0.00", whole, "bckg", "n/a", "n/a", *tail[1:]]
    return format_tsv(COLUMNS, rows or [background])


def _times(onset_s: float, offset_s: float, duration_s: float) -> tuple[str, str]:
    """Onset and duration in hundredths: none is 0 long, and none reaches beyond the recording."""
    last = round(duration_s * 100)
    first = min(round(onset_s * 100), last - 1)
    return f"{first / 100:.2f}", f"{max(1, min(round(offset_s * 100), last) - first) / 100:.2f}"


def recording_of(name: str) -> str:
    """The recording that a table of the tree belongs to, by the table's path."""
    return name.removesuffix(".tsv").removesuffix("_events")


def _tables(root: Path, side: str) -> list[str]:
    """Paths of the tables below ``sub-*`` in a tree, with forward slashes, sorted."""
    if not root.is_dir():
        raise InputError(f"the {side} is no folder: give one that holds sub-*/**/*{SUFFIX}")
    below = (path.relative_to(root) for path in root.glob("sub-*/**/*.tsv"))
    names = sorted(
        path.as_posix() for path in below if not any(part.startswith(".") for part in path.parts)
    )
    chosen = [name for name in names if name.endswith(SUFFIX)] or names
    if not chosen:
        raise InputError(f"the {side} holds no table: expected sub-*/**/*{SUFFIX}")
    return chosen


def _detected(
    path: Path, name: str, duration_s: float
) -> tuple[TreeFault | None, tuple[tuple[float, float], ...]]:
    """The seizures of a table of the hypothesis, or its fault and none."""
    if not (path.exists() or path.is_symlink()):
        return TreeFault("missing", name, "there is no such file"), ()
    try:
        length_s, seizures = _read(path)
    except RecordingRefused as refusal:
        return TreeFault("unreadable", name, refusal.reason), ()
    if abs(length_s - duration_s) >= LENGTH_TOLERANCE_S:
        reason = f"recordingDuration {length_s:g} s, the reference says {duration_s:g} s"
        return TreeFault("wrong-length", name, reason), ()
    return None, seizures


def _read(path: Path) -> tuple[float, tuple[tuple[float, float], ...]]:
    """The length of the recording in seconds and its seizures; raises RecordingRefused."""
    text = read_label_text(path, "TSV file", MAX_BYTES)
    events = parse_events_tsv(text, EventSettings()).events
    seizures = tuple(
        (event.onset_s, event.onset_s + event.duration_s)
        for event in events
        if is_seizure(event.type)
    )
    return _recording_duration(text), seizures


def _recording_duration(text: str) -> float:
    """Read the column ``recordingDuration``, the same in all rows."""
    columns, *rows = [line.split("\t") for line in text.split("\n") if line.strip()]
    if not rows:
        raise _refused("the TSV has no row; a recording without seizures holds one bckg row")
    if "recordingDuration" not in columns:
        raise _refused("the TSV has no column recordingDuration")
    at = columns.index("recordingDuration")
    values = {row[at].strip() for row in rows if row[at].strip().lower() not in MISSING}
    numbers = {number(value) for value in values}
    if len(numbers) != 1:
        raise _refused(f"recordingDuration has {len(numbers)} values, expected one")
    duration_s = numbers.pop()
    if duration_s is None or not 0 < duration_s < math.inf:
        raise _refused("recordingDuration is no number above 0")
    return duration_s


def _refused(reason: str) -> RecordingRefused:
    return RecordingRefused("events", reason)


def _in_words(faults: Sequence[TreeFault], shown: Callable[[str], str]) -> str:
    """Count files by fault, the first ones of each named."""
    return "; ".join(_one_kind(faults, shown))


def _one_kind(faults: Sequence[TreeFault], shown: Callable[[str], str]) -> Iterator[str]:
    for kind, n in Counter(fault.kind for fault in faults).items():
        mine = [fault for fault in faults if fault.kind == kind]
        first = ", ".join(f"{shown(fault.file)} ({fault.reason})" for fault in mine[:_SHOWN])
        more = f" and {n - _SHOWN} more" if n > _SHOWN else ""
        yield f"{n} {kind}: {first}{more}"

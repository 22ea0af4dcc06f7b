"""Read SzCORE and BIDS tables of events.

Source: SzCORE annotation format, BIDS 1.10 "Task events". SzCORE scores a label file that can't
be read as no seizures; here it refuses the recording.
"""

from pathlib import Path

from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.labels.event_types import EVENT_TYPES, Event, EventsFound, in_order, is_seizure
from eegssl.io.labels.label_text import as_lines, listed_channels, number, read_label_text
from eegssl.io.labels.own_words import original_label, type_of_label
from eegssl.io.labels.same_recording import (
    LENGTH,
    START,
    StatedRecording,
    require_same_recording,
)
from eegssl.io.labels.sheets.sheet_times import Style, written_time
from eegssl.io.recording_header import RecordingHeader

MISSING = ("n/a", "")
MAX_BYTES = 64 << 20
# BIDS 1.10: the columns of events.tsv beside trial_type, which may be missing.
_BIDS_COLUMNS = {"onset", "duration", "sample", "value", "response_time", "stim_file", "HED"}
_BIDS_COLUMNS |= {"channel"}
_AS_PEOPLE_WRITE = Style(decimal=",")
_ARTICLE = {"onset": "an onset", "duration": "a duration"}


def read_events_tsv(
    path: Path, settings: EventSettings | None = None, header: RecordingHeader | None = None
) -> EventsFound:
    """The events of one table; types outside the vocabulary and the markers are counted.

    A BIDS table without a column of types gives no events, and the number of its rows.

    ``header`` is that of the recording that it should belong to. Raises RecordingRefused
    ``events`` for a table without the columns, a row of another length, a number that is none, a
    labelled stretch without a duration, a seizure of unknown kind, or another recording's table.
    """
    text = read_label_text(path, "TSV file", MAX_BYTES)
    return parse_events_tsv(text, settings or EventSettings(), header)


def parse_events_tsv(
    text: str, settings: EventSettings, header: RecordingHeader | None = None
) -> EventsFound:
    """The events in the text of a table; see `read_events_tsv`."""
    lines = as_lines(text).split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise _refused("the TSV file is empty; a recording without seizures holds one bckg row")
    columns = lines[0].split("\t")
    kinds = [name for name in settings.type_columns if name in columns]
    missing = [name for name in ("onset", "duration") if name not in columns]
    if missing:
        reason = f"the TSV's columns lack {' and '.join(missing)}; expected onset and duration"
        others = _own_columns("COLUMN", "COLUMN", "COLUMN")
        raise _refused(
            f"{reason} in seconds, and columns separated by tabs; columns of other names, ends and "
            f"clock times: {others}"
        )
    if not kinds and "value" in columns and set(columns) <= _BIDS_COLUMNS:
        return EventsFound((), n_untyped=len(lines) - 1)
    if not kinds:
        wanted = " or ".join(settings.type_columns)
        reason = f"the TSV's columns lack the types of events, expected {wanted}"
        raise _refused(f"{reason}: name the one that holds them by events.type_columns")
    if len(set(columns)) < len(columns):
        raise _refused("the TSV has two columns of one name")
    events: list[Event] = []
    stated: list[StatedRecording] = []
    dropped = 0
    for k, line in enumerate(lines[1:], start=2):
        cells = line.split("\t")
        if len(cells) != len(columns):
            raise _refused(f"row {k}: {len(cells)} fields, expected {len(columns)}")
        row = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
        event = _event(row, row[kinds[0]], settings, f"row {k}")
        dropped += event is None
        events += [event] if event else []
        length_s, onset_s = number(row.get(LENGTH, "")), number(row["onset"])
        stated.append(StatedRecording(length_s, row.get(START, ""), onset_s))
    if header is not None:
        require_same_recording(stated, header)
    return EventsFound(in_order(events), dropped, source="tsv")


def _event(row: dict[str, str], label: str, settings: EventSettings, where: str) -> Event | None:
    """The event of one row, None for a type that is nobody's here.

    None also for what is neither seizure nor background and ends before it starts, as five
    impedance checks of SeizeIT2 do.
    """
    kind = type_of_label(label, settings, where)
    if kind is None:
        return None
    onset_s = _time(row, "onset", where, settings)
    duration_s = _time(row, "duration", where, settings)
    if onset_s is None or (duration_s is None and kind in EVENT_TYPES):
        raise _without_a_time(kind, "duration" if onset_s is not None else "onset", where)
    if duration_s is not None and duration_s < 0:
        if kind != "bckg" and not is_seizure(kind):
            return None
        raise _refused(f"{where}: duration {duration_s:g} s, expected 0 or more")
    confidence = _number(row.get("confidence", ""), "confidence", where)
    channels = listed_channels(row.get("channels", ""))
    original = original_label(label, kind, settings)
    return Event(onset_s, duration_s or 0.0, kind, channels, confidence, "tsv", original)


def _without_a_time(kind: str, column: str, where: str) -> RecordingRefused:
    """The refusal of a row that does not say from when, or to when, with two ways on."""
    mend = "write it in seconds"
    if column == "duration":
        mend = "write how many seconds it lasts, or name the column that holds its end ("
        mend += _own_columns("onset", "", "COLUMN", end="COLUMN") + ")"
    reason = f"{where}: {kind} without {_ARTICLE[column]}; {mend}, or pass the table over"
    return _refused(f"{reason} (leave tsv out of events.sources)")


def _time(row: dict[str, str], column: str, where: str, settings: EventSettings) -> float | None:
    """The seconds in a column; a time of another kind is refused with the setting that reads it."""
    try:
        return _number(row[column], column, where)
    except RecordingRefused:
        if written_time(row[column], _AS_PEOPLE_WRITE) is None:
            raise
    types = next(name for name in settings.type_columns if name in row)
    reason = f"{where}: {column} is a time of day, h:mm:ss or a number with a comma, expected"
    reason += " seconds; read the table as a label sheet"
    raise _refused(f"{reason}: {_own_columns('onset', 'duration', types)}")


def _own_columns(onset: str, duration: str, label: str, end: str = "") -> str:
    """The option that makes a label sheet of a table, whose times may be of other kinds."""
    named = {"onset": onset, "duration": duration, "end": end, "label": label}
    inside = ", ".join(f'{role} = "{name}"' for role, name in named.items() if name)
    return f"--set 'events.columns={{ {inside} }}'"


def _number(text: str, column: str, where: str) -> float | None:
    if text.lower() in MISSING:
        return None
    value = number(text)
    if value is None:
        raise _refused(f"{where}: {column} is no number, expected one with a decimal point")
    return value


def _refused(reason: str) -> RecordingRefused:
    return RecordingRefused("events", reason)

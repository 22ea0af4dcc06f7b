"""Read a recording's events from the rows of a label sheet."""

from datetime import timedelta
from pathlib import Path

from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.formats.recordings import recording_start
from eegssl.io.labels.event_types import (
    Event,
    EventsFound,
    event_type,
    in_order,
    is_seizure,
    mentions_seizure,
    original_of,
)
from eegssl.io.labels.label_text import read_label_bytes
from eegssl.io.labels.own_words import translated
from eegssl.io.labels.same_recording import require_same_recording, stands_for_none
from eegssl.io.labels.sheets.sheet_spans import Lasting, Placed, place_rows
from eegssl.io.labels.sheets.sheet_table import KIND, MAX_BYTES, Sheet, parse_sheet, sheet_text
from eegssl.io.labels.sheets.sheet_times import MISSING
from eegssl.io.recording_header import RecordingHeader


def read_sheet_events(path: Path, header: RecordingHeader, settings: EventSettings) -> EventsFound:
    """The events in the sheet of one recording; see `sheet_events`.

    Raises RecordingRefused too where the sheet says that it is another recording's.
    """
    text = sheet_text(read_label_bytes(path, KIND, MAX_BYTES))
    events = sheet_events(parse_sheet(text, settings), header, settings)
    require_same_recording(text, header)
    return events


def sheet_events(sheet: Sheet, header: RecordingHeader, settings: EventSettings) -> EventsFound:
    """The events that rows of a sheet give for a recording.

    A row without an onset, of no type or of background, says that the recording was read; labels
    outside the vocabulary are counted. Raises RecordingRefused ``events`` for a row that lies
    outside the recording, or may be read in two ways, by its number.
    """
    events: list[Event] = []
    dropped = 0
    for placed in place_rows(sheet, _lasting(header), settings):
        event = _event(placed, settings)
        dropped += event is None and not _says_none(placed, settings)
        events += [event] if event else []
    return EventsFound(in_order(events), dropped, source="sheet")


def _lasting(header: RecordingHeader) -> Lasting:
    try:
        start = recording_start(header)
    except RecordingRefused:
        return Lasting(None, header.span_s)
    begin = start + timedelta(seconds=header.start_offset_s)
    midnight = start.hour == start.minute == start.second == 0
    is_none = stands_for_none(start)
    return Lasting(None if is_none and midnight else begin, header.span_s, dated=not is_none)


def _label(placed: Placed, settings: EventSettings) -> str:
    if "label" not in settings.columns:
        return settings.every_row or ""
    return translated(placed.row.cell("label"), settings.words)


def _says_none(placed: Placed, settings: EventSettings) -> bool:
    """Whether a row says no more than that its recording was read."""
    label = _label(placed, settings)
    nothing = label.lower() in MISSING or event_type(label) == "bckg" or bool(settings.every_row)
    return placed.onset_s is None and nothing


def _event(placed: Placed, settings: EventSettings) -> Event | None:
    if _says_none(placed, settings):
        return None
    text = _label(placed, settings)
    kind = event_type(text, settings.markers)
    number = placed.row.number
    if kind is None:
        if text.lower().startswith("sz") or mentions_seizure(text):
            raise _refused(
                f"row {number}: a label that speaks of a seizure and is no type; say which one it "
                'means: --set \'events.words={ "LABEL" = "sz" }\''
            )
        return None
    if placed.onset_s is None or (
        placed.duration_s is None and (is_seizure(kind) or kind == "bckg")
    ):
        lacks = "an onset" if placed.onset_s is None else "an end or a duration"
        raise _refused(
            f"row {number}: {kind} without {lacks}: write it, or leave the row out (what it marks "
            "then counts as background)"
        )
    cells = placed.row.cell("channels")
    names = () if cells.lower() in (*MISSING, "all", "alle") else cells.replace(";", ",").split(",")
    channels = tuple(name.strip() for name in names if name.strip())
    own = placed.row.cell("label").strip() == text.strip()
    original = original_of(text, kind) if own else ""
    return Event(placed.onset_s, placed.duration_s or 0.0, kind, channels, None, "sheet", original)


def _refused(what: str) -> RecordingRefused:
    return RecordingRefused("events", f"the {KIND}, {what}")

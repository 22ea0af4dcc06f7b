"""Read a recording's events from the rows of a label sheet."""

from datetime import timedelta

from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.formats.recordings import recording_start
from eegssl.io.labels.event_types import Event, EventsFound, in_order, is_seizure
from eegssl.io.labels.label_text import MISSING, listed_channels
from eegssl.io.labels.own_words import original_label, type_of_label
from eegssl.io.labels.same_recording import (
    LENGTH,
    START,
    StatedRecording,
    is_placeholder_start,
    require_same_recording,
)
from eegssl.io.labels.sheets.sheet_spans import Lasting, Placed, place_rows
from eegssl.io.labels.sheets.sheet_table import KIND, Sheet
from eegssl.io.labels.sheets.sheet_times import written_number
from eegssl.io.recording_header import RecordingHeader


def sheet_events(sheet: Sheet, header: RecordingHeader, settings: EventSettings) -> EventsFound:
    """The events that rows of a sheet give for a recording.

    A row without an onset, of no type or of background, says that the recording was read; labels
    outside the vocabulary are counted. Raises RecordingRefused ``events`` for a row that lies
    outside the recording, or may be read in two ways, by its number, and for rows that say that
    they are another recording's.
    """
    events: list[Event] = []
    dropped = 0
    rows = place_rows(sheet, _lasting(header), settings)
    for placed in rows:
        if _says_none(placed, settings):
            continue
        event = _event(placed, settings)
        dropped += event is None
        events += [event] if event else []
    require_same_recording((_stated(placed, sheet) for placed in rows), header)
    return EventsFound(in_order(events), dropped, source="sheet")


def _lasting(header: RecordingHeader) -> Lasting:
    try:
        start = recording_start(header)
    except RecordingRefused:
        return Lasting(None, header.span_s)
    begin = start + timedelta(seconds=header.start_offset_s)
    midnight = start.hour == start.minute == start.second == 0
    is_none = is_placeholder_start(start)
    return Lasting(None if is_none and midnight else begin, header.span_s, dated=not is_none)


def _stated(placed: Placed, sheet: Sheet) -> StatedRecording:
    row = placed.row
    length_s = written_number(row.cell(LENGTH), sheet.style.decimal)
    return StatedRecording(length_s, row.cell(START), placed.onset_s)


def _label(placed: Placed, settings: EventSettings) -> str:
    if "label" not in settings.columns:
        return settings.every_row or ""
    return placed.row.cell("label")


def _says_none(placed: Placed, settings: EventSettings) -> bool:
    """Whether a row says no more than that its recording was read."""
    if placed.onset_s is not None:
        return False
    label = _label(placed, settings)
    nothing = label.lower() in MISSING or bool(settings.every_row)
    return nothing or _type(placed, settings) == "bckg"


def _type(placed: Placed, settings: EventSettings) -> str | None:
    where = f"the {KIND}, row {placed.row.number}"
    return type_of_label(_label(placed, settings), settings, where)


def _event(placed: Placed, settings: EventSettings) -> Event | None:
    kind = _type(placed, settings)
    if kind is None:
        return None
    if placed.onset_s is None or (
        placed.duration_s is None and (is_seizure(kind) or kind == "bckg")
    ):
        lacks = "an onset" if placed.onset_s is None else "an end or a duration"
        raise _refused(
            f"row {placed.row.number}: {kind} without {lacks}: write it, or leave the row out "
            "(what it marks then counts as background)"
        )
    channels = listed_channels(placed.row.cell("channels"))
    original = original_label(placed.row.cell("label"), kind, settings)
    return Event(placed.onset_s, placed.duration_s or 0.0, kind, channels, None, "sheet", original)


def _refused(what: str) -> RecordingRefused:
    return RecordingRefused("events", f"the {KIND}, {what}")

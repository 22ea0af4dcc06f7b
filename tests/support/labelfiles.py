"""Recordings without content for tests of label files: a name, a length, a start by the clock."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edf_bytes import plain

from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.edf.header import read_header
from eegssl.io.labels.event_types import EVENT_TYPES, EXTRA_TYPES, Event, EventsFound, in_order
from eegssl.io.labels.events import read_events

TYPES = {*EVENT_TYPES, *EXTRA_TYPES}


def blank_edf(path: Path, duration_s: int = 4, clock: str = "00.00.00", rate: int = 2) -> Path:
    """An EDF of one channel that lasts ``duration_s`` and began at ``clock``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    spec = plain(duration_s, rate, main={(176, 184): clock.encode()})
    path.write_bytes(spec.bytes())
    return path


def events_of(path: Path, root: Path | None = None, **settings: object) -> EventsFound:
    """All that `read_events` finds for one recording."""
    return read_events(read_header(path), EventSettings.model_validate(settings), root)


def spans(found: EventsFound) -> list[tuple[float, float, str]]:
    """Onset, end and type of each event."""
    return [(e.onset_s, round(e.onset_s + e.duration_s, 6), e.type) for e in found.events]


def parsed_or_refused(parse: Callable[..., Any], *args: Any) -> Any:
    """What a parser returns, or the code of its refusal; nothing else may be raised."""
    try:
        return parse(*args)
    except RecordingRefused as refusal:
        return refusal.code


def format_events_tsv(events: Sequence[Event], recording_duration_s: float) -> str:
    """The table that SzCORE defines: two decimals, one ``bckg`` row where nothing happened.

    ``dateTime`` is ``n/a``: a date may identify a person.
    """
    rows = ["onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration"]
    for event in in_order(events) or (Event(0.0, recording_duration_s, "bckg"),):
        confidence = "n/a" if event.confidence is None else f"{event.confidence:.2f}"
        channels = ",".join(event.channels) or "n/a"
        cells = (f"{event.onset_s:.2f}", f"{event.duration_s:.2f}", event.type, confidence)
        rows.append("\t".join((*cells, channels, "n/a", f"{recording_duration_s:.2f}")))
    return "\n".join(rows) + "\n"

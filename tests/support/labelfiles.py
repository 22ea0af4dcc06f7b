"""Recordings without content for tests of label files: a name, a length, a start by the clock."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edf_bytes import plain

from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.edf.header import read_header
from eegssl.io.labels.event_types import EVENT_TYPES, EXTRA_TYPES, EventsFound
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

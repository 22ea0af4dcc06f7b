"""A recording's events in one form, whatever kind of file says them.

Sources in order of trust (``events.sources``): SzCORE or BIDS TSV beside the recording, CHB-MIT
``.seizures`` beside it, EDF+ annotations inside it. The first one that is there says alone where
the seizures and the background are, so that none is counted twice; markers (``events.markers``)
inside the recording are kept beside it, unless the TSV has markers of its own. A file that is
there and malformed refuses the recording: falling back to the next source would be a guess.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eegssl.errors import RecordingRefused
from eegssl.io.annotations import Annotation, scan_annotations
from eegssl.io.config import EventSettings
from eegssl.io.edf_header import EdfHeader
from eegssl.io.event_types import (
    Event,
    EventsFound,
    event_type,
    in_order,
    is_seizure,
    mentions_seizure,
    seizure_edge,
)
from eegssl.io.events_tsv import read_events_tsv
from eegssl.io.seizures_file import read_seizures

__all__ = ["Event", "EventsFound", "Sidecars", "find_sidecars", "read_events"]


@dataclass(frozen=True)
class Sidecars:
    """The label files beside one recording, None where there is none."""

    tsv: Path | None
    seizures: Path | None


def find_sidecars(edf_path: Path) -> Sidecars:
    """BIDS ``…_events.tsv``, else SzCORE ``<stem>.tsv``, and CHB-MIT ``<name>.seizures``.

    Raises RecordingRefused ``events`` where both kinds of TSV lie beside one recording.
    """
    stem = edf_path.stem
    for suffix in ("_eeg", "_ieeg"):
        stem = stem.removesuffix(suffix)
    candidates = dict.fromkeys((f"{stem}_events.tsv", f"{edf_path.stem}.tsv"))
    tables = [path for name in candidates if (path := edf_path.with_name(name)).exists()]
    if len(tables) > 1:
        reason = "two TSV files of events beside the recording: leave the one that is right"
        raise RecordingRefused("events", reason)
    seizures = edf_path.with_name(edf_path.name + ".seizures")
    return Sidecars(tables[0] if tables else None, seizures if seizures.exists() else None)


def read_events(header: EdfHeader, settings: EventSettings | None = None) -> EventsFound:
    """All events of one recording; see the module for what wins over what.

    Raises RecordingRefused ``events`` for a label file that is malformed.
    """
    settings = settings or EventSettings()
    sidecars = find_sidecars(header.path)
    inside = EventsFound(())
    if "edf" in settings.sources:
        scan = scan_annotations(header)
        inside = events_from_annotations(scan.annotations, settings.markers, scan.n_unreadable)
    for source in settings.sources:
        if source == "tsv" and sidecars.tsv:
            return _beside(read_events_tsv(sidecars.tsv, settings), inside, settings.markers)
        if source == "seizures" and sidecars.seizures:
            events = read_seizures(sidecars.seizures)
            return _beside(EventsFound(events, source="seizures"), inside, settings.markers)
        if source == "edf" and inside.source:
            return inside
    return inside


def events_from_annotations(
    annotations: Sequence[Annotation], markers: tuple[str, ...] = (), n_unreadable: int = 0
) -> EventsFound:
    """Annotations whose text is an event type, a marker, or the start or end of a seizure.

    A seizure needs a duration, or a start with the end that follows it; else it is counted as
    unresolved. Markers without one get 0 s, other types without one are dropped.
    """
    events: list[Event] = []
    dropped = unresolved = 0
    open_since: float | None = None
    for note in annotations:
        kind = event_type(note.text, markers)
        edge = seizure_edge(note.text)
        if kind and (note.duration_s or kind in markers):
            events.append(Event(note.onset_s, note.duration_s or 0.0, kind, source="edf"))
        elif edge == "start":
            unresolved += open_since is not None
            open_since = note.onset_s
        elif edge == "end" and open_since is not None:
            events.append(Event(open_since, note.onset_s - open_since, "sz", source="edf"))
            open_since = None
        elif edge or (is_seizure(kind) if kind else mentions_seizure(note.text)):
            unresolved += 1
        else:
            dropped += 1
    unresolved += open_since is not None
    source = "edf" if any(event.type not in markers for event in events) or unresolved else ""
    return EventsFound(in_order(events), dropped, unresolved, n_unreadable, source)


def _beside(found: EventsFound, inside: EventsFound, markers: tuple[str, ...]) -> EventsFound:
    """A sidecar's events with the recording's own markers, if the sidecar has none."""
    has_markers = any(event.type in markers for event in found.events)
    own = () if has_markers else tuple(e for e in inside.events if e.type in markers)
    events = in_order([*found.events, *own])
    return EventsFound(events, found.n_dropped, found.n_unresolved, 0, found.source)

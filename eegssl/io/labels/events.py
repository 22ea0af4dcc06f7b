"""Read a recording's events in one form, whatever file has them.

Kinds of sources in order of trust (``events.sources``, see `SOURCES`); the first one that a
recording has says alone where the seizures and the background are, so that none is counted twice.
Where two that list seizures contradict each other, one is wrong, and the recording is refused.
Markers (``events.markers``), findings and sleep stages that the recording's own annotations or a
hypnogram give are kept beside it. A file that is there and malformed refuses the recording:
falling back to the next source would be a guess. Only below a source that was read is it passed
over, since it is not needed then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings, EventSource
from eegssl.io.formats.recordings import recording_annotations
from eegssl.io.labels.chbmit_summary import read_summary
from eegssl.io.labels.event_types import (
    EVENT_TYPES,
    EXTRA_TYPES,
    Event,
    EventsFound,
    event_type,
    in_order,
    is_seizure,
    mentions_seizure,
    original_of,
    seizure_edge,
)
from eegssl.io.labels.events_tsv import read_events_tsv
from eegssl.io.labels.helsinki import read_helsinki
from eegssl.io.labels.hypnogram import read_hypnogram
from eegssl.io.labels.own_words import translated
from eegssl.io.labels.seizeit import read_seizeit
from eegssl.io.labels.seizures_file import read_seizures
from eegssl.io.labels.sheets.sheet_events import sheet_events
from eegssl.io.labels.sheets.sheet_files import Listed
from eegssl.io.labels.sheets.sheet_table import read_sheet
from eegssl.io.labels.sidecars import find_sidecars, helsinki_number
from eegssl.io.labels.siena_list import read_siena
from eegssl.io.labels.tuh_labels import read_tuh
from eegssl.io.recording_header import Annotation, RecordingHeader
from eegssl.io.spans import Span, agree

_AGREE_S = 2.0  # ours: edges of one seizure may differ by this much between two sources
# Files that list all seizures of a recording, so that an empty one says that it has none.
_LISTS = ("seizures", "summary", "siena", "helsinki", "seizeit1")


def read_events(
    header: RecordingHeader,
    settings: EventSettings | None = None,
    root: Path | None = None,
    own_rows: Listed | None = None,
) -> EventsFound:
    """All events of one recording; see the module for what wins over what.

    ``root`` is the folder up to which files of labels above the recording are sought, ``own_rows``
    are its rows of a sheet for many recordings. Raises RecordingRefused ``events`` for a label file
    that is malformed, or two that contradict.
    """
    settings = settings or EventSettings()
    sidecars = find_sidecars(header.path, root, settings.own_columns)
    scan = recording_annotations(header)
    inside = EventsFound(())
    if "edf" in settings.sources:
        inside = events_from_annotations(
            scan.annotations, settings.markers, scan.n_unreadable, settings.words
        )
    trusted: EventsFound | None = None
    stages = EventsFound(())
    untyped = 0
    if own_rows is not None:
        trusted = sheet_events(own_rows.sheet, header, settings)
    for source in settings.sources:
        paths = sidecars.get(source, [])
        if source == "edf":
            trusted = trusted or (inside if inside.source else None)
        elif source == "hypnogram" and paths:
            stages = read_hypnogram(paths[0], header)
        elif paths:
            listed = _trusted(trusted, source, paths, header, settings)
            untyped += listed.n_untyped if listed is not trusted else 0
            trusted = trusted if listed.n_untyped else listed
    listed = trusted or (stages if stages.source else inside)
    # Beside a source stand the events that speak of no seizure, and the recording's own markers if
    # the source has none.
    has_markers = any(event.type in settings.markers for event in listed.events)
    kinds = EXTRA_TYPES if has_markers else (*EXTRA_TYPES, *settings.markers)
    own = [event for event in inside.events if event.type in kinds and listed is not inside]
    asleep = () if listed is stages else stages.events
    events = in_order([*listed.events, *own, *asleep])
    return replace(
        listed,
        events=events,
        n_untyped=untyped,
        n_commas=scan.n_commas,
        annotations=scan.annotations,
    )


def _trusted(
    trusted: EventsFound | None,
    source: EventSource,
    paths: Sequence[Path],
    header: RecordingHeader,
    settings: EventSettings,
) -> EventsFound:
    """The events trusted so far, if they agree with one more source; else that source's."""
    try:
        events = _read(source, paths, header, settings)
    except RecordingRefused:
        if trusted is None:
            raise
        return trusted
    if trusted is None:
        return events
    one, other = _seizures_said(trusted), _seizures_said(events)
    if one is not None and other is not None and not agree(one, other, _AGREE_S):
        kinds = f"{trusted.source} and {events.source}"
        what = f"{len(one)} seizures by the first, {len(other)} by the second"
        reason = (
            f"the label files of kinds {kinds} contradict each other by more than {_AGREE_S:g} s "
            f"({what}): delete or correct the wrong one, or set events.sources"
        )
        raise RecordingRefused("events", reason)
    return trusted


def _read(
    source: EventSource, paths: Sequence[Path], header: RecordingHeader, settings: EventSettings
) -> EventsFound:
    """Read the files of one source."""
    match source:
        case "sheet":
            return sheet_events(read_sheet(paths[0], settings), header, settings)
        case "tsv":
            return read_events_tsv(paths[0], settings, header)
        case "tuh":
            return read_tuh(paths, header.span_s)
        case "seizures":
            return EventsFound(read_seizures(paths[0]), source=source)
        case "summary":
            return read_summary(paths[0], header.path.name)
        case "siena":
            return read_siena(paths[0], header)
        case "helsinki":
            number = helsinki_number(header.path) or 0
            return read_helsinki(paths, number, settings.experts, header.span_s)
        case "seizeit1":
            return read_seizeit(paths[0])
    raise ValueError(f"{source} is no kind of label file")


def _seizures_said(listed: EventsFound) -> list[Span] | None:
    """Spans of the seizures that a source lists; None where it says nothing certain of them.

    Remarks inside a recording need not be complete, so they contradict nothing.
    """
    if listed.source == "edf":
        return None
    says = listed.source in _LISTS or any(event.type in EVENT_TYPES for event in listed.events)
    if not says or listed.n_unresolved:
        return None
    seizures = [event for event in listed.events if is_seizure(event.type)]
    return [(event.onset_s, event.onset_s + event.duration_s) for event in seizures]


def _text_and_channel(text: str) -> tuple[str, tuple[str, ...]]:
    """The text of an annotation, and the label behind ``@@`` where it names one."""
    words, mark, label = text.rpartition("@@")
    channel = (label.strip(),) if label.strip() else ()
    return (words.strip(), channel) if mark and words.strip() else (text, ())


def events_from_annotations(
    annotations: Sequence[Annotation],
    markers: tuple[str, ...] = (),
    n_unreadable: int = 0,
    words: Mapping[str, str] = MappingProxyType({}),
) -> EventsFound:
    """Annotations whose text is an event type, a marker, or the start or end of a seizure.

    A seizure needs a duration, or a start with the end that follows it; else it is counted as
    unresolved. Markers without one get 0 s, other types without one are dropped. ``text@@label``
    is an event of the channel of that label (EDF+, standard texts 3.3); its start ends there too.
    ``words`` say what the user's own texts mean.
    """
    events: list[Event] = []
    dropped = unresolved = 0
    open_since: dict[tuple[str, ...], float] = {}
    for note in annotations:
        written, channel = _text_and_channel(note.text)
        channels = channel or note.channels
        text = translated(written, words)
        kind = event_type(text, markers)
        edge = seizure_edge(text)
        if kind and (note.duration_s or kind in markers):
            original = original_of(text, kind) if text == written else ""
            duration_s = note.duration_s or 0.0
            events.append(Event(note.onset_s, duration_s, kind, channels, None, "edf", original))
        elif edge == "start":
            unresolved += channels in open_since
            open_since[channels] = note.onset_s
        elif edge == "end" and channels in open_since:
            onset_s = open_since.pop(channels)
            events.append(Event(onset_s, note.onset_s - onset_s, "sz", channels, source="edf"))
        elif edge or (is_seizure(kind) if kind else mentions_seizure(text)):
            unresolved += 1
        else:
            dropped += 1
    unresolved += len(open_since)
    about_seizures = any(event.type in EVENT_TYPES for event in events) or unresolved
    source = "edf" if about_seizures else ""
    return EventsFound(in_order(events), dropped, unresolved, n_unreadable, source)

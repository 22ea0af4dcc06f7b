"""Read the labels of files that a model has read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eegssl.artifacts.manifest import MANIFEST
from eegssl.corpus.config import Limits
from eegssl.corpus.preprocessing.channel_selection import Choice
from eegssl.corpus.preprocessing.ingest import EventsBySegment
from eegssl.corpus.preprocessing.opened_file import ScannedFile
from eegssl.corpus.preprocessing.recording_tables import Tables
from eegssl.corpus.preprocessing.source_files import Naming, Source, find_sources
from eegssl.corpus.processes.workers import Failure, each
from eegssl.corpus.store import open_corpus
from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.formats.recordings import read_recording_header
from eegssl.io.labels.event_types import Event, EventsFound
from eegssl.io.labels.events import read_events
from eegssl.io.recording_header import RecordingHeader


@dataclass(frozen=True)
class Labels:
    """Events of one recording, timed from its first sample.

    ``listed``: whether somebody looked for seizures in it, so that none means none.
    """

    events: tuple[Event, ...]
    listed: bool


@dataclass(frozen=True)
class LabelsOfFiles:
    """Labels by id of a recording, and files whose labels could not be read, by id, with why."""

    of: Mapping[str, Labels]
    refused: Mapping[str, str]


def read_labels(
    folder: Path, durations_s: Mapping[str, float], naming: Naming, jobs: int
) -> LabelsOfFiles:
    """The labels of recordings (id -> length in seconds) in a folder.

    It holds the files themselves with their labels in or beside them, or is what ``preprocess``
    made of them. Recordings that it does not hold have none.
    """
    if (folder / MANIFEST).is_file():
        recordings = open_corpus([folder]).recordings
        return LabelsOfFiles({one.id: Labels(one.events, one.labelled) for one in recordings}, {})
    sources, _ = find_sources([folder], naming)
    wanted = {id_.rsplit("-", 1)[0] if id_.count("-") > 1 else id_ for id_ in durations_s}
    sources = [source for source in sources if source.id in wanted]
    events: dict[str, tuple[Event, ...]] = {}
    rows: list[dict[str, Any]] = []
    refused: dict[str, str] = {}
    for number, answer in each(_of_file, [(one,) for one in sources], jobs, Limits()):
        source = sources[number]
        if isinstance(answer, Failure | str):
            refused[source.id] = answer if isinstance(answer, str) else answer.reason
        else:
            header, labelled = answer
            inside = dict(_by_recording(source, header, labelled, durations_s))
            events |= inside
            rows += [_row(source, id_, labelled) for id_ in inside]
    every = [
        {"recording": id_, "type": event.type, "source": event.source}
        for id_, some in events.items()
        for event in some
    ]
    searched = Tables(rows, every, [], {}, "recording").searched_files
    listed = {row["recording"]: row["file"] in searched for row in rows}
    return LabelsOfFiles({id_: Labels(e, listed[id_]) for id_, e in events.items()}, refused)


def _row(source: Source, recording: str, labelled: EventsFound) -> dict[str, Any]:
    """What decides whether somebody looked for seizures, as the table of recordings has it."""
    return {
        "recording": recording,
        "file": source.id,
        "label_source": labelled.source,
        "n_annotations_dropped": labelled.n_dropped,
        "n_annotations_unresolved": labelled.n_unresolved + labelled.n_unreadable,
    }


def _of_file(source: Source) -> tuple[RecordingHeader, EventsFound] | str:
    """A file's header and its events, or why they can't be read."""
    try:
        header = read_recording_header(source.path, source.root)
        return header, read_events(header, EventSettings(), source.root, source.own_rows)
    except RecordingRefused as refusal:
        return refusal.reason


def _by_recording(
    source: Source, header: RecordingHeader, events: EventsFound, durations_s: Mapping[str, float]
) -> Iterator[tuple[str, tuple[Event, ...]]]:
    """The events of each stretch between gaps, by its id."""
    marks = EventsBySegment(ScannedFile(header, Choice(), events, None, ()))
    several = len(header.segments) > 1
    for number, segment in enumerate(header.segments, start=1):
        id_ = f"{source.id}-{number}" if several else source.id
        if id_ in durations_s:
            yield id_, tuple(marks.events(segment, durations_s[id_]))

"""Read the labels of files that a model has read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from eegssl.artifacts.manifest import MANIFEST
from eegssl.corpus.config import Limits
from eegssl.corpus.preprocessing.channel_selection import Choice
from eegssl.corpus.preprocessing.ingest import EventsBySegment
from eegssl.corpus.preprocessing.opened_file import ScannedFile
from eegssl.corpus.preprocessing.source_files import Naming, Source, find_sources
from eegssl.corpus.preprocessing.workers import Failure, each
from eegssl.corpus.store import open_corpus
from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.formats.recordings import read_recording_header
from eegssl.io.labels.event_types import Event, EventsFound
from eegssl.io.labels.events import read_events
from eegssl.io.recording_header import RecordingHeader

_NO_SEIZURE_LIST = ("", "hypnogram")
"""Sources that do not say, by naming no seizure, that there is none."""


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
    of: dict[str, Labels] = {}
    refused: dict[str, str] = {}
    for number, answer in each(_of_file, [(one,) for one in sources], jobs, Limits()):
        source = sources[number]
        if isinstance(answer, Failure | str):
            refused[source.id] = answer if isinstance(answer, str) else answer.reason
        else:
            header, events = answer
            of |= dict(_by_recording(source, header, events, durations_s))
    return LabelsOfFiles(of, refused)


def _of_file(source: Source) -> tuple[RecordingHeader, EventsFound] | str:
    """A file's header and its events, or why they can't be read."""
    try:
        header = read_recording_header(source.path, source.root)
        return header, read_events(header, EventSettings(), source.root, source.own_rows)
    except RecordingRefused as refusal:
        return refusal.reason


def _by_recording(
    source: Source,
    header: RecordingHeader,
    events: EventsFound,
    durations_s: Mapping[str, float],
) -> Iterator[tuple[str, Labels]]:
    marks = EventsBySegment(ScannedFile(header, Choice(), events, None, ()))
    unclear = events.n_dropped + events.n_unresolved + events.n_unreadable
    listed = events.source not in _NO_SEIZURE_LIST and not unclear
    several = len(header.segments) > 1
    for number, segment in enumerate(header.segments, start=1):
        id_ = f"{source.id}-{number}" if several else source.id
        if id_ in durations_s:
            yield id_, Labels(tuple(marks.events(segment, durations_s[id_])), listed)

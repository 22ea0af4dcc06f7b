"""Open a file and keep what its scan reads for cleaning."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eegssl.corpus.channels.overrides import NO_RULES, ChannelRules, overrides_of
from eegssl.corpus.config import LookConfig
from eegssl.corpus.preprocessing.channel_selection import Choice, Selection, select
from eegssl.corpus.preprocessing.cleaning import CleaningSettings, require_usable
from eegssl.corpus.preprocessing.source_files import Source
from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings, ReadSettings, SubjectSettings
from eegssl.io.file_bytes import open_bytes
from eegssl.io.formats.recordings import (
    read_recording_header,
    recording_parts,
    require_same_size_and_time,
)
from eegssl.io.labels.event_types import EventsFound
from eegssl.io.labels.events import read_events
from eegssl.io.recording_header import RecordingHeader


@dataclass(frozen=True)
class IngestSettings:
    """Settings by which a file becomes recordings."""

    cleaning: CleaningSettings
    read: ReadSettings
    subjects: SubjectSettings
    events: EventSettings
    look: LookConfig
    keep_text: bool
    channels: ChannelRules = NO_RULES


@dataclass(frozen=True)
class ScannedFile:
    """Result of scanning a file, so that nothing but samples is read again.

    ``choice`` decides its channels. ``line_hz`` is the mains frequency that stands out, ``hashes``
    are those of the files that it is made of. Annotations are among the events only where their
    text is kept.
    """

    header: RecordingHeader
    choice: Choice
    events: EventsFound
    line_hz: float | None
    hashes: tuple[str, ...]


def require_unchanged(source: Source, scanned: ScannedFile) -> None:
    """Raise RecordingRefused unless the file still is the one that was scanned, byte for byte."""
    require_same_size_and_time(scanned.header)
    parts = recording_parts(source.path, source.root)
    try:
        hashes = tuple(open_bytes(path).hash_now() for path in parts)
    except OSError as error:
        raise RecordingRefused("unreadable", f"can't be read again: {error.strerror}") from error
    if hashes != scanned.hashes:
        reason = (
            "the file has other bytes than when it was looked at, with its time kept: run again"
        )
        raise RecordingRefused("unreadable", reason)


def open_header(source: Source, settings: IngestSettings) -> tuple[RecordingHeader, Choice]:
    """Read the header, and what decides the channels; raises RecordingRefused."""
    read = settings.read
    header = read_recording_header(source.path, source.root, decimal_comma=read.decimal_comma)
    choice = Choice(
        overrides_of(header, source.relative, settings.channels),
        read.assumed_unit,
        settings.cleaning.filter,
        settings.channels.channels.least,
    )
    return header, choice


def open_file(
    header: RecordingHeader, choice: Choice, source: Source, settings: IngestSettings
) -> tuple[Selection, EventsFound]:
    """Read all but the samples.

    Raises RecordingRefused, also where no segment is long enough to be filtered.
    """
    selection = select(header, choice)
    events = read_events(header, settings.events, source.root, source.own_rows)
    _require_a_segment(header, selection, settings)
    if not settings.keep_text:
        events = replace(events, annotations=())
    return selection, events


def _require_a_segment(
    header: RecordingHeader, selection: Selection, settings: IngestSettings
) -> None:
    refusals = []
    for segment in header.segments:
        try:
            require_usable(segment, selection.eeg, settings.cleaning.filter)
            return
        except RecordingRefused as refusal:
            refusals.append((refusal.code, refusal.reason))
    raise RecordingRefused(*none_usable(refusals))


def none_usable(refusals: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Code and reason of a file all segments of which were refused, by theirs."""
    code, reason = refusals[0]
    if len(refusals) > 1:
        n = len(refusals)
        reason = f"none of {n} segments between its gaps can be used; the first: {reason}"
    return code, reason

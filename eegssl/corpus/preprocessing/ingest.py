"""One EDF or BDF file to clean recordings on disk, one a segment, or to a reason why not."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from eegssl.corpus.config import LookConfig
from eegssl.corpus.preprocessing.channel_selection import Selection, sample_windows, select
from eegssl.corpus.preprocessing.cleaning import CleaningSettings, clean_segment, require_usable
from eegssl.corpus.preprocessing.clips import Excerpt, cut_excerpt, write_excerpt
from eegssl.corpus.preprocessing.source_files import Source
from eegssl.corpus.signals import map_signal
from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings, ReadSettings, SubjectSettings
from eegssl.io.edf.layout import Segment
from eegssl.io.edf.samples import EdfHeader, read_header
from eegssl.io.labels.event_types import Event, EventsFound, is_seizure
from eegssl.io.labels.events import read_events
from eegssl.signal.channels.electrodes import parse_channel
from eegssl.signal.filtering.mains import detect_line_in_windows
from eegssl.signal.waveform import sketch

SIGNALS = "signals"
Row = dict[str, Any]


@dataclass(frozen=True)
class IngestSettings:
    """What decides how a file becomes recordings."""

    cleaning: CleaningSettings
    read: ReadSettings
    subjects: SubjectSettings
    events: EventSettings
    look: LookConfig
    keep_text: bool


@dataclass(frozen=True)
class Opened:
    """A file whose header, channels and labels could be read."""

    header: EdfHeader
    selection: Selection
    events: EventsFound


def open_file(source: Source, settings: IngestSettings) -> Opened:
    """Read all but the samples. Raises RecordingRefused."""
    header = read_header(source.path)
    selection = select(header, settings.read.assumed_unit)
    return Opened(header, selection, read_events(header, settings.events, source.root))


def require_a_segment(opened: Opened, settings: IngestSettings) -> None:
    """Raise RecordingRefused where no segment of a file is long enough to be filtered."""
    lost = []
    for segment in opened.header.segments:
        try:
            signals, config = opened.selection.eeg, settings.cleaning.filter
            require_usable(opened.header, segment, signals, config)
            return
        except RecordingRefused as refusal:
            lost.append(refusal)
    raise RecordingRefused(*_why_nothing([("", r.code, r.reason) for r in lost]))


def ingest(
    source: Source, subject_id: str, settings: IngestSettings, out: Path, excerpt: Path | None
) -> Row:
    """Read, clean and store the recordings of one file below ``out``; returns what tables say.

    ``file`` is the file's id; ``refused`` holds code and reason if nothing of it can be used.
    Else ``kept`` has the fields of each recording, ``events`` and ``texts`` their events and
    annotations, ``lost`` the segments that can't be used. ``excerpt`` is a file to write for the
    pages, or None.
    """
    try:
        opened = open_file(source, settings)
        line_hz = _line_hz(opened, settings)
    except RecordingRefused as refusal:
        return {"file": source.id, "refused": [refusal.code, refusal.reason]}
    row: Row = {"file": source.id, "kept": [], "events": [], "texts": [], "lost": []}
    several = len(opened.header.segments) > 1
    for number, segment in enumerate(opened.header.segments, start=1):
        id_ = f"{source.id}-{number}" if several else source.id
        path = out / f"{SIGNALS}/{id_}.safetensors"
        try:
            fields = clean_segment(
                opened.header, segment, opened.selection, settings.cleaning, line_hz, path
            )
        except RecordingRefused as refusal:
            row["lost"].append([id_, refusal.code, refusal.reason])
            continue
        fields |= {"recording": id_, "subject": subject_id, "file": source.id}
        fields["sketch"] = _sketch(path, fields)
        inside = list(_inside(opened.events.events, segment, fields["duration_s"]))
        row["kept"].append(fields | {"file_onset_s": segment.onset_s})
        row["events"] += [{"recording": id_} | asdict(event) for event in inside]
        if settings.keep_text:
            row["texts"] += _texts(opened.events, id_, segment, fields["duration_s"])
        if excerpt is not None and len(row["kept"]) == 1:
            write_excerpt(excerpt, _cut(opened, segment, row["kept"][0], inside, path, settings))
    if not row["kept"]:
        return {"file": source.id, "refused": _why_nothing(row["lost"])}
    of_file = _of_file(opened, row["kept"])
    row["kept"] = [fields | of_file for fields in row["kept"]]
    return row


def _sketch(path: Path, fields: Row) -> list[int]:
    """The sketch of the waveform as it was stored."""
    stored = map_signal(path)
    hashes = sketch(stored.data, stored.scale_uv, fields["channels"], fields["sfreq_hz"])
    return [int(value) for value in hashes]


def _cut(
    opened: Opened,
    segment: Segment,
    fields: Row,
    inside: Sequence[Event],
    path: Path,
    settings: IngestSettings,
) -> Excerpt:
    header, selection = opened.header, opened.selection
    quality = settings.cleaning.quality
    return cut_excerpt(header, selection, segment, fields, inside, path, settings.look, quality)


def _line_hz(opened: Opened, settings: IngestSettings) -> float | None:
    """The mains frequency to remove: as set, or as seen in this file."""
    notch = settings.cleaning.filter.notch
    if notch == "off":
        return None
    if notch in ("50", "60"):
        return float(notch)
    return detect_line_in_windows(*sample_windows(opened.header, opened.selection.eeg))


def _inside(events: Sequence[Event], segment: Segment, duration_s: float) -> Iterator[Event]:
    """Events cut to a segment, timed from its first sample, with names of EEG channels only.

    Those outside it, or that last no time and are no marker, are left out.
    """
    for event in events:
        begin_s = event.onset_s - segment.onset_s
        onset_s, end_s = max(0.0, begin_s), min(duration_s, begin_s + event.duration_s)
        marker = event.duration_s == 0 and not is_seizure(event.type)
        if end_s > onset_s or (marker and 0 <= begin_s < duration_s):
            named = [parse_channel(label) for label in event.channels]
            yield replace(
                event,
                onset_s=onset_s,
                duration_s=max(0.0, end_s - onset_s),
                channels=tuple(channel.name for channel in named if channel.kind == "eeg"),
            )


def _texts(found: EventsFound, id_: str, segment: Segment, duration_s: float) -> Iterator[Row]:
    """All annotations of a segment as they were typed, for ``keep_text``."""
    for note in found.annotations:
        onset_s = note.onset_s - segment.onset_s
        if 0 <= onset_s < duration_s:
            yield {
                "recording": id_,
                "onset_s": onset_s,
                "duration_s": note.duration_s,
                "text": note.text,
            }


def _of_file(opened: Opened, kept: Sequence[Row]) -> Row:
    """What holds for all recordings of a file."""
    found = opened.events
    spans = [(f["file_onset_s"], f["file_onset_s"] + f["duration_s"]) for f in kept]
    outside = [event for event in found.events if not _touches(event, spans)]
    return {
        "notes": list(opened.header.notes),
        "n_annotations_dropped": found.n_dropped,
        "n_annotations_unresolved": found.n_unresolved + found.n_unreadable,
        "n_events_outside": len(outside),
    }


def _touches(event: Event, spans: Sequence[tuple[float, float]]) -> bool:
    """Whether an event overlaps a kept stretch of its file (a marker: lies in it)."""
    end_s = event.onset_s + event.duration_s
    marker = event.duration_s == 0 and not is_seizure(event.type)
    return any(
        min(end_s, stop_s) > max(event.onset_s, start_s)
        or (marker and start_s <= event.onset_s < stop_s)
        for start_s, stop_s in spans
    )


def _why_nothing(lost: Sequence[Sequence[str]]) -> list[str]:
    """Code and reason of a file all segments of which were refused."""
    _, code, reason = lost[0]
    if len(lost) == 1:
        return [code, reason]
    return [code, f"none of {len(lost)} segments between its gaps can be used; the first: {reason}"]

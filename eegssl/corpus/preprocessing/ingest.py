"""Make clean recordings of one file, one a segment."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from eegssl.corpus.preprocessing.channel_selection import Selection, read_channels, select
from eegssl.corpus.preprocessing.cleaning import SegmentCleaner, Viewer
from eegssl.corpus.preprocessing.clips import ClipCutter, write_clip
from eegssl.corpus.preprocessing.opened_file import (
    IngestSettings,
    ScannedFile,
    none_usable,
    require_unchanged,
)
from eegssl.corpus.preprocessing.source_files import Source
from eegssl.corpus.signals import SignalFile
from eegssl.errors import RecordingRefused
from eegssl.io.formats.recordings import format_name
from eegssl.io.labels.event_types import Event, is_seizure
from eegssl.io.recording_header import Segment
from eegssl.io.spans import Span, Sweep, touches_any
from eegssl.signal.channels.electrodes import Channel, parse_channel, plain_label
from eegssl.signal.waveform import sketch

SIGNALS = "signals"
Row = dict[str, Any]
_ROUNDING_S = 1e-6


def ingest(
    source: Source,
    scanned: ScannedFile,
    subject_id: str,
    settings: IngestSettings,
    out: Path,
    clip: Path | None,
) -> Row:
    """Read, clean and store the recordings of one file below ``out``; returns what tables say.

    ``file`` is the file's id; ``refused`` holds code and reason if nothing of it can be used.
    Else ``kept`` has the fields of each recording, ``events`` and ``texts`` their events and
    annotations, ``lost`` the segments that can't be used. ``clip`` is a file to write for the
    quality pages, or None.
    """
    header = scanned.header
    try:
        selection = select(header, scanned.choice)
    except RecordingRefused as refusal:  # it has changed since it was scanned
        return {"file": source.id, "refused": [refusal.code, refusal.reason]}
    row: Row = {"file": source.id, "kept": [], "events": [], "texts": [], "lost": []}
    marks = EventsBySegment(scanned)
    for id_, segment in _segments(source.id, scanned):
        ids = {"recording": id_, "subject": subject_id, "file": source.id}
        path = clip if clip is not None and not row["kept"] else None
        try:
            fields, inside = _store(scanned, selection, segment, marks, ids, settings, out, path)
        except RecordingRefused as refusal:
            row["lost"].append([id_, refusal.code, refusal.reason])
            continue
        row["kept"].append(fields)
        row["events"] += _as_rows(id_, inside)
        if settings.keep_text:
            row["texts"] += marks.texts(id_, segment, fields["duration_s"])
    try:
        require_unchanged(source, scanned)
    except RecordingRefused as refusal:
        return {"file": source.id, "refused": [refusal.code, refusal.reason]}
    if not row["kept"]:
        refusals = [(code, reason) for _, code, reason in row["lost"]]
        return {"file": source.id, "refused": list(none_usable(refusals))}
    of_file = _of_file(scanned, row["kept"])
    row["kept"] = [fields | of_file for fields in row["kept"]]
    return row


def labelled_anew(scanned: ScannedFile, row: Row, *, keep_text: bool) -> Row:
    """The row of `ingest` with events and texts of a new scan of the file: no sample is read."""
    marks = EventsBySegment(scanned)
    kept = {fields["recording"]: fields for fields in row["kept"]}
    events: list[Row] = []
    texts: list[Row] = []
    for id_, segment in _segments(row["file"], scanned):
        if id_ in kept:
            duration_s = kept[id_]["duration_s"]
            events += _as_rows(id_, marks.events(segment, duration_s))
            texts += marks.texts(id_, segment, duration_s) if keep_text else ()
    of_file = _of_file(scanned, row["kept"])
    fields = [fields | of_file for fields in row["kept"]]
    return row | {"kept": fields, "events": events, "texts": texts}


def _segments(file: str, scanned: ScannedFile) -> list[tuple[str, Segment]]:
    """The id of a recording of each segment of a file, and the segment."""
    segments = scanned.header.segments
    if len(segments) == 1:
        return [(file, segments[0])]
    return [(f"{file}-{number}", segment) for number, segment in enumerate(segments, start=1)]


def _as_rows(id_: str, events: Iterable[Event]) -> list[Row]:
    return [{"recording": id_} | asdict(event) for event in events]


def _store(
    scanned: ScannedFile,
    selection: Selection,
    segment: Segment,
    marks: "EventsBySegment",
    ids: dict[str, str],
    settings: IngestSettings,
    out: Path,
    clip: Path | None,
) -> tuple[Row, list[Event]]:
    """Clean and store one segment; returns its row of the table and its events."""
    line_hz = line_to_remove(settings.cleaning.filter.notch, scanned.line_hz)
    cleaner = SegmentCleaner(selection, segment, settings.cleaning, line_hz)
    inside = list(marks.events(segment, cleaner.duration_s))
    cutter = clip and ClipCutter(
        selection, segment, cleaner.duration_s, inside, settings.look.window_s
    )
    fields, stored = store_cleaned(cleaner, segment, ids, out, cutter.view if cutter else None)
    if clip and cutter:
        write_clip(clip, cutter.cut(fields, stored))
    return fields, inside


def store_cleaned(
    cleaner: SegmentCleaner,
    segment: Segment,
    ids: dict[str, str],
    out: Path,
    view: Viewer | None = None,
) -> tuple[Row, SignalFile]:
    """Clean a segment and store it below ``out``; its row of the table, and its EEG on disk.

    Raises RecordingRefused ``no-eeg`` where all channels are flat.
    """
    path = out / f"{SIGNALS}/{ids['recording']}.safetensors"
    cleaned = cleaner.clean(path, view)
    fields, stored = cleaned.fields | ids, cleaned.signal
    hashes = sketch(stored, fields["channels"], fields["sfreq_hz"])
    sketched = {"sketch": [int(value) for value in hashes], "file_onset_s": segment.onset_s}
    return fields | sketched, stored


def line_to_remove(notch: str, seen_hz: float | None) -> float | None:
    """The mains frequency to remove: as set, or as seen in this file."""
    if notch == "off":
        return None
    return float(notch) if notch in ("50", "60") else seen_hz


def _renamed(scanned: ScannedFile) -> dict[str, Channel]:
    """Label of the file -> its channel, where settings or tables say another than the label."""
    header, overrides = scanned.header, scanned.choice.overrides
    if not overrides:
        return {}
    channels = zip(header.ordinary_signals, read_channels(header, scanned.choice), strict=True)
    return {plain_label(header.labels[index]): channel for index, channel in channels}


class EventsBySegment:
    """Events and annotations of a file by segment, which are asked for in the order of the file."""

    def __init__(self, scanned: ScannedFile) -> None:
        events, notes = scanned.events.events, scanned.events.annotations
        self._events = Sweep(events, lambda e: (e.onset_s, e.onset_s + e.duration_s))
        self._notes = Sweep(notes, lambda note: (note.onset_s, note.onset_s))
        self._renamed = _renamed(scanned)

    def events(self, segment: Segment, duration_s: float) -> Iterator[Event]:
        """Events cut to a segment, timed from its first sample, with names of EEG channels only.

        Those outside it, or that last no time and are no marker, are left out.
        """
        for event in self._events.touching(*_reach(segment, duration_s)):
            begin_s = event.onset_s - segment.onset_s
            onset_s, end_s = max(0.0, begin_s), min(duration_s, begin_s + event.duration_s)
            marker = event.duration_s == 0 and not is_seizure(event.type)
            if end_s > onset_s or (marker and 0 <= begin_s < duration_s):
                named = [
                    self._renamed.get(plain_label(label)) or parse_channel(label)
                    for label in event.channels
                ]
                yield replace(
                    event,
                    onset_s=onset_s,
                    duration_s=max(0.0, end_s - onset_s),
                    channels=tuple(channel.name for channel in named if channel.kind == "eeg"),
                )

    def texts(self, id_: str, segment: Segment, duration_s: float) -> Iterator[Row]:
        """All annotations of a segment as they were typed, for ``keep_text``."""
        for note in self._notes.touching(*_reach(segment, duration_s)):
            onset_s = note.onset_s - segment.onset_s
            if 0 <= onset_s < duration_s:
                yield asdict(note) | {"recording": id_, "onset_s": onset_s}


def _reach(segment: Segment, duration_s: float) -> Span:
    """A segment's time in its file, a little wider than rounding could make it."""
    return segment.onset_s - _ROUNDING_S, segment.onset_s + duration_s + _ROUNDING_S


def _of_file(scanned: ScannedFile, recordings: Sequence[Row]) -> Row:
    """Fields of the table that are the same for all recordings of a file."""
    events = scanned.events
    spans = [(f["file_onset_s"], f["file_onset_s"] + f["duration_s"]) for f in recordings]
    outside = [event for event in events.events if not _touches(event, spans)]
    return {
        "source_format": format_name(scanned.header.path),
        "notes": list(scanned.header.notes),
        "n_annotations_dropped": events.n_dropped,
        "n_annotations_unresolved": events.n_unresolved + events.n_unreadable,
        "n_events_outside": len(outside),
        "label_source": events.source,
    }


def _touches(event: Event, spans: Sequence[Span]) -> bool:
    """Whether an event overlaps a kept stretch of its file (a marker: lies in it)."""
    if event.duration_s == 0 and not is_seizure(event.type):
        place = bisect_right(spans, event.onset_s, key=lambda span: span[1])
        return place < len(spans) and spans[place][0] <= event.onset_s
    return touches_any((event.onset_s, event.onset_s + event.duration_s), spans)

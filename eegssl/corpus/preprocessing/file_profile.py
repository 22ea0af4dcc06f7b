"""Describe the files of a corpus, and join them to its fingerprint."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from eegssl.artifacts.atomic import hash_json
from eegssl.corpus.channels.overrides import labels_by_position
from eegssl.corpus.channels.placed_labels import PlacedLabels
from eegssl.corpus.preprocessing.channel_selection import (
    Choice,
    Selection,
    read_channels,
    sample_windows,
)
from eegssl.corpus.preprocessing.opened_file import (
    IngestSettings,
    ScannedFile,
    open_file,
    open_header,
)
from eegssl.corpus.preprocessing.source_files import Source
from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.file_bytes import open_bytes
from eegssl.io.formats.recordings import format_name, recording_parts, recording_start
from eegssl.io.labels.event_types import EventsFound, is_seizure
from eegssl.io.labels.sidecars import find_sidecars
from eegssl.io.recording_header import RecordingHeader
from eegssl.io.subjects import find_by_rule
from eegssl.io.tables.channel_tables import bids_channels_file
from eegssl.io.tables.electrode_positions import position_files
from eegssl.signal.channels.channel_audit import AuditRow, Entry, audit_one, audit_rows
from eegssl.signal.channels.channel_vocabulary import shown
from eegssl.signal.channels.electrodes import begins_like_electrode
from eegssl.signal.filtering.mains import detect_line

Row = dict[str, Any]
_QUANTILES = {"least": 0.0, "median": 0.5, "most": 1.0}


def of_file(source: Source, settings: IngestSettings) -> tuple[Row, ScannedFile | None]:
    """Scan one file: its bytes, header, labels, and some of its samples.

    ``hashes`` are of all files that its recording depends on, ``stamps``, ``label_stamps`` and
    ``table_stamps`` (of tables of channels and electrodes) sizes and times of change. ``subject``
    is a name, ``start_us`` when it began by its own clock, and ``label_files`` are paths, for this
    process alone, as are ``labels``. With ``refused`` (code, reason) the rest is missing, and
    nothing is handed on.
    """
    row = of_failure(source)
    row["hashes"] = [_hash(source.path)]
    try:
        parts = recording_parts(source.path, source.root)
        row["stamps"] = list(map(stamp_of, parts))
        hashes = tuple(map(_hash, parts))
        row["hashes"] = list(hashes)
        events = settings.events
        row["label_files"] = _label_files(source, events)
        row["label_stamps"] = list(map(stamp_of, row["label_files"]))
        row["table_stamps"] = list(map(stamp_of, _channel_tables(source.path)))
        row["hashes"] += [_hash(path) for path in row["label_files"]]
        if events.columns or events.words:  # which no manifest repeats
            row["hashes"].append(hash_json([events.columns, events.words]))
        header, choice = open_header(source, settings)
        row |= _of_labels(header, choice)
        if choice.overrides:
            row["hashes"].append(hash_json([asdict(override) for override in choice.overrides]))
        selection, labels = open_file(header, choice, source, settings)
        rules = settings.subjects
        row["subject"], row["subject_rule"] = find_by_rule(
            PurePosixPath(source.relative),
            header.patient_code,
            rules.pattern,
            rules.aliases,
            rules.unknown,
        )
        row |= _facts(header, selection, labels) | _clock(header, labels)
        return row, ScannedFile(header, choice, labels, row["line_hz"], hashes)
    except RecordingRefused as refusal:
        return row | {"refused": [refusal.code, refusal.reason]}, None
    except OSError as error:
        reason = f"the file or one of its label files can't be read: {error.strerror}"
        return row | {"refused": ["unreadable", reason]}, None


def of_failure(source: Source, *refused: str) -> Row:
    """The row of a file of which nothing is known but, if given, why it was refused."""
    row: Row = {"hashes": ["unreadable"], "stamps": [stamp_of(source.path)]}
    row |= {"label_files": [], "label_stamps": [], "table_stamps": []}
    return row | ({"refused": list(refused)} if refused else {})


def stamp_of(path: Path) -> list[int]:
    """Size of a file in bytes and its last change in ns; -1 and 0 where neither can be seen."""
    try:
        status = path.stat()
    except OSError:
        return [-1, 0]
    return [status.st_size, status.st_mtime_ns]


def state_of(source: Source, events: EventSettings) -> Row:
    """The stamps and label files of `of_file` as they are now; raises RecordingRefused."""
    labels = _label_files(source, events)
    return {
        "stamps": list(map(stamp_of, recording_parts(source.path, source.root))),
        "label_files": labels,
        "label_stamps": list(map(stamp_of, labels)),
        "table_stamps": list(map(stamp_of, _channel_tables(source.path))),
    }


def hashes_of(source: Source, label_files: Sequence[Path]) -> list[str]:
    """The hashes of the parts of a recording and of its label files; raises RecordingRefused."""
    return [_hash(path) for path in (*recording_parts(source.path, source.root), *label_files)]


def of_corpus(rows: Mapping[str, Row]) -> Row:
    """Join what the scan says of each file (by id) into the fingerprint of a corpus."""
    usable = [row for row in rows.values() if "refused" not in row]
    refused = Counter(tuple(row["refused"]) for row in rows.values() if "refused" in row)
    hours = sum(row["duration_s"] for row in usable) / 3600
    events: Counter[str] = sum((Counter(row["events"]) for row in usable), Counter())
    seizure_s = sum(row["seizure_s"] for row in usable)
    return {
        "files": len(rows),
        "readable": len(usable),
        "hours": round(hours, 4),
        "duration_s": _spread([row["duration_s"] for row in usable]),
        "formats": _counted(row["format"] for row in usable),
        "discontinuous_files": sum(row["n_segments"] > 1 for row in usable),
        "sfreq_hz": _counted(rate for row in usable for rate in row["rates_hz"]),
        "n_channels": _counted(len(row["channels"]) for row in usable),
        "channels": _counted(name for row in usable for name in row["channels"]),
        "derivations": sum(row["derivations"] for row in usable),
        "references": _counted(name for row in usable for name in row["references"]),
        "auxiliary": _counted(kind for row in usable for kind in row["auxiliary"]),
        "amplitude_uv": _spread([row["amplitude_uv"] for row in usable if row["amplitude_uv"]]),
        "line_hz": _counted(row["line_hz"] for row in usable),
        "label_sources": _counted(row["label_source"] for row in usable),
        "events": dict(sorted(events.items())),
        "files_with_seizures": sum(row["seizure_s"] > 0 for row in usable),
        "seizure_s": round(seizure_s, 3),
        "seizure_share": round(seizure_s / (3600 * hours), 6) if hours else 0.0,
        "notes": _counted(note for row in usable for note in row["notes"]),
        "refused": [
            {"code": code, "reason": reason, "files": n}
            for (code, reason), n in sorted(refused.items())
        ],
    }


def channel_audit(rows: Mapping[str, Row]) -> list[AuditRow]:
    """Tabulate channel labels, what they became, and in how many files."""
    counts: Counter[Entry] = Counter()
    for row in rows.values():
        counts.update(row.get("audit", ()))
    return audit_rows(counts)


def labels_as_written(
    rows: Mapping[str, Row], *, unread: bool = False
) -> tuple[tuple[str, ...], ...]:
    """Labels as they stand in the files, what they became, kind and number of files.

    What was not read as EEG comes first, the most frequent first; with ``unread`` it comes alone.
    For a terminal alone.
    """
    counts = Counter(entry for row in rows.values() for entry in set(row.get("labels", ())))
    order = sorted(counts, key=lambda e: (e[2] == "eeg", e[2] != "other", -counts[e], e))
    return tuple(
        (_printable(label), became or "n/a", kind, str(counts[label, became, kind]))
        for label, became, kind in order
        if kind == "other" or not unread
    )


def _printable(label: str) -> str:
    """A label without signs that would steer a terminal."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in label)


def _hash(path: Path) -> str:
    """The hash of a file; a word for one that can't be read, or is a pipe."""
    try:
        return open_bytes(path).sha256
    except OSError:
        return "unreadable"


def _label_files(source: Source, events: EventSettings) -> list[Path]:
    """The files that say where events are; none where no source of labels is read."""
    if not events.sources:
        return []
    shared = [source.own_rows.path] if source.own_rows else []
    sidecars = find_sidecars(source.path, source.root, events.own_columns)
    return shared + [path for paths in sidecars.values() for path in paths]


def _channel_tables(path: Path) -> list[Path]:
    """BIDS tables that may say something of the channels."""
    channels = bids_channels_file(path)
    return ([channels] if channels else []) + position_files(path)


def _of_labels(header: RecordingHeader, choice: Choice) -> Row:
    """What became of the labels, also in a file that is then refused."""
    labels = [header.labels[i] for i in header.ordinary_signals]
    channels = read_channels(header, choice)
    pairs = zip(labels, channels, header.ordinary_signals, strict=True)
    dropped = [
        label
        for label, channel, index in pairs
        if channel.kind == "other"
        and not (choice.override(index).left_out or choice.override(index).kind)
        and begins_like_electrode(label)
    ]
    return {
        "audit": sorted(audit_one(labels, channels)),
        "labels": [
            (label, "" if channel.kind == "other" else channel.name, channel.kind)
            for label, channel in zip(labels, channels, strict=True)
        ],
        "odd_labels": [shown(label) for label in dropped],
    } | _positions(header, choice)


def _positions(header: RecordingHeader, choice: Choice) -> Row:
    """Labels that are electrodes by their position, and those whose position was not used."""
    used = [
        (header.labels[index], choice.override(index).label)
        for index in header.ordinary_signals
        if choice.override(index).by_position
    ]
    unused = PlacedLabels() if used else labels_by_position(header, choice.overrides)
    problem = unused.problem or "channels.positions=ignore leaves them"
    return {
        "by_position": [(shown(label), electrode) for label, electrode in used],
        "unread_positions": (len(unused.unread or unused.electrodes), problem),
    }


def _facts(header: RecordingHeader, selection: Selection, labels: EventsFound) -> Row:
    eeg, events = selection.eeg, labels.events
    windows_uv, rate_hz = sample_windows(selection, header.segments)
    seizures = [event for event in events if is_seizure(event.type)]
    deviation = windows_uv.std(axis=2) if len(windows_uv) else np.zeros(0)
    return {
        "format": format_name(header.path),
        "duration_s": header.duration_s,
        "n_segments": len(header.segments),
        "rates_hz": sorted({s.sfreq_hz for s in eeg}),
        "channels": [s.channel.name for s in eeg],
        "derivations": sum(len(s.channel.electrodes) == 2 for s in eeg),
        "references": sorted({s.channel.reference for s in eeg} - {""}),
        "auxiliary": [s.channel.kind for s in selection.auxiliary],
        "amplitude_uv": round(float(np.median(deviation)), 3) if deviation.size else None,
        "line_hz": detect_line(windows_uv, rate_hz),
        "label_source": labels.source or "none",
        "untyped_rows": labels.n_untyped,
        "comma_times": labels.n_commas,
        "events": Counter(event.type for event in events),
        "seizure_s": sum(event.duration_s for event in seizures),
        "notes": list(header.notes),
        "left_out": [[c.name, c.code] for c in selection.left_out],
    }


def _clock(header: RecordingHeader, labels: EventsFound) -> Row:
    """When a file began (µs, None where it does not say), its length, and onsets after its end."""
    try:
        start = recording_start(header) + timedelta(seconds=header.start_offset_s)
        start_us = (start.replace(tzinfo=None) - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    except RecordingRefused:
        start_us = None
    late_s = [event.onset_s for event in labels.events if event.onset_s >= header.span_s]
    return {"start_us": start_us, "span_s": header.span_s, "late_s": late_s}


def _counted(values: Any) -> dict[str, int]:
    """Count each value by its text, the most frequent first."""
    counts = Counter(f"{v:g}" if isinstance(v, float) else str(v) for v in values)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _spread(values: Sequence[float]) -> dict[str, float]:
    return (
        {name: round(float(np.quantile(values, q)), 3) for name, q in _QUANTILES.items()}
        if values
        else {}
    )

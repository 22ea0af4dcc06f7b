"""What a corpus is like before anything is made of it: file by file, and as a whole."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from eegssl.artifacts.atomic import hash_file
from eegssl.corpus.preprocessing.channel_selection import sample_windows
from eegssl.corpus.preprocessing.ingest import IngestSettings, Opened, open_file, require_a_segment
from eegssl.corpus.preprocessing.source_files import Source
from eegssl.errors import RecordingRefused
from eegssl.io.labels.event_types import is_seizure
from eegssl.io.labels.events import find_sidecars
from eegssl.io.subjects import find_subject
from eegssl.signal.channels.channel_audit import AuditRow, Entry, audit_one, audit_rows
from eegssl.signal.filtering.mains import detect_line_in_windows

Row = dict[str, Any]
_QUANTILES = {"least": 0.0, "median": 0.5, "most": 1.0}


def of_file(source: Source, settings: IngestSettings) -> Row:
    """Look at one file: its bytes, header, labels, and a sample of its signals.

    ``hashes`` are of all files that its recording depends on. ``subject`` is a name, for this
    process alone. With ``refused`` (code, reason) the rest is missing.
    """
    row: Row = {"hashes": [_hash(source.path)]}
    try:
        row["hashes"] += [_hash(path) for path in _label_files(source)]
        opened = open_file(source, settings)
        require_a_segment(opened, settings)
        rules = settings.subjects
        row["subject"] = find_subject(
            PurePosixPath(source.relative), opened.header.patient_code, rules.pattern, rules.aliases
        )
        return row | _facts(opened)
    except RecordingRefused as refusal:
        return row | {"refused": [refusal.code, refusal.reason]}


def of_corpus(rows: Mapping[str, Row]) -> Row:
    """Join what was seen of each file (by id) into the fingerprint of a corpus."""
    seen = [row for row in rows.values() if "refused" not in row]
    refused = Counter(tuple(row["refused"]) for row in rows.values() if "refused" in row)
    hours = sum(row["duration_s"] for row in seen) / 3600
    events: Counter[str] = sum((Counter(row["events"]) for row in seen), Counter())
    seizure_s = sum(row["seizure_s"] for row in seen)
    return {
        "files": len(rows),
        "readable": len(seen),
        "hours": round(hours, 4),
        "duration_s": _spread([row["duration_s"] for row in seen]),
        "discontinuous_files": sum(row["n_segments"] > 1 for row in seen),
        "sfreq_hz": _counted(rate for row in seen for rate in row["rates_hz"]),
        "n_channels": _counted(len(row["channels"]) for row in seen),
        "channels": _counted(name for row in seen for name in row["channels"]),
        "derivations": sum(row["derivations"] for row in seen),
        "references": _counted(name for row in seen for name in row["references"]),
        "auxiliary": _counted(kind for row in seen for kind in row["auxiliary"]),
        "amplitude_uv": _spread([row["amplitude_uv"] for row in seen if row["amplitude_uv"]]),
        "line_hz": _counted(row["line_hz"] for row in seen),
        "label_sources": _counted(row["label_source"] for row in seen),
        "events": dict(sorted(events.items())),
        "files_with_seizures": sum(row["seizure_s"] > 0 for row in seen),
        "seizure_s": round(seizure_s, 3),
        "seizure_share": round(seizure_s / (3600 * hours), 6) if hours else 0.0,
        "notes": _counted(note for row in seen for note in row["notes"]),
        "refused": [
            {"code": code, "reason": reason, "files": n}
            for (code, reason), n in sorted(refused.items())
        ],
    }


def channel_audit(rows: Mapping[str, Row]) -> list[AuditRow]:
    """What channel labels were found, what they became, and in how many files."""
    counts: Counter[Entry] = Counter()
    for row in rows.values():
        counts.update(row.get("audit", ()))
    return audit_rows(counts)


def _hash(path: Path) -> str:
    """The hash of a file; a word for one that can't be read, or is a pipe."""
    try:
        return hash_file(path) if path.is_file() else "unreadable"
    except OSError:
        return "unreadable"


def _label_files(source: Source) -> list[Path]:
    return [path for _, path in find_sidecars(source.path, source.root).files]


def _facts(opened: Opened) -> Row:
    header, eeg = opened.header, opened.selection.eeg
    windows_uv, rate_hz = sample_windows(header, eeg)
    seizures = [event for event in opened.events.events if is_seizure(event.type)]
    deviation = windows_uv.std(axis=2) if len(windows_uv) else np.zeros(0)
    return {
        "duration_s": header.duration_s,
        "n_segments": len(header.segments),
        "rates_hz": sorted({header.sfreq_hz(s.index) for s in eeg}),
        "channels": [s.channel.name for s in eeg],
        "derivations": sum(len(s.channel.electrodes) == 2 for s in eeg),
        "references": sorted({s.channel.reference for s in eeg} - {""}),
        "auxiliary": [s.channel.kind for s in opened.selection.auxiliary],
        "amplitude_uv": round(float(np.median(deviation)), 3) if deviation.size else None,
        "line_hz": detect_line_in_windows(windows_uv, rate_hz),
        "label_source": opened.events.source or "none",
        "events": Counter(event.type for event in opened.events.events),
        "seizure_s": sum(event.duration_s for event in seizures),
        "notes": list(header.notes),
        "audit": list(audit_one([header.labels[i] for i in header.ordinary_signals])),
    }


def _counted(values: Any) -> dict[str, int]:
    """How often each value occurs, by its text, the most frequent first."""
    counts = Counter(f"{v:g}" if isinstance(v, float) else str(v) for v in values)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _spread(values: Sequence[float]) -> dict[str, float]:
    return (
        {name: round(float(np.quantile(values, q)), 3) for name, q in _QUANTILES.items()}
        if values
        else {}
    )

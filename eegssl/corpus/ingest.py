"""One EDF or BDF file to one clean recording on disk, or to a reason why not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.signals import write_signal
from eegssl.errors import RecordingRefused
from eegssl.files import atomic_path, hash_file
from eegssl.io.config import EventSettings, ReadSettings, SubjectSettings
from eegssl.io.edf import EdfHeader, iter_signals, read_header, read_signals
from eegssl.io.event_types import Event, is_seizure
from eegssl.io.events import read_events
from eegssl.io.subjects import find_subject
from eegssl.signal.config import FilterConfig
from eegssl.signal.derivations import redundant_derivations
from eegssl.signal.electrodes import Channel, parse_channel, parse_channels
from eegssl.signal.filters import clean
from eegssl.signal.mains import detect_line_frequency
from eegssl.signal.quality import channel_quality

_LINE_CHANNELS = 8  # enough to see the mains, and bounded in memory


@dataclass(frozen=True)
class Source:
    """A file to read: where it is, its path below the EDF folder, and its hashed id."""

    path: Path
    relative: str
    id: str


@dataclass(frozen=True)
class IngestSettings:
    """What decides how a file becomes a recording."""

    filter: FilterConfig
    read: ReadSettings
    subjects: SubjectSettings
    events: EventSettings


def subject_of(source: Source, settings: IngestSettings) -> str:
    """The name of the subject of a file whose header can be read.

    Raises RecordingRefused when the header is damaged or no rule finds the subject.
    """
    header = read_header(source.path)
    subjects = settings.subjects
    return find_subject(
        PurePosixPath(source.relative), header.patient_code, subjects.pattern, subjects.aliases
    )


def ingest(source: Source, subject_id: str, settings: IngestSettings, out: Path) -> dict[str, Any]:
    """Read, clean and store one recording below ``out``; returns its row of the tables.

    A row has ``recording``, ``refused`` (code and reason) or ``fields`` and ``events``.
    """
    try:
        header = read_header(source.path)
        fields, events = _clean_and_store(header, source, settings, out)
    except RecordingRefused as refusal:
        return {"recording": source.id, "refused": [refusal.code, refusal.reason]}
    return {
        "recording": source.id,
        "fields": {"recording": source.id, "subject": subject_id} | fields,
        "events": [asdict(event) for event in events],
    }


def _clean_and_store(
    header: EdfHeader, source: Source, settings: IngestSettings, out: Path
) -> tuple[dict[str, Any], Sequence[Event]]:
    indices, channels, doubled = _eeg_channels(header)
    flat, broken, saturated = _quality(header, indices, settings)
    kept = [k for k in range(len(indices)) if k not in flat and k not in broken]
    if not kept:
        raise RecordingRefused("no-eeg", f"all {len(indices)} EEG channels are flat or not finite")
    found = read_events(header, settings.events)
    line_hz = _line_hz(header, [indices[k] for k in kept], settings)
    signal_uv, band_hz, sfreq_hz = _clean(header, [indices[k] for k in kept], line_hz, settings)
    name = f"signals/{source.id}.safetensors"
    with atomic_path(out / name) as path:
        write_signal(path, signal_uv)
    others = [i for i in header.ordinary_signals if i not in indices]
    fields = {
        "channels": [channels[k].name for k in kept],
        "n_samples": signal_uv.shape[1],
        "sfreq_hz": settings.filter.sfreq_hz,
        "duration_s": signal_uv.shape[1] / settings.filter.sfreq_hz,
        "source_sfreq_hz": sfreq_hz,
        "band_low_hz": band_hz[0],
        "band_high_hz": band_hz[1],
        "line_hz": line_hz,
        "reference": Counter(channels[k].reference for k in kept).most_common(1)[0][0],
        "doubled": doubled,
        "flat": [channels[k].name for k in flat],
        "not_finite": [channels[k].name for k in broken],
        "saturated": [channels[k].name for k in saturated if k in kept],
        "n_other_channels": len(others) - len(doubled),
        "notes": list(header.notes),
        "n_annotations_dropped": found.n_dropped,
        "n_annotations_unresolved": found.n_unresolved + found.n_unreadable,
        "bytes": (out / name).stat().st_size,
        "sha256": hash_file(out / name),
    }
    inside = _inside(found.events, signal_uv.shape[1] / settings.filter.sfreq_hz)
    fields["n_events_outside"] = len(found.events) - len(inside)
    return fields, [_known_channels_only(event) for event in inside]


def _inside(events: Sequence[Event], duration_s: float) -> list[Event]:
    """Events cut to the recording; those that lie outside it, or last no time, are left out."""
    inside = []
    for event in events:
        onset_s = max(0.0, event.onset_s)
        length_s = min(duration_s, event.onset_s + event.duration_s) - onset_s
        marker = event.duration_s == 0 and not is_seizure(event.type)
        if length_s > 0 or (marker and 0 <= event.onset_s < duration_s):
            inside.append(replace(event, onset_s=onset_s, duration_s=max(0.0, length_s)))
    return inside


def _known_channels_only(event: Event) -> Event:
    """The event with only names of electrodes and derivations: other text may identify someone."""
    named = [parse_channel(label) for label in event.channels]
    return replace(event, channels=tuple(c.name for c in named if c.kind == "eeg"))


def _eeg_channels(header: EdfHeader) -> tuple[list[int], list[Channel], list[str]]:
    """Signals that hold EEG, without doubled and sign-flipped derivations; names of the latter."""
    ordinary = header.ordinary_signals
    named = parse_channels([header.labels[i] for i in ordinary])
    labelled = list(zip(ordinary, named, strict=True))
    eeg = [(i, channel) for i, channel in labelled if channel.kind == "eeg"]
    if not eeg:
        raise RecordingRefused(
            "no-eeg", f"none of {len(labelled)} signals has the name of an electrode or derivation"
        )
    redundant = {r.index for r in redundant_derivations([channel.name for _, channel in eeg])}
    kept = [pair for k, pair in enumerate(eeg) if k not in redundant]
    doubled = [eeg[k][1].name for k in sorted(redundant)]
    return [i for i, _ in kept], [channel for _, channel in kept], doubled


def _quality(
    header: EdfHeader, indices: list[int], settings: IngestSettings
) -> tuple[list[int], list[int], list[int]]:
    """Places (in ``indices``) of channels that are flat, not finite, saturated."""
    flags = [
        channel_quality(signal_uv[None])
        for signal_uv in iter_signals(header, indices, settings.read.assumed_unit)
    ]
    flat = [k for k, f in enumerate(flags) if f.flat[0]]
    broken = [k for k, f in enumerate(flags) if f.non_finite[0]]
    return flat, broken, [k for k, f in enumerate(flags) if f.saturated[0]]


def _line_hz(header: EdfHeader, indices: list[int], settings: IngestSettings) -> float | None:
    """The mains frequency to remove: as set, or as seen on channels spread over the head."""
    notch = settings.filter.notch
    if notch != "auto":
        return None if notch == "off" else float(notch)
    rate = header.sfreq_hz(indices[0])
    same = [i for i in indices if header.sfreq_hz(i) == rate]
    some = same[:: max(1, len(same) // _LINE_CHANNELS)][:_LINE_CHANNELS]
    return detect_line_frequency(
        np.stack(read_signals(header, some, settings.read.assumed_unit)), rate
    )


def _clean(
    header: EdfHeader, indices: list[int], line_hz: float | None, settings: IngestSettings
) -> tuple[NDArray[np.float32], tuple[float, float], float]:
    """Clean channel by channel, so that hours of many channels fit into memory."""
    config = settings.filter.model_copy(update={"notch": "off" if line_hz is None else "auto"})
    parts: list[NDArray[np.float32]] = []
    bands: list[tuple[float, float]] = []
    signals = iter_signals(header, indices, settings.read.assumed_unit)
    for index, signal_uv in zip(indices, signals, strict=True):
        cleaned = clean(signal_uv[None], header.sfreq_hz(index), config, line_hz)
        parts.append(cleaned.signal_uv[0])
        bands.append(cleaned.band_hz)
    shortest = min(len(part) for part in parts)
    narrowest = (max(low for low, _ in bands), min(high for _, high in bands))
    signal = np.stack([part[:shortest] for part in parts])
    return signal, narrowest, max(header.sfreq_hz(i) for i in indices)

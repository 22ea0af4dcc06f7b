"""Describe a recording that MNE-Python opened: units, kinds, bad channels, segments."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from eegssl.errors import RecordingRefused
from eegssl.io.formats.file_parts import FileState
from eegssl.io.recording_header import RecordingHeader, Segment
from eegssl.io.spans import Span, joined, without

_KINDS = {"eeg": "", "eog": "eog", "ecg": "ecg", "emg": "emg"}
_BREAKS = ("boundary", "bad boundary", "edge boundary", "new segment/")
"""Annotations at which samples were cut out or the recorder stopped; what follows is joined."""
_SKIP = "bad_acq_skip"
"""Annotations over samples that were not recorded, which mne fills with zeros."""


@dataclass(frozen=True)
class Scales:
    """Unit of each channel as the file names it, and how many µV mne takes one of it for."""

    units: tuple[str, ...]
    microvolts: tuple[float, ...]


def in_microvolts(raw: Any) -> Scales:
    """Scales of a format whose samples are in µV, and that has no place for another unit."""
    n_channels = len(raw.ch_names)
    return Scales(("uV",) * n_channels, (1.0,) * n_channels)


@dataclass(frozen=True)
class MneFormat:
    """A format that mne reads.

    ``open`` makes an ``mne.io.Raw`` of a path; ``parts`` lists its files. ``clock_is_local`` tells
    whether its start is in local time, as label tables are. ``says_kinds`` tells whether it states
    the types of channels; where it does not, mne's are guesses, and labels decide. ``breaks`` are
    further annotations at which samples were cut out. ``annotations`` are all that the file has,
    where the raw lacks those outside of the samples.
    """

    name: str
    open: Callable[[Path], Any]
    parts: Callable[[Path, Path], tuple[Path, ...]]
    scales: Callable[[Any], Scales]
    clock_is_local: bool
    notes: Callable[[Any, Sequence[FileState]], tuple[str, ...]] = lambda _raw, _states: ()
    says_kinds: bool = True
    breaks: tuple[str, ...] = ()
    annotations: Callable[[Any, Path], Any] = lambda raw, _path: raw.annotations


@dataclass(frozen=True, kw_only=True)
class MneHeader(RecordingHeader):
    """Header of a recording read through mne: a sample is a record, all at one rate.

    ``states`` are those of the files that it is made of. ``microvolts`` are those that mne takes a
    unit of each channel for. ``start`` is in memory only.
    """

    states: tuple[FileState, ...] = field(repr=False)
    rate_hz: float
    microvolts: tuple[float, ...]
    start: datetime | None = field(repr=False)

    def sfreq_hz(self, index: int) -> float:
        """Sampling rate of one signal, the same for all."""
        return self.rate_hz


def describe(kind: MneFormat, path: Path, states: Sequence[FileState], raw: Any) -> MneHeader:
    """The header of what mne opened.

    Raises RecordingRefused ``header`` for a rate that is none, ``no-records`` without a sample.
    """
    sfreq_hz, n_samples = float(raw.info["sfreq"]), int(raw.n_times)
    if not (math.isfinite(sfreq_hz) and sfreq_hz > 0):
        raise RecordingRefused("header", "its sampling rate is no number above 0")
    scales = kind.scales(raw)
    segments = _segments(raw, n_samples, sfreq_hz, kind.breaks)
    types = raw.get_channel_types() if kind.says_kinds else ["eeg"] * len(raw.ch_names)
    subject = raw.info["subject_info"] or {}
    notes = kind.notes(raw, states) + (("gaps",) if len(segments) > 1 else ())
    return MneHeader(
        path=path,
        labels=tuple(map(str, raw.ch_names)),
        units=scales.units,
        samples_per_record=(1,) * len(raw.ch_names),
        record_duration_s=1 / sfreq_hz,
        n_records=sum(segment.n_records for segment in segments),
        patient_code=str(subject.get("his_id") or ""),
        segments=segments,
        notes=notes,
        kinds=tuple(_KINDS.get(type_, "other") for type_ in types),
        faults=tuple("marked-bad" if n in raw.info["bads"] else "" for n in raw.ch_names),
        states=tuple(states),
        rate_hz=sfreq_hz,
        microvolts=scales.microvolts,
        start=_start(raw, kind),
    )


def _start(raw: Any, kind: MneFormat) -> datetime | None:
    """The local start, without a time zone; None where none is stated."""
    start: datetime | None = raw.info["meas_date"]
    return start.replace(tzinfo=None) if start is not None and kind.clock_is_local else None


def onsets_s(raw: Any) -> np.ndarray:
    """Onsets of the annotations in seconds from the first sample [N]."""
    onsets: np.ndarray = raw.annotations.onset - raw.first_time
    return onsets


def is_structural(text: str, breaks: Sequence[str] = ()) -> bool:
    """Whether an annotation tells of gaps, and of nothing that happened."""
    word = text.strip().lower()
    return word in (*_BREAKS, _SKIP, *breaks)


def _segments(
    raw: Any, n_samples: int, sfreq_hz: float, breaks: Sequence[str]
) -> tuple[Segment, ...]:
    """The pieces without a gap; times count the samples that the file has, filled ones too."""
    cuts: set[int] = set()
    holes: list[Span] = []
    notes = zip(onsets_s(raw), raw.annotations.duration, raw.annotations.description, strict=True)
    for onset_s, duration_s, text in notes:
        if not is_structural(text, breaks) or not math.isfinite(onset_s):
            continue
        first = math.ceil(onset_s * sfreq_hz - 1e-3)
        if text.strip().lower() == _SKIP:
            holes.append((first, first + round(float(duration_s) * sfreq_hz)))
        else:
            cuts.add(first)
    pieces = [
        Segment(int(first), int(stop - first), first / sfreq_hz)
        for span in without((0, n_samples), joined(holes))
        for first, stop in pairwise(_edges(span, sorted(cuts)))
    ]
    if not pieces:
        raise RecordingRefused("no-records", "it holds no sample")
    return tuple(pieces)


def _edges(span: Span, cuts: Sequence[int]) -> list[float]:
    """Start and end of a span, and the cuts (in order) that lie inside of it."""
    start, end = span
    return [start, *cuts[bisect_right(cuts, start) : bisect_left(cuts, end)], end]

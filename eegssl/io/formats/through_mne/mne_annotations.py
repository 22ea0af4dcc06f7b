"""Read annotations of recordings that mne opened."""

import math
from pathlib import Path
from typing import Any

from eegssl.io.formats.through_mne.mne_header import (
    MneFormat,
    MneHeader,
    is_structural,
)
from eegssl.io.formats.through_mne.mne_reader import annotations_of, open_raw_of
from eegssl.io.recording_header import Annotation, AnnotationScan

_ALONE = (".vmrk", ".set", ".cnt")
"""Endings of files whose annotations mne reads alone, which it knows in small letters only."""
_COMMENT = "comment/"
"""BrainVision's type of markers that hold what somebody typed; mne puts it before the text."""


def annotations_in(raw: Any, path: Path, **how: Any) -> Any:
    """All annotations in a file, also those behind the last sample.

    A raw leaves these out in silence; its own are given where mne can't read the file alone.
    """
    from mne import read_annotations

    return read_annotations(path, **how) if path.suffix in _ALONE else raw.annotations


def scan_mne_annotations(kind: MneFormat, header: MneHeader) -> AnnotationScan:
    """Annotations in order of onset, counted from the first sample, without those of gaps.

    One that lasts a sample or less marks a point, so that it has no duration.
    """
    raw = open_raw_of(kind, header)
    annotations: list[Annotation] = []
    n_unreadable = 0
    notes = annotations_of(kind, raw, header.path)
    columns = (notes.onset - raw.first_time, notes.duration, notes.description)
    channels = notes.ch_names
    names = channels if channels is not None else [()] * len(notes)
    for onset_s, duration_s, text, where in zip(*columns, names, strict=True):
        if is_structural(text, kind.breaks):
            continue
        if not math.isfinite(onset_s):
            n_unreadable += 1
            continue
        annotations.append(_annotation(float(onset_s), float(duration_s), text, where, header))
    annotations.sort(key=lambda annotation: annotation.onset_s)
    return AnnotationScan(tuple(annotations), n_unreadable)


def _annotation(
    onset_s: float, duration_s: float, text: str, where: Any, header: MneHeader
) -> Annotation:
    point = not duration_s > 1.001 * header.record_duration_s
    words = text[len(_COMMENT) :] if text.lower().startswith(_COMMENT) else text
    channels = tuple(map(str, where))
    duration = None if point else round(duration_s, 9)
    return Annotation(round(onset_s, 9), duration, words, channels)

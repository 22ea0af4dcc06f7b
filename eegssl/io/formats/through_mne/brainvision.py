"""Read BrainVision: a header, a file of samples and one of markers.

Source: Brain Products, BrainVision Core Data Format 1.0.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eegssl.errors import RecordingRefused
from eegssl.io.formats.file_parts import FileState, companion, states_of
from eegssl.io.formats.through_mne.mne_annotations import annotations_in
from eegssl.io.formats.through_mne.mne_format import format_of_mne
from eegssl.io.formats.through_mne.mne_header import MneFormat, Scales
from eegssl.regular_files import read_bytes

_MOST_TEXT_BYTES = 16 << 20
_DATA = re.compile(r"^\s*DataFile\s*=[ \t]*(.*?)\s*$", re.MULTILINE | re.IGNORECASE)
_MARKERS = re.compile(r"^\s*MarkerFile\s*=[ \t]*(.*?)\s*$", re.MULTILINE | re.IGNORECASE)
_POINTS = re.compile(r"^\s*DataPoints\s*=\s*(\d+)\s*$", re.MULTILINE | re.IGNORECASE)
_ASCII = re.compile(r"^\s*DataFormat\s*=\s*ASCII\s*$", re.MULTILINE | re.IGNORECASE)
_BY_CHANNEL = re.compile(r"^\s*DataOrientation\s*=\s*VECTORIZED\s*$", re.MULTILINE | re.IGNORECASE)
_WIDTHS = {"short": 2, "int": 4, "single": 4}
"""Bytes of a sample by mne's name for it."""
# How many µV mne takes a sample for, whose unit it does not know: it calls it a volt.
_OF_MNE = {"V": 1e6, "µV": 1.0, "uV": 1.0, "mV": 1e3, "nV": 1e-3, "µS": 1.0, "uS": 1.0}


def _parts(path: Path, root: Path) -> tuple[Path, ...]:
    """The header, and the files that it names; markers may be named after the header instead."""
    states_of([path])
    text = _text(path)
    samples = _DATA.search(text)
    if not samples:
        raise RecordingRefused("header", "its header names no DataFile")
    parts = [path, companion(path, samples[1], root, "file of samples")]
    if markers := _marker_name(path):
        parts.append(companion(path, markers, root, "file of markers"))
    return tuple(parts)


def _marker_name(path: Path) -> str:
    """The name of the file of markers, empty for none; as mne finds it where a header is stale."""
    markers = _MARKERS.search(_text(path))
    name = markers[1] if markers else ""
    own = path.with_suffix(".vmrk")
    stale = name and not path.with_name(Path(name).name).exists() and own.exists()
    return own.name if stale else name


def _text(path: Path) -> str:
    """The header's text; names in it are in UTF-8, in old files in Latin-1."""
    try:
        raw = read_bytes(path, _MOST_TEXT_BYTES)
    except OSError as error:
        reason = f"its header can't be read: {error.strerror}"
        raise RecordingRefused("unreadable", reason) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _open(path: Path) -> Any:
    """The raw; markers in another encoding than the machine's are read apart, see mne's reader."""
    from mne.io import read_raw_brainvision

    if {path.suffix, Path(_marker_name(path)).suffix} - {".vhdr", ".vmrk", ".amrk", ""}:
        reason = "its header and file of markers aren't called .vhdr and .vmrk in small letters"
        cure = "MNE-Python reads no others: rename them, and the name in the header"
        raise RecordingRefused("parts", f"{reason}, and {cure}")
    try:
        return read_raw_brainvision(path, preload=False, verbose="ERROR")
    except UnicodeDecodeError:
        none = {"marker_fname": False}
        raw = read_raw_brainvision(path, preload=False, overrides=none, verbose="ERROR")
    notes = _annotations(raw, path)
    raw.set_meas_date(notes.orig_time)
    return raw.set_annotations(notes, verbose="ERROR")


def _annotations(raw: Any, path: Path) -> Any:
    markers = path.with_name(_marker_name(path) or path.name)
    return annotations_in(raw, markers, sfreq=raw.info["sfreq"])


def _scales(raw: Any) -> Scales:
    units = tuple(str(raw._orig_units.get(name, "")) for name in raw.ch_names)
    return Scales(units, tuple(_OF_MNE.get(unit, 1e6) for unit in units))


def _notes(raw: Any, states: Sequence[FileState]) -> tuple[str, ...]:
    """``truncated`` where samples are missing; of channels one after the other that is refused."""
    text = _text(states[0].path)
    points = _POINTS.search(text)
    cut = points is not None and raw.n_times < int(points[1])
    width = _WIDTHS.get(raw.orig_format, 1)
    if not _ASCII.search(text) and states[1].n_bytes % (width * len(raw.ch_names)):
        cut = True
    if cut and _BY_CHANNEL.search(text):
        reason = "its samples end early, and each channel's lie behind the one before's"
        raise RecordingRefused("damaged", f"{reason}: where one begins can't be told")
    return ("truncated",) if cut else ()


BRAINVISION = format_of_mne(
    MneFormat(
        name="BrainVision",
        open=_open,
        parts=_parts,
        scales=_scales,
        notes=_notes,
        clock_is_local=True,
        says_kinds=False,
        annotations=_annotations,
    )
)

"""Collect the free text of recordings, which may name somebody.

For a search of the outputs, so it reads generously: fields of headers that no reader would
accept, annotations of damaged files, names of files and folders, cells of tables beside them.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from eegssl.errors import RecordingRefused
from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.header import MAIN_BYTES, SIGNAL_BYTES, read_header
from eegssl.io.file_bytes import open_bytes
from eegssl.io.formats.known_formats import FORMATS
from eegssl.io.formats.recordings import read_recording_header, recording_texts
from eegssl.regular_files import open_regular, read_bytes

FreeText = tuple[str, str]
"""A text and what kind of place it stands in: ``patient field``, ``annotation`` ..."""

_RECORDINGS = (".edf", ".bdf", ".rec")
_OTHERS = tuple(ending for ending in FORMATS if ending not in _RECORDINGS)
_BESIDE = (".txt", ".seizures", ".tse", ".json", ".eeg", ".vmrk", ".fdt")
_TABLES = {".tsv": "\t", ".csv": ","}
_MAIN = (
    *(("patient field", 8, 88), ("recording field", 88, 168)),
    *(("start date", 168, 176), ("start time", 176, 184), ("reserved field", 192, 236)),
)
_SIGNAL = (
    *(("label", 16), ("transducer", 80), ("unit", 8)),
    *(("", 8), ("", 8), ("", 8), ("", 8), ("prefilter", 80), ("", 8), ("reserved field", 32)),
)
_TAL = re.compile(rb"[+-]\d{1,12}(?:\.\d*)?(?:\x15[\d.]*)?\x14([^\x00]{1,4096})\x00")
_PERSONAL = re.compile(
    r"(^|_|\b)(id|ids|name|nom|patient|participant|subject|person|birth|dob|born|date|mrn|code"
    r"|note|notes|comment|comments|remark|description|label|eventtype|trial_type)",
    re.IGNORECASE,
)


def free_text(folder: Path) -> Iterator[FreeText]:
    """All texts of the recordings and tables below a folder, with the folder's own name.

    Raises OSError where the folder can't be read.
    """
    yield folder.resolve().name, "folder name"
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            yield path.name, "folder name"
        elif path.suffix.lower() in (*_RECORDINGS, *_OTHERS, *_TABLES, *_BESIDE):
            yield path.stem, "file name"
        if path.suffix.lower() in _OTHERS:
            yield from _texts_of_others(path)
        if not path.is_file():
            continue
        if path.suffix.lower() in _RECORDINGS:
            yield from header_texts(path)
            yield from annotation_texts(path)
        elif path.suffix.lower() in _TABLES:
            yield from table_texts(path)


def header_texts(path: Path) -> Iterator[FreeText]:
    """Every field of an EDF or BDF header that holds free text, as UTF-8 and as Latin-1."""
    with open_regular(path) as file:
        main = file.read(MAIN_BYTES)
        count = main[252:256].strip()
        n_signals = int(count) if count.isdigit() else 0
        table = file.read(SIGNAL_BYTES * min(n_signals, 9999))
    for kind, start, stop in _MAIN:
        yield from _decoded(main[start:stop], kind)
    start = 0
    for kind, width in _SIGNAL:
        for i in range(n_signals if kind else 0):
            yield from _decoded(table[start + i * width :][:width], kind)
        start += width * n_signals


def _texts_of_others(path: Path) -> Iterator[FreeText]:
    """Texts of a recording in another format, none where it can't be read."""
    try:
        yield from recording_texts(read_recording_header(path))
    except RecordingRefused:
        return


def annotation_texts(path: Path) -> Iterator[FreeText]:
    """Annotation texts, of a file that can't be read whatever looks like one."""
    try:
        texts = {note.text for note in scan_annotations(read_header(path)).annotations}
    except RecordingRefused:
        raw = open_bytes(path).data.tobytes()
        pieces = {piece for match in _TAL.finditer(raw) for piece in match[1].split(b"\x14")}
        for piece in sorted(pieces):
            yield from _decoded(piece, "annotation")
        return
    yield from ((text, "annotation") for text in sorted(texts))


def table_texts(path: Path) -> Iterator[FreeText]:
    """Cells of columns that name people or hold remarks, by the column's name."""
    text = read_bytes(path).decode("utf-8", "replace").lstrip("\ufeff")
    rows = csv.reader(text.splitlines(), delimiter=_TABLES[path.suffix.lower()])
    try:
        head = next(rows, [])
        wanted = [k for k, name in enumerate(head) if _PERSONAL.search(name)]
        for row in rows:
            yield from ((row[k], "table") for k in wanted if k < len(row))
    except csv.Error:
        return


def _decoded(raw: bytes, kind: str) -> Iterator[FreeText]:
    """A field's text, in both readings where they differ."""
    readings = {raw.decode("latin-1"), raw.decode("utf-8", "replace")}
    for text in sorted(readings):
        stripped = text.strip(" \0\t\r\n")
        if stripped and "\ufffd" not in stripped:
            yield stripped, kind

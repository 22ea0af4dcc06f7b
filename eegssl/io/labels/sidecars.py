"""Find a recording's label files, beside it or above it.

Names alone decide, as each corpus ships them; ``.csv`` and ``.rec``, which others use too, must
also begin like TUH's.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from eegssl.errors import RecordingRefused
from eegssl.io.bids_names import bids_stem
from eegssl.io.config import EventSource
from eegssl.io.edf.tal import decode
from eegssl.io.file_bytes import open_bytes
from eegssl.io.labels.sheets.sheet_files import sheet_beside
from eegssl.io.labels.tuh_labels import is_tuh

_HEAD_BYTES = 4096
# Newer formats first: of two generations that lie side by side, only the first is read.
_TUH = ((".csv_bi", ".csv", "_seiz.csv"), (".tse_bi", ".tse", ".tse_agg"), (".rec",))
_GENERIC = (".csv", ".rec")
_CHBMIT = re.compile(r"(chb\d\d)[a-z]?_", re.IGNORECASE)
_SIENA = re.compile(r"(pn\d\d)(?!\d)", re.IGNORECASE)
_HELSINKI = re.compile(r"eeg(\d{1,3})", re.IGNORECASE)
_SEIZEIT1 = re.compile(r"P_ID\d+_r\d+", re.IGNORECASE)
_PSG = re.compile(r"(.{7}).-PSG", re.IGNORECASE)


def find_sidecars(
    edf_path: Path, root: Path | None = None, columns: Mapping[str, str] | None = None
) -> dict[EventSource, list[Path]]:
    """Find the label files of one recording, by source; ``root`` is how far above it they may lie.

    With ``columns`` (``events.columns``) a table that has them is a sheet, and nothing else.
    A link that leads nowhere counts: it is refused when read, since labels without their file
    are not labels that say nothing. Raises RecordingRefused ``events`` where two files of one
    kind lie beside a recording that has room for one.
    """
    stem = edf_path.stem
    sheet = sheet_beside(edf_path, columns) if columns else None
    named: list[tuple[EventSource, Path]] = [("sheet", sheet)] if sheet else []
    named += [("tsv", path) for path in _tables(edf_path, sheet)]
    named += [("tuh", path) for path in _tuh_files(edf_path)]
    named.append(("seizures", edf_path.with_name(edf_path.name + ".seizures")))
    if match := _CHBMIT.match(stem):
        named.append(("summary", edf_path.with_name(f"{match[1].lower()}-summary.txt")))
    if match := _SIENA.match(stem):
        named.append(("siena", edf_path.with_name(f"Seizures-list-{match[1].upper()}.txt")))
    if helsinki_number(edf_path) is not None:
        named += [("helsinki", path) for path in _helsinki_tables(edf_path, root)]
    if _SEIZEIT1.fullmatch(stem):
        named.append(("seizeit1", edf_path.with_name(f"{stem}_a1.tsv")))
    if match := _PSG.fullmatch(stem):
        named += [("hypnogram", path) for path in _hypnograms(edf_path, match[1])]
    files: dict[EventSource, list[Path]] = {}
    for source, path in named:
        if os.path.lexists(path) and (source == "sheet" or path != sheet):
            files.setdefault(source, []).append(path)
    return files


def helsinki_number(edf_path: Path) -> int | None:
    """N of ``eegN.edf``, None for other names."""
    match = _HELSINKI.fullmatch(edf_path.stem)
    return int(match[1]) if match else None


def _tables(edf_path: Path, sheet: Path | None) -> list[Path]:
    """BIDS ``…_events.tsv``, else SzCORE ``<stem>.tsv``."""
    stem = bids_stem(edf_path) or edf_path.stem
    candidates = dict.fromkeys((f"{stem}_events.tsv", f"{edf_path.stem}.tsv"))
    tables = [path for name in candidates if os.path.lexists(path := edf_path.with_name(name))]
    tables = [path for path in tables if path != sheet]
    if len(tables) > 1:
        raise _two("TSV files of events")
    return tables


def _tuh_files(edf_path: Path) -> list[Path]:
    """The files of the newest of TUH's formats that lie beside a recording."""
    for generation in _TUH:
        paths = [edf_path.with_name(edf_path.stem + ending) for ending in generation]
        there = [path for path in paths if os.path.lexists(path) and _is_label_file(path)]
        if there:
            return there
    return []


def _is_label_file(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix not in _GENERIC:
        return True
    try:
        return is_tuh(decode(open_bytes(path).data[:_HEAD_BYTES].tobytes()), suffix)
    except OSError:
        return True  # refused when read


def _helsinki_tables(edf_path: Path, root: Path | None) -> list[Path]:
    """The experts' tables in the nearest folder, up to the root, that has one."""
    for folder in _folders(edf_path.parent, root):
        tables = [
            next(filter(os.path.lexists, (folder / name for name in names)), None)
            for names in (
                ("annotations_2017_A_fixed.csv", "annotations_2017_A.csv"),
                ("annotations_2017_B.csv",),
                ("annotations_2017_C.csv",),
            )
        ]
        if any(tables):
            return [table for table in tables if table]
    return []


def _folders(folder: Path, root: Path | None) -> Iterator[Path]:
    """A folder and, where it lies below the root, those above it up to the root."""
    yield folder
    if root is not None and folder != root and root in folder.parents:
        yield from _folders(folder.parent, root)


def _hypnograms(edf_path: Path, night: str) -> list[Path]:
    """The one hypnogram of a night of Sleep-EDF."""
    wanted = re.compile(re.escape(night) + r".-Hypnogram\.edf", re.IGNORECASE)
    try:
        names = sorted(name for name in os.listdir(edf_path.parent) if wanted.fullmatch(name))
    except OSError:
        return []
    if len(names) > 1:
        raise _two("hypnograms")
    return [edf_path.with_name(name) for name in names]


def _two(what: str) -> RecordingRefused:
    reason = f"two {what} beside the recording: leave the one that is right"
    return RecordingRefused("events", reason)

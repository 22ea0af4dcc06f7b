"""Find label sheets, one beside each recording or one for many."""

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from eegssl.errors import ConfigError, RecordingRefused
from eegssl.io.bids_names import bids_stem
from eegssl.io.config import EventSettings
from eegssl.io.file_bytes import open_bytes
from eegssl.io.labels.sheets.sheet_table import (
    ENDINGS,
    Sheet,
    SheetRow,
    has_columns,
    read_sheet,
    sheet_text,
)

_SUFFIX = re.compile(r"\.(?:edf|bdf|gdf|set|vhdr|fif|cnt|mff)$", re.IGNORECASE)
_SHOWN = 10
_HEAD_BYTES = 1 << 16


@dataclass(frozen=True)
class Listed:
    """The rows of one sheet that name one recording, and where the sheet lies."""

    path: Path
    sheet: Sheet


@dataclass(frozen=True)
class SharedSheet:
    """A sheet for many recordings: path below the folder -> its rows; rows that name none here."""

    of_file: Mapping[str, Listed] = field(default_factory=dict)
    unknown: tuple[int, ...] = ()


def sheet_beside(edf_path: Path, columns: Mapping[str, str]) -> Path | None:
    """The one sheet beside a recording that begins as its name does and has the named columns.

    Raises RecordingRefused ``events`` where there are two.
    """
    sheets = [path for path in _named_alike(edf_path) if _is_sheet(path, columns)]
    if len(sheets) > 1:
        reason = (
            f"{len(sheets)} label sheets with the columns of events.columns lie beside the "
            "recording: leave the one that is right"
        )
        raise RecordingRefused("events", reason)
    return sheets[0] if sheets else None


def shared_sheet(
    settings: EventSettings, roots: Sequence[Path], relatives: Sequence[str]
) -> SharedSheet:
    """The sheet for all recordings (``events.sheet``), its rows by the recording that they name.

    Names are paths below the folder, or ends of them, with the file's ending or without. Raises
    ConfigError for a sheet that can't be read, or a row that names several recordings.
    """
    if settings.sheet is None:
        return SharedSheet()
    path = _existing(settings.sheet, roots)
    try:
        sheet = read_sheet(path, settings)
    except RecordingRefused as refusal:
        raise ConfigError(f"events.sheet: {refusal.reason}") from None
    if "file" not in settings.columns:
        if len(relatives) > 1:
            raise ConfigError(
                f"events.sheet is for {len(relatives)} files, and events.columns names no column "
                'that says which row is of which: add file = "COLUMN" to it'
            )
        return SharedSheet({relatives[0]: Listed(path, sheet)} if relatives else {})
    ends = _by_end(relatives)
    rows: defaultdict[str, list[SheetRow]] = defaultdict(list)
    unknown: list[int] = []
    several: list[int] = []
    for row in sheet.rows:
        names = ends.get(_as_name(row.cell("file")), set())
        if len(names) == 1:
            rows[next(iter(names))].append(row)
        else:
            (several if names else unknown).append(row.number)
    if several:
        raise ConfigError(
            f"events.sheet: row {listed_numbers(several)} names a file that several paths end "
            "with; write the path below the folder in that column"
        )
    of_file = {name: Listed(path, replace(sheet, rows=tuple(own))) for name, own in rows.items()}
    return SharedSheet(of_file, tuple(unknown))


def listed_numbers(numbers: Sequence[int]) -> str:
    """Numbers of rows in words, the first of many."""
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return ", ".join(map(str, numbers[:_SHOWN])) + more


def _existing(name: str, roots: Sequence[Path]) -> Path:
    """The sheet of this path, from here or below one of the folders."""
    folders = (root if root.is_dir() else root.parent for root in roots)
    candidates = [Path(name), *(folder / name for folder in folders)]
    path = next((path for path in candidates if os.path.lexists(path)), None)
    if path is None:
        raise ConfigError("events.sheet: there is no such file, here or below the folders given")
    return path


def _by_end(relatives: Sequence[str]) -> dict[str, set[str]]:
    """Each end of a path, by folders, with the file's ending or without -> the paths."""
    ends: defaultdict[str, set[str]] = defaultdict(set)
    whole: defaultdict[str, set[str]] = defaultdict(set)
    for relative in relatives:
        whole[_as_name(relative)].add(relative)
        parts = PurePosixPath(relative).parts
        for k in range(1, len(parts)):
            ends[_as_name("/".join(parts[k:]))].add(relative)
    return {**ends, **whole}


def _as_name(text: str) -> str:
    """A path in one spelling: slashes, no ending, no case."""
    path = text.strip().replace("\\", "/").removeprefix("./").strip("/")
    return _SUFFIX.sub("", path).casefold()


def _named_alike(edf_path: Path) -> list[Path]:
    """Tables in the folder called as the recording is, and no other recording's."""
    name = Path(edf_path.name.casefold())
    stem = bids_stem(name) or name.stem
    try:
        names = sorted(os.listdir(edf_path.parent))
    except OSError:
        return []
    alike = [name for name in names if extends(Path(name).stem.casefold(), stem)]
    longer = {Path(n).stem.casefold() for n in alike if _SUFFIX.search(n)} - {stem}
    return [
        edf_path.with_name(name)
        for name in alike
        if Path(name).suffix.lower() in ENDINGS
        and not any(extends(Path(name).stem.casefold(), other) for other in longer)
    ]


def is_beside(table: Path, edf_path: Path) -> bool:
    """Whether a table is called as a recording of its folder is."""
    return table.parent == edf_path.parent and extends(
        table.stem.casefold(), edf_path.stem.casefold()
    )


def extends(name: str, stem: str) -> bool:
    """Whether a name is a stem, or a stem and more words."""
    return name == stem or (name.startswith(stem) and not name[len(stem)].isalnum())


def _is_sheet(path: Path, columns: Mapping[str, str]) -> bool:
    try:
        head = open_bytes(path).data[:_HEAD_BYTES].tobytes()
    except OSError:
        return False
    whole_lines = head[: head.rfind(b"\n") + 1] if len(head) == _HEAD_BYTES else head
    return has_columns(sheet_text(whole_lines), columns)

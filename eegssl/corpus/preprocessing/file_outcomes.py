"""Tell which files were accepted, and which were refused and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eegssl.artifacts.table_parts import read_table, read_text_table
from eegssl.corpus.preprocessing.file_scan import FileScan
from eegssl.corpus.preprocessing.recording_tables import (
    RECORDINGS,
    RECORDINGS_COLUMNS,
    REFUSED,
    REFUSED_CELLS,
    WHOLE_FILE,
)
from eegssl.io.private.pseudonyms import Pseudonyms

Row = Mapping[str, str]
_IDS_SHOWN, _REASONS_SHOWN = 3, 5


def stored_outcome(out: Path) -> dict[str, Any]:
    """``accepted`` (ids of files) and ``refused`` (rows of the table) of a recordings folder."""
    accepted = set(read_table(out / RECORDINGS, RECORDINGS_COLUMNS)["file"].to_pylist())
    refused = read_text_table(out / REFUSED, REFUSED_CELLS)
    return {"accepted": sorted(accepted), "refused": refused}


def scan_outcome(scan: FileScan) -> dict[str, Any]:
    """The same as far as a scan of the files can tell."""
    refused = {id_: row["refused"] for id_, row in scan.files.items() if "refused" in row}
    return {"accepted": sorted(scan.subjects), "refused": refused_rows(refused)}


def refused_rows(refused: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Files (id -> code, reason) that were refused as a whole, as rows of the table."""
    rows = [(id_, WHOLE_FILE, *why) for id_, why in refused.items()]
    return [dict(zip(REFUSED_CELLS, row, strict=True)) for row in rows]


def none_usable(refused: Sequence[Row]) -> str:
    """Word the error that no file can be used."""
    return f"none of {len(refused)} file(s) can be used. {_reasons(refused)}"


def also_refused(refused: Sequence[Row]) -> str:
    """Add to another error which files were refused: they might have mended it."""
    return f". {len(refused)} file(s) were refused: {_reasons(refused)}" if refused else ""


def refused_table(refused: Sequence[Row], *, show_names: bool) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows for a terminal: how many for which reason, or each by its path."""
    if show_names:
        names = Pseudonyms()
        named = [[names.name(row["recording"]), row["code"], row["reason"]] for row in refused]
        return ["file", "code", "reason"], named
    ids: dict[tuple[str, str], list[str]] = {}
    for row in refused:
        ids.setdefault((row["code"], row["reason"]), []).append(row["recording"])
    rows: list[list[Any]] = [
        [len(some), *why, ", ".join(some[:_IDS_SHOWN]) + (" …" if len(some) > _IDS_SHOWN else "")]
        for why, some in sorted(ids.items(), key=lambda item: -len(item[1]))
    ]
    return ["files", "code", "reason", "recordings"], rows


def _reasons(refused: Sequence[Row]) -> str:
    counts = Counter((row["code"], row["reason"]) for row in refused)
    shown = counts.most_common(_REASONS_SHOWN)
    return "; ".join(f"{n} × {code}: {reason}" for (code, reason), n in shown)

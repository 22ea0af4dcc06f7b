"""Take up, or remove, what an interrupted run stored of a file."""

import json
import zipfile
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np

from eegssl.corpus.store import SIGNALS
from eegssl.regular_files import read_text

Row = dict[str, Any]


def finished_row(path: Path, out: Path, clip: Path | None) -> Row | None:
    """What was stored of one file's recordings; None where that, or one of them, is not whole.

    ``clip`` is the file that their page is drawn from, or None where none is wanted.
    """
    try:
        row: Row = json.loads(read_text(path))
        if not has_signals(row, out):
            return None
        if clip is not None and row.get("kept") and not zipfile.is_zipfile(clip):
            return None
        return held_small(row)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def has_signals(row: Row, out: Path) -> bool:
    """Whether the signals of all recordings of a file's row lie there in full length."""
    try:
        return all(
            (out / SIGNALS / f"{fields['recording']}.safetensors").stat().st_size == fields["bytes"]
            for fields in row.get("kept", ())
        )
    except (OSError, KeyError, TypeError, AttributeError):
        return False


def held_small(row: Row) -> Row:
    """The same row in a quarter of the memory: numbers as arrays, words once for all rows."""
    if "kept" not in row:
        return row
    kept = [{intern(k): _small(k, v) for k, v in fields.items()} for fields in row["kept"]]
    return row | {"kept": kept}


def _small(name: str, value: Any) -> Any:
    if name == "sketch":
        return np.array(value, np.uint32)
    if name == "flagged":
        return {intern(flag): np.array(shares, np.float32) for flag, shares in value.items()}
    if isinstance(value, list):
        return [intern(part) if isinstance(part, str) else part for part in value]
    return value


def remove_recordings(file: str, out: Path, clip: Path | None) -> None:
    """Remove what was stored of a file (by its id) that was refused after all."""
    folder = out / SIGNALS
    for path in (*folder.glob(f"{file}.safetensors"), *folder.glob(f"{file}-*.safetensors")):
        path.unlink()
    if clip is not None:
        clip.unlink(missing_ok=True)

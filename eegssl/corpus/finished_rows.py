"""Take up, or remove, what an interrupted run stored of a file."""

import json
import zipfile
from pathlib import Path
from typing import Any

from eegssl.corpus.store import SIGNALS
from eegssl.regular_files import read_text

Row = dict[str, Any]


def finished_row(path: Path, out: Path, clip: Path | None) -> Row | None:
    """What was stored of one file's recordings; None where that, or one of them, is not whole.

    ``clip`` is the file that their page is drawn from, or None where none is wanted.
    """
    try:
        row: Row = json.loads(read_text(path))
        for fields in row.get("kept", ()):
            signal = out / SIGNALS / f"{fields['recording']}.safetensors"
            if signal.stat().st_size != fields["bytes"]:
                return None
        if clip is not None and row.get("kept") and not zipfile.is_zipfile(clip):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return row


def remove_recordings(file: str, out: Path, clip: Path | None) -> None:
    """Remove what was stored of a file (by its id) that was refused after all."""
    folder = out / SIGNALS
    for path in (*folder.glob(f"{file}.safetensors"), *folder.glob(f"{file}-*.safetensors")):
        path.unlink()
    if clip is not None:
        clip.unlink(missing_ok=True)

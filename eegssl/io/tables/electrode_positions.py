"""Read which electrodes a BIDS electrodes.tsv has positions of.

Source: BIDS 1.10, "Electrodes description (*_electrodes.tsv)". The positions themselves are not
used: their coordinate systems differ from file to file, and a channel is placed by its name.
"""

import math
import os
from pathlib import Path

from eegssl.errors import RecordingRefused
from eegssl.io.bids_names import bids_subject
from eegssl.io.labels.label_text import read_label_text

_ENDING = "_electrodes.tsv"
_MAX_BYTES = 4 << 20


def placed_electrodes(path: Path) -> frozenset[str]:
    """Names with a position in the tables beside a recording that are of its subject and session.

    None where there is no such table, or it can't be read: nothing depends on it.
    """
    subject = bids_subject(path)
    if subject is None:
        return frozenset()
    try:
        names = sorted(os.listdir(path.parent))
    except OSError:
        return frozenset()
    tables = [n for n in names if n.endswith(_ENDING) and n.startswith(f"{subject}_")]
    return frozenset(name for table in tables for name in _placed(path.with_name(table)))


def _placed(table: Path) -> list[str]:
    try:
        text = read_label_text(table, "electrodes.tsv", _MAX_BYTES)
    except RecordingRefused:
        return []
    columns, *rows = [line.split("\t") for line in text.split("\n") if line] or [[""]]
    if not {"name", "x", "y"} <= set(columns):
        return []
    cells = [dict(zip(columns, map(str.strip, row), strict=False)) for row in rows]
    return [c["name"] for c in cells if c.get("name") and all(map(_is_number, map(c.get, "xy")))]


def _is_number(text: str | None) -> bool:
    try:
        return math.isfinite(float(text or "nan"))
    except ValueError:
        return False

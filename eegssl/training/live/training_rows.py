"""Append and read the rows of a training that is running."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from eegssl.artifacts.json_parts import STRICT, damaged, parse_json, read_part
from eegssl.regular_files import open_regular

Row = dict[str, float | None]
"""Numbers by name; None where one is not known."""

_ROW = TypeAdapter(Row, config=STRICT)
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def append_row(path: Path, row: Mapping[str, float | None]) -> None:
    """Add a row as one whole line to a file, which is made where it is missing.

    Numbers that are not finite are null. A line that a killed process left unfinished is ended
    first. Raises OSError where the path is a link or can't be written.
    """
    finite = {name: _finite(value) for name, value in row.items()}
    line = json.dumps(finite, sort_keys=True) + "\n"
    if not _ends_whole(path):
        line = "\n" + line
    descriptor = os.open(path, _FLAGS, 0o666)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def read_rows_so_far(path: Path) -> list[Row]:
    """The rows of a log that another process may be writing, in the order of their steps.

    A run that went on from a checkpoint takes steps once more: the rows of its last pass count.
    Lines without a step, as one that is half written, are left out. Empty where there is no file.
    Raises ArtifactError for a file that can't be read, or a step that is no number.
    """
    if not path.exists():
        return []
    rows: list[Row] = []
    for line in read_part(path).splitlines():
        if not line.endswith(b"}"):
            continue
        row = parse_json(line, _ROW, path)
        step = row.get("step")
        if step is None or not math.isfinite(step) or step < 0:
            raise damaged(path, "a row without a step")
        while rows and (rows[-1]["step"] or 0) >= step:
            rows.pop()
        rows.append({name: _finite(value) for name, value in row.items()})
    return rows


def latest(rows: Sequence[Row]) -> Row:
    """The last value of every number in the rows; None alone where none was ever known."""
    values: Row = {}
    for row in rows:
        values |= {n: v for n, v in row.items() if v is not None or n not in values}
    return values


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None


def _ends_whole(path: Path) -> bool:
    """Whether a file ends with a whole line, or is not there yet."""
    try:
        with open_regular(path) as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - 1))
            return size == 0 or stream.read(1) == b"\n"
    except FileNotFoundError:
        return True

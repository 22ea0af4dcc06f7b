"""Read label files of text, within a size, or refuse them.

No refusal repeats a word of the file: who was recorded, and by whom, may stand in it.
"""

import math
import re
from pathlib import Path

from eegssl.errors import RecordingRefused
from eegssl.io.edf.tal import decode
from eegssl.io.file_bytes import open_bytes
from eegssl.regular_files import wide_codec

MAX_BYTES = 16 << 20
MISSING = ("", "n/a", "na", "nan", "none", "null", "-", "--")
"""Cells that stand for nothing, where people fill in a sheet."""
_ALL_CHANNELS = (*MISSING, "all", "alle")
_NUMBER = re.compile(r"[+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][+-]?\d{1,3})?", re.ASCII)


def read_label_text(path: Path, kind: str, max_bytes: int = MAX_BYTES) -> str:
    """The text of one label file, lines ended by ``\\n``; UTF-8, else Latin-1, a BOM left out.

    ``kind`` is what messages call it. Raises RecordingRefused ``events``.
    """
    raw = read_label_bytes(path, kind, max_bytes)
    if wide_codec(raw):
        raise refused(kind, "it is text in UTF-16, expected UTF-8: save it as UTF-8")
    return as_lines(decode(raw))


def read_label_bytes(path: Path, kind: str, max_bytes: int) -> bytes:
    """The bytes of one label file; see `read_label_text`."""
    try:
        if path.stat().st_size > max_bytes:
            raise refused(kind, f"larger than {max_bytes >> 20} MB")
        return open_bytes(path).data.tobytes()
    except OSError as error:
        raise refused(kind, f"can't be read: {error.strerror}") from error


def as_lines(text: str) -> str:
    """The text without a byte-order mark, its lines ended by ``\\n`` whatever ended them before."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def number(text: str) -> float | None:
    """The finite number that a text is, None where it is none."""
    stripped = text.strip()
    if not _NUMBER.fullmatch(stripped):
        return None
    value = float(stripped)
    return value if math.isfinite(value) else None


def listed_channels(cell: str) -> tuple[str, ...]:
    """The channels that a cell names, parted by commas or semicolons; () for all of them."""
    if cell.strip().lower() in _ALL_CHANNELS:
        return ()
    return tuple(name.strip() for name in cell.replace(";", ",").split(",") if name.strip())


def refused(kind: str, what: str) -> RecordingRefused:
    """The refusal of a recording whose label file is not as its format says."""
    return RecordingRefused("events", f"the {kind} is malformed: {what}")

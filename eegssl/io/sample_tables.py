"""Tell tables that hold samples in place of labels."""

from pathlib import Path

from eegssl.regular_files import open_regular

TEXTS = (".csv", ".txt", ".asc")
ENDINGS = (*TEXTS, ".mat")
HINT = "make EDF of it first, by three lines of Python: docs/formats.md, section Tables of samples"
_HEAD_BYTES, _LEAST_BYTES = 64 << 10, 20_000
_LEAST_ROWS, _NUMERIC_SHARE, _LEAST_COLUMNS = 50, 0.95, 4
_MATLAB = b"MATLAB"
# Ours: a table of one number a row may be a signal; one of two or three may be spans of time.


def looks_like_samples(path: Path) -> bool:
    """Whether a file is a long table of numbers, in many columns or one, or of MATLAB's.

    What can't be opened is none.
    """
    if path.suffix.lower() not in ENDINGS:
        return False
    try:
        with open_regular(path) as stream:
            head = stream.read(_HEAD_BYTES)
            large = len(head) == _HEAD_BYTES or len(head) >= _LEAST_BYTES
    except OSError:
        return False
    if path.suffix.lower() == ".mat":
        return large and head.startswith(_MATLAB)
    return large and _is_numeric(head.decode("latin-1"))


def _is_numeric(text: str) -> bool:
    """Whether almost all rows hold as many numbers as each other."""
    rows = [line for line in text.splitlines()[:-1] if line.strip()]
    separator = next((sign for sign in ("\t", ";", ",") if rows and sign in rows[-1]), None)
    widths = [_n_numbers(row, separator) for row in rows]
    width = widths[-1] if widths else 0
    same = sum(other == width for other in widths)
    if width == 0 or 1 < width < _LEAST_COLUMNS or same < _LEAST_ROWS:
        return False
    return same >= _NUMERIC_SHARE * len(rows)


def _n_numbers(row: str, separator: str | None) -> int:
    """How many fields a row has, 0 where one of them is no number."""
    fields = [field.strip() for field in row.split(separator)]
    if separator is not None and fields and not fields[-1]:
        fields.pop()
    return len(fields) if fields and all(map(_is_number, fields)) else 0


def _is_number(field: str) -> bool:
    try:
        float(field.replace(",", "."))
    except ValueError:
        return False
    return True

"""Read the numbers of a header, with decimal point or comma."""

import math
import re
from collections.abc import Iterable

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


def number(raw: bytes, comma: bool = False) -> float | None:
    """The finite number in a field; None for anything else. ``comma``: that is a decimal point."""
    text = _text(raw)
    if comma and _COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def limit(raw: bytes, comma: bool) -> float:
    """A physical or digital limit, NaN where it can't be read: some signals are never used."""
    value = number(raw, comma)
    return math.nan if value is None else value


def decimal_commas(fields: Iterable[bytes]) -> bool:
    """Whether a header's numbers have commas that can only be decimal points.

    Not beside a number with a point: then one of the two is damage.
    """
    texts = [_text(raw) for raw in fields]
    clear = any(_COMMA.fullmatch(text) and not _THOUSANDS.fullmatch(text) for text in texts)
    return clear and not any("." in text for text in texts)


def unclear_commas(fields: Iterable[bytes]) -> bool:
    """Whether one has a comma that may as well part thousands (``3,276``)."""
    return any(_THOUSANDS.fullmatch(_text(raw)) for raw in fields)


def _text(raw: bytes) -> str:
    return raw.decode("latin-1").strip(" \x00")

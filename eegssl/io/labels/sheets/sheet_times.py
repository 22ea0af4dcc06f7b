"""Read times as people write them: numbers, clock times, dates.

A cell says what it may mean; what it means in a recording only that one's start and length can say
(`sheet_spans`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from eegssl.io.labels.label_text import number

UNIT_S = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
_UNIT_WORDS = {
    "ms": ("ms", "msec", "millisecond", "milliseconds", "millisekunden"),
    "s": ("s", "sec", "secs", "second", "seconds", "sek", "sekunde", "sekunden", "segundos"),
    "min": ("min", "mins", "minute", "minutes", "minuten", "minutos"),
    "h": ("h", "hr", "hrs", "hour", "hours", "std", "stunden", "heures", "horas"),
}
_CLOCK = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:\s?([AaPp])\.?[Mm]\.?)?", re.ASCII
)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{2})\.(\d{2})()()", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})", re.ASCII)
_DATE_THEN = re.compile(r"([\d./-]{6,10})(?:T|,?\s+)(\S.*)", re.ASCII)
_PIVOT = 85  # as in EDF: years 85 to 99 are of the last century
_COMMA = re.compile(r"[+-]?\d+,\d+")
_POINT = re.compile(r"[+-]?\d*\.\d+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}")
_GROUPED = {
    ",": re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?"),
    ".": re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?"),
}


@dataclass(frozen=True)
class Written:
    """A time as a cell has it: a number, or the parts of a clock with the dates that it may mean.

    Of two parts the first may be hours, or minutes of an elapsed time.
    """

    number: float | None = None
    parts: tuple[float, ...] = ()
    dates: tuple[date, ...] = ()

    def parts_s(self, first: Literal["h", "min"] = "h") -> float:
        """The parts in seconds, the first of them hours or minutes."""
        sizes = (3600.0, 60.0, 1.0) if first == "h" else (60.0, 1.0)
        return sum(part * size for part, size in zip(self.parts, sizes, strict=False))


@dataclass(frozen=True)
class Style:
    """How a sheet writes numbers and dates; "" where two ways are possible.

    ``units`` are those that the names of its columns say, by role.
    """

    decimal: Literal[".", ",", ""] = "."
    dates: Literal["dmy", "mdy", ""] = ""
    units: dict[str, str] = field(default_factory=dict)


def written_time(text: str, style: Style, day: str = "") -> Written | None:
    """What a cell says, with the date of another cell (``day``); None for what is no time."""
    text = text.strip()
    if (with_date := _DATE_THEN.fullmatch(text)) and dates_of(with_date[1], style.dates):
        day, text = with_date[1], with_date[2]
    match = _CLOCK.fullmatch(text) or _DOTTED.fullmatch(text)
    if match is None:
        value = written_number(text, style.decimal)
        return None if value is None else Written(number=value)
    hour, minute, second, fraction, half = match.groups()
    parts = [float(hour), float(minute)]
    if second:
        parts.append(float(f"{second}.{fraction or 0}"))
    if parts[1] >= 60 or parts[-1] >= 60 or (half and not 1 <= parts[0] <= 12):
        return None
    if half:
        parts[0] = parts[0] % 12 + 12 * (half.lower() == "p")
    dates = dates_of(day, style.dates) if day else ()
    return None if day and not dates else Written(parts=tuple(parts), dates=dates)


def written_number(text: str, decimal: str) -> float | None:
    """The number that a text is, with this decimal mark; None where it is none, or may be two."""
    text = text.strip()
    if decimal and _GROUPED[decimal].fullmatch(text):
        text = text.replace("." if decimal == "," else ",", "")
    if decimal == ",":
        return None if "." in text else number(text.replace(",", "."))
    return number(text)


def decimal_mark(cells: Iterable[str], delimiter: str) -> Literal[".", ",", ""]:
    """The decimal mark of these cells of a sheet with this delimiter, "" where it may be either.

    Semicolons part columns where commas part decimals. With tabs ``1,234`` may be thousands.
    """
    texts = [cell.strip() for cell in cells]
    commas = [text for text in texts if _COMMA.fullmatch(text)]
    if any(_GROUPED[","].fullmatch(text) and "," in text and "." in text for text in texts):
        return ","
    if not commas:
        return "."
    if any(_POINT.fullmatch(text) for text in texts):
        return ""
    sure = delimiter == ";" or not all(_THOUSANDS.fullmatch(text) for text in commas)
    return "," if sure else ""


def date_order(cells: Iterable[str]) -> Literal["dmy", "mdy", ""]:
    """The order of day and month in these cells, "" where none of them decides it."""
    days_first = months_first = False
    for cell in cells:
        match = _YEAR_LAST.match(cell.strip())
        if match and match[2] != ".":
            days_first |= int(match[1]) > 12
            months_first |= int(match[3]) > 12
    if days_first == months_first:
        return ""
    return "dmy" if days_first else "mdy"


def dates_of(text: str, order: str) -> tuple[date, ...]:
    """The dates that a text may mean: one, two where day and month may be either, or none."""
    text = text.strip()
    if match := _YEAR_FIRST.fullmatch(text):
        return _dates((int(match[1]), int(match[2]), int(match[3])))
    match = _YEAR_LAST.fullmatch(text)
    if match is None:
        return ()
    one, other, year = int(match[1]), int(match[3]), int(match[4])
    if len(match[4]) == 2:
        year += 1900 if year >= _PIVOT else 2000
    day_first, month_first = (year, other, one), (year, one, other)
    if order == "mdy":
        return _dates(month_first)
    if order == "dmy" or match[2] == ".":
        return _dates(day_first)
    return _dates(day_first, month_first)


def _dates(*candidates: tuple[int, int, int]) -> tuple[date, ...]:
    possible = []
    for year, month, day in candidates:
        try:
            possible.append(date(year, month, day))
        except ValueError:
            continue
    return tuple(dict.fromkeys(possible))


def unit_in_name(column: str) -> str | None:
    """The unit that the name of a column ends with, or has in brackets (``onset_ms``)."""
    words = re.split(r"[^a-zäöü]+", column.lower().strip(" )]."))
    return next((unit for unit, spelled in _UNIT_WORDS.items() if words[-1] in spelled), None)

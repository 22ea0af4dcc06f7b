"""Read a label sheet to rows by its named columns.

Separator, header line and decimal mark are found, since a spreadsheet chooses them by its user's
language. Only the cells of the named columns are kept, and those that say which recording it is:
others may hold anything.
"""

import csv
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eegssl.io.config import EventSettings
from eegssl.io.edf.tal import decode
from eegssl.io.labels.label_text import as_lines, read_label_bytes, refused
from eegssl.io.labels.same_recording import LENGTH, START
from eegssl.io.labels.sheets.sheet_times import (
    Style,
    date_order,
    decimal_mark,
    unit_in_name,
)
from eegssl.regular_files import wide_codec

KIND = "label sheet"
ENDINGS = (".csv", ".tsv", ".txt")
MAX_BYTES = 64 << 20
DELIMITERS = ("\t", ";", ",", "|")
_HEADER_LINES = 20
_TIMES = ("onset", "end", "duration")


@dataclass(frozen=True)
class SheetRow:
    """A row: its number in the file, from 1, and role of each named column -> cell.

    SzCORE's ``recordingDuration`` and ``dateTime`` keep their names.
    """

    number: int
    cells: Mapping[str, str]

    def cell(self, role: str) -> str:
        """The cell of a role, "" where no column has it."""
        return self.cells.get(role, "")


@dataclass(frozen=True)
class Sheet:
    """Rows of a sheet, and how it writes numbers and dates."""

    rows: tuple[SheetRow, ...]
    style: Style


def read_sheet(path: Path, settings: EventSettings) -> Sheet:
    """The rows of a sheet; raises RecordingRefused ``events`` where it lacks a named column."""
    return parse_sheet(sheet_text(read_label_bytes(path, KIND, MAX_BYTES)), settings)


def sheet_text(raw: bytes) -> str:
    """The text of a sheet: UTF-16, as Excel writes it, UTF-8, else Latin-1."""
    codec = wide_codec(raw)
    return as_lines(raw.decode(codec, errors="replace") if codec else decode(raw))


def parse_sheet(text: str, settings: EventSettings) -> Sheet:
    """The rows in the text of a sheet; see `read_sheet`."""
    columns = settings.columns
    lines = text.split("\n")
    place = _header(lines, list(columns.values()))
    if place is None:
        named = ", ".join(f'{role} = "{name}"' for role, name in columns.items())
        raise refused(
            KIND,
            f"none of its first {_HEADER_LINES} lines has the columns that events.columns names "
            f"({named}), separated by tab, semicolon or comma",
        )
    delimiter, number = place
    header = _cells(lines[number - 1 : number], delimiter)[0]
    wanted = {role: _place(header, name) for role, name in columns.items()}
    checked = {name: header.index(name) for name in (LENGTH, START) if name in header}
    rows = tuple(_rows(lines, number, delimiter, len(header), wanted, checked))
    return Sheet(rows, _style(rows, delimiter, settings))


def has_columns(text: str, columns: Mapping[str, str]) -> bool:
    """Whether a line among the first has all of these columns."""
    return _header(text.split("\n"), list(columns.values())) is not None


def header_of(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """The first lines of a text, cut at a delimiter."""
    return _cells(lines[:_HEADER_LINES], delimiter)


def _header(lines: Sequence[str], names: Sequence[str]) -> tuple[str, int] | None:
    """Delimiter, and number of the line that holds all of these names."""
    wanted = {_plain(name) for name in names}
    for delimiter in DELIMITERS:
        for number, cells in enumerate(header_of(lines, delimiter), start=1):
            if wanted <= {_plain(cell) for cell in cells} and (len(cells) > 1 or len(wanted) == 1):
                return delimiter, number
    return None


def _cells(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Cells of each line; a line that is no row of a table of this kind has none."""
    try:
        return [next(csv.reader([line], delimiter=delimiter), []) for line in lines]
    except csv.Error as error:
        raise refused(KIND, "a cell is too long, or a line has bytes of no text") from error


def _place(header: Sequence[str], name: str) -> int:
    places = [k for k, cell in enumerate(header) if _plain(cell) == _plain(name)]
    if len(places) > 1:
        raise refused(KIND, "two of its columns have a name that events.columns names")
    return places[0]


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def _rows(
    lines: Sequence[str],
    header: int,
    delimiter: str,
    width: int,
    wanted: Mapping[str, int],
    checked: Mapping[str, int],
) -> Iterator[SheetRow]:
    """Rows below the header that are not blank; empty cells beyond the header are no fault."""
    reader = csv.reader(lines[header:], delimiter=delimiter, strict=True)
    number = header + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) <= max(wanted.values()) or any(c.strip() for c in cells[width:]):
                    raise refused(KIND, f"row {number} has {len(cells)} fields, expected {width}")
                there = {name: k for name, k in checked.items() if k < len(cells)}
                places = {**there, **wanted}
                yield SheetRow(number, {role: cells[k].strip() for role, k in places.items()})
            number = header + reader.line_num + 1
    except csv.Error as error:
        raise refused(KIND, f"row {number} has a quotation mark that nothing closes") from error


def _style(rows: Sequence[SheetRow], delimiter: str, settings: EventSettings) -> Style:
    columns = {r: name for r, name in settings.columns.items() if r in _TIMES}
    times = [row.cell(role) for row in rows for role in columns]
    days = [*times, *(row.cell("date") for row in rows)]
    units = {role: unit for role, name in columns.items() if (unit := unit_in_name(name))}
    decimal = settings.decimal if settings.decimal != "auto" else decimal_mark(times, delimiter)
    dates = settings.date_order if settings.date_order != "auto" else date_order(days)
    return Style(decimal, dates, units)

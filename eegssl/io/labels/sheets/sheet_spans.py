"""Place rows of a label sheet in seconds from the first sample.

Times of day and dates are compared with the recording's own start, and neither is repeated. Where
cells may mean two things, that counts which alone puts every row inside the recording; where both
do, or none, the recording is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product

from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.labels.label_text import MISSING
from eegssl.io.labels.sheets.sheet_table import Sheet, SheetRow
from eegssl.io.labels.sheets.sheet_times import (
    UNIT_S,
    Style,
    Written,
    written_time,
)

DAY_S = 86400.0
_HOURS = 24
EARLY_S = 1.0
"""Ours: a header's clock has whole seconds."""
LATE_S = 60.0
"""Ours: how far an end may lie past the recording's, as in the lists of Siena; it is cut there."""


@dataclass(frozen=True)
class Placed:
    """A row in a recording; None where it has no onset, or no end."""

    row: SheetRow
    onset_s: float | None
    duration_s: float | None


@dataclass(frozen=True)
class Lasting:
    """When a recording began (None where nothing says it), and how long it lasts.

    With ``dated`` false only the time of day counts: the date stands for none.
    """

    start: datetime | None
    span_s: float
    dated: bool = True


@dataclass(frozen=True)
class Reading:
    """One meaning of what is written.

    ``clock`` (or ``elapsed``) is that of h:mm:ss, ``two`` and ``lasts`` what two parts of a time
    and of a duration are (``h:m`` or ``m:s``), ``date`` which of two dates counts.
    """

    clock: str
    two: str
    lasts: str
    date: int


class UnplacedRow(Exception):
    """A row that a reading puts nowhere; the reason is for a person to read."""


def place_rows(sheet: Sheet, lasting: Lasting, settings: EventSettings) -> list[Placed]:
    """Each row where it lies in the recording.

    Raises RecordingRefused ``events`` with the row's number, what was found and the setting that
    would say more.
    """
    if not sheet.rows:
        return []
    placed: list[tuple[Reading, list[Placed]]] = []
    faults: list[str] = []
    for reading in _readings(sheet, settings):
        try:
            rows = [_place(row, sheet.style, reading, lasting, settings) for row in sheet.rows]
        except UnplacedRow as fault:
            faults.append(str(fault))
        else:
            placed.append((reading, rows))
    if not placed:
        raise _refused(faults[0])
    if any(rows != placed[0][1] for _, rows in placed):
        raise _refused(_undecided([reading for reading, _ in placed]))
    return placed[0][1]


def _undecided(readings: Sequence[Reading]) -> str:
    """Words for what is written in two ways, both of which lie in the recording."""
    if len({(reading.clock, reading.two) for reading in readings}) > 1:
        words = {"clock": "times of day", "elapsed": "hours since the start"}
        kinds = [words[r.clock] for r in readings if r.two == "h:m"]
        kinds += ["minutes since the start" for r in readings if r.two == "m:s"]
        return (
            f"its times may be {' or '.join(dict.fromkeys(kinds))}, and lie in this recording by "
            "each: say which (--set events.time_unit=clock, elapsed or m:s)"
        )
    if len({reading.lasts for reading in readings}) > 1:
        return (
            "its durations may be h:mm or m:ss, and end in this recording by each: write h:mm:ss, "
            "or set events.time_unit=m:s"
        )
    return (
        "day and month of its dates may be either, and both lie in this recording: say which comes "
        "first (--set events.date_order=dmy, or mdy)"
    )


def _readings(sheet: Sheet, settings: EventSettings) -> list[Reading]:
    """All that the cells of a sheet may mean, as far as no setting says it."""
    style, unit = sheet.style, settings.time_unit
    cells = [(row.cell(role), row.cell("date")) for row in sheet.rows for role in ("onset", "end")]
    times = [one for text, day in cells if (one := written_time(text, style, day))]
    lengths = [written_time(row.cell("duration"), style) for row in sheet.rows]
    undated = any(one.parts and not one.dates for one in times)
    clocks = [unit] if unit in ("clock", "elapsed") else ["clock", "elapsed"][: 1 + undated]
    dates = range(max((len(one.dates) for one in times), default=1) or 1)
    two = _two_parts(any(len(one.parts) == 2 and not one.dates for one in times), unit)
    lasts = _two_parts(any(one and len(one.parts) == 2 for one in lengths), unit)
    return [Reading(*r) for r in product(clocks, two, lasts, dates)]


def _two_parts(there: bool, unit: str) -> list[str]:
    """The meanings of a time of two parts: hours and minutes, or minutes and seconds."""
    if unit == "m:s":
        return ["m:s"]
    return ["h:m", "m:s"] if there and unit != "clock" else ["h:m"]


def _place(
    row: SheetRow, style: Style, reading: Reading, lasting: Lasting, settings: EventSettings
) -> Placed:
    onset_s = _at("onset", row, style, reading, lasting, settings)
    end_s = _at("end", row, style, reading, lasting, settings)
    if onset_s is None:
        return Placed(row, None, None)
    if end_s is not None and end_s < onset_s - DAY_S / 2 and _shares_date(row, style):
        end_s += DAY_S
    if end_s is None:
        duration_s = _duration(row, style, reading, settings)
        end_s = None if duration_s is None else onset_s + duration_s
    if not -EARLY_S <= onset_s < lasting.span_s:
        where = "after the recording ends" if onset_s > 0 else "before the recording starts"
        raise UnplacedRow(f"row {row.number} begins {where}{_hint(row, style, settings)}")
    if end_s is not None and end_s < onset_s:
        raise UnplacedRow(f"row {row.number} ends before it begins: mend it")
    if end_s is not None and end_s > lasting.span_s + LATE_S:
        raise UnplacedRow(
            f"row {row.number} ends {LATE_S:g} s or more after the recording does"
            f"{_hint(row, style, settings)}"
        )
    begin_s = max(0.0, onset_s)
    return Placed(row, begin_s, None if end_s is None else max(0.0, end_s - begin_s))


def _shares_date(row: SheetRow, style: Style) -> bool:
    """Whether the end has no date but that of another column: past midnight it is a day later."""
    end = written_time(row.cell("end"), style)
    return bool(row.cell("date") and end and end.parts and not end.dates)


def _hint(row: SheetRow, style: Style, settings: EventSettings) -> str:
    """The settings that may mend where a row lies."""
    written = written_time(row.cell("onset"), style, row.cell("date"))
    if written is None or written.number is None:
        return ": is the sheet that of another recording, or the header's clock wrong?"
    unit = settings.time_unit if settings.time_unit in UNIT_S else style.units.get("onset", "s")
    return f" (read in {unit}): say the unit (--set events.time_unit=ms, s, min or h), or mend it"


def _at(
    role: str,
    row: SheetRow,
    style: Style,
    reading: Reading,
    lasting: Lasting,
    settings: EventSettings,
) -> float | None:
    """Seconds from the recording's first sample; None for an empty cell."""
    text = row.cell(role)
    if text.lower() in MISSING:
        return None
    written = written_time(text, style, row.cell("date"))
    if written is None:
        raise _unreadable(role, row, style)
    if written.number is not None:
        return written.number * UNIT_S[_unit(role, style, settings)]
    if written.dates:
        day = written.dates[min(reading.date, len(written.dates) - 1)]
        return _since_start(written, day, lasting, row)
    if len(written.parts) == 2 and reading.two == "m:s":
        return written.parts_s("min")
    if reading.clock == "elapsed":
        return written.parts_s()
    if lasting.start is None:
        raise _refused(
            f"row {row.number} may have a time of day, and the file does not say when it began; if "
            "times are since its start, set events.time_unit=elapsed (or m:s), else give those"
        )
    if lasting.span_s > DAY_S:
        raise _refused(
            f"row {row.number} may have a time of day without a date, and the recording lasts more "
            "than a day: name a column of dates (events.columns.date), or, if times are since the "
            "start, set events.time_unit=elapsed"
        )
    if written.parts[0] >= _HOURS:
        raise UnplacedRow(f"row {row.number}: {role} is no time of day")
    start_s = (lasting.start - datetime.combine(lasting.start, time())).total_seconds()
    return (written.parts_s() - start_s + EARLY_S) % DAY_S - EARLY_S


def _since_start(written: Written, day: date, lasting: Lasting, row: SheetRow) -> float:
    if lasting.start is None or not lasting.dated:
        raise UnplacedRow(
            f"row {row.number} has a date, and the file does not say on which day it began: leave "
            "the dates out, or give times from its start (events.time_unit=s or elapsed)"
        )
    moment = datetime.combine(day, time()) + timedelta(seconds=written.parts_s())
    return (moment - lasting.start).total_seconds()


def _duration(
    row: SheetRow, style: Style, reading: Reading, settings: EventSettings
) -> float | None:
    text = row.cell("duration")
    if text.lower() in MISSING:
        return None
    written = written_time(text, style)
    if written is None or written.dates:
        raise _unreadable("duration", row, style)
    if written.number is not None:
        if written.number < 0:
            raise UnplacedRow(f"row {row.number} has a duration below 0: mend it")
        return written.number * UNIT_S[_unit("duration", style, settings)]
    return written.parts_s("min" if len(written.parts) == 2 and reading.lasts == "m:s" else "h")


def _unit(role: str, style: Style, settings: EventSettings) -> str:
    """The unit of a column of numbers: as set, as its name says, else seconds."""
    return settings.time_unit if settings.time_unit in UNIT_S else style.units.get(role, "s")


def _unreadable(role: str, row: SheetRow, style: Style) -> UnplacedRow:
    if not style.decimal and "," in row.cell(role):
        return UnplacedRow(
            f"row {row.number}: a comma in {role} may part decimals or thousands: say which "
            "(--set events.decimal=, or .)"
        )
    return UnplacedRow(
        f"row {row.number}: {role} is no time; expected a number, hh:mm:ss, or a date and hh:mm:ss"
    )


def _refused(what: str) -> RecordingRefused:
    return RecordingRefused("events", f"its label sheet can't be placed: {what}")

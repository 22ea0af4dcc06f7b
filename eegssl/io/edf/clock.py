"""Read when a recording began, to compare with labels by the clock.

The date and the time of day may identify a person, so they are in no result.
"""

import re
from datetime import datetime, timedelta

from eegssl.errors import RecordingRefused
from eegssl.io.edf.layout import EdfHeader

_CLOCK = re.compile(rb"(\d\d)\.(\d\d)\.(\d\d)(\d\d)\.(\d\d)\.(\d\d)")
_PIVOT = 85  # EDF: years 85 to 99 are of the last century


def read_clock(header: EdfHeader) -> datetime:
    """Start date and time of an EDF or BDF file's header, to the second.

    Raises RecordingRefused ``events`` where they are no date and time.
    """
    match = _CLOCK.fullmatch(header.clock)
    if not match:
        raise _refused("the header's start is not written dd.mm.yyhh.mm.ss")
    day, month, year, hour, minute, second = map(int, match.groups())
    try:
        return datetime(year + (1900 if year >= _PIVOT else 2000), month, day, hour, minute, second)
    except ValueError as error:
        raise _refused("the header's start is no date and time") from error


def seconds_of_day(clock: datetime) -> float:
    """Seconds since midnight."""
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second).total_seconds()


def _refused(what: str) -> RecordingRefused:
    return RecordingRefused("events", f"labels by the clock can't be placed: {what}")

"""When a recording began by its header's clock: only to compare with labels given by the clock.

The date and the time of day may identify a person, so they are in no result.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path

from eegssl.errors import RecordingRefused

_CLOCK = re.compile(rb"(\d\d)\.(\d\d)\.(\d\d)(\d\d)\.(\d\d)\.(\d\d)")
_PIVOT = 85  # EDF: years 85 to 99 are of the last century


def read_clock(path: Path) -> datetime:
    """Start date and time of an EDF or BDF file's header, to the second.

    Raises RecordingRefused ``events`` where they can't be read or are no date and time.
    """
    try:
        with open(path, "rb") as file:
            found = _CLOCK.fullmatch(file.read(184)[168:])
    except OSError as error:
        raise _refused(f"the header can't be read: {error.strerror}") from error
    if not found:
        raise _refused("the header's start is not written dd.mm.yyhh.mm.ss")
    day, month, year, hour, minute, second = map(int, found.groups())
    try:
        return datetime(year + (1900 if year >= _PIVOT else 2000), month, day, hour, minute, second)
    except ValueError as error:
        raise _refused("the header's start is no date and time") from error


def seconds_of_day(clock: datetime) -> float:
    """Seconds since midnight."""
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second).total_seconds()


def _refused(what: str) -> RecordingRefused:
    return RecordingRefused("events", f"labels by the clock can't be placed: {what}")

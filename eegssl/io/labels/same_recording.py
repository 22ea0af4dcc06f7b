"""Refuse a table of events that belongs to another recording.

SzCORE's tables repeat the recording's length and start in each row. A table of an hour beside a
file of two minutes is no label of that file, whatever its rows say.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from eegssl.errors import RecordingRefused
from eegssl.io.formats.recordings import recording_start
from eegssl.io.recording_header import RecordingHeader

LENGTH_TOLERANCE_S = CLOCK_TOLERANCE_S = 1.0
"""Ours; SzCORE compares whole seconds, and a header's clock has no fractions."""
_QUARTER_HOUR_S, _WIDEST_ZONE_S = 900, 14 * 3600
LENGTH, START = "recordingDuration", "dateTime"
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII
)


@dataclass(frozen=True)
class StatedRecording:
    """What a row of a table says of its recording: its length in s, and its start or the event's.

    ``onset_s`` is where the row's event begins; None and "" stand for what it does not say.
    """

    length_s: float | None
    start: str
    onset_s: float | None


def require_same_recording(stated: Iterable[StatedRecording], header: RecordingHeader) -> None:
    """Check ``recordingDuration`` and ``dateTime``, where rows have them, against a file.

    ``dateTime`` may be the recording's start or the event's. A start that stands for none (the
    first of January, at midnight) contradicts nothing, and one with a time zone may lie whole
    quarters of an hour away. Raises RecordingRefused ``events``.
    """
    rows = list(stated)
    for length_s in sorted({row.length_s for row in rows if row.length_s is not None}):
        if not _is_length(length_s, header):
            raise _refused(
                f"says in {LENGTH} that its recording lasts {length_s:g} s, the file has "
                f"{header.duration_s:g} s",
                LENGTH,
            )
    starts = [(start, row.onset_s or 0.0) for row in rows if (start := _start(row.start))]
    clock = _clock(header) if starts else None
    if clock and not any(_agree(start, clock, onset_s) for start, onset_s in starts):
        raise _refused(f"says in {START} another start than the file's header", START)


def _is_length(length_s: float, header: RecordingHeader) -> bool:
    """Whether a length is that of the samples, with gaps or without, or as the header says."""
    lengths_s = (header.duration_s, header.span_s, header.declared_s)
    return any(abs(length_s - other) < LENGTH_TOLERANCE_S for other in lengths_s)


def _start(text: str) -> datetime | None:
    if not _TIME.fullmatch(text):
        return None
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if is_placeholder_start(start) else start


def _clock(header: RecordingHeader) -> datetime | None:
    try:
        clock = recording_start(header)
    except RecordingRefused:
        return None
    return None if is_placeholder_start(clock) else clock


def is_placeholder_start(start: datetime) -> bool:
    """Whether a start is one that files without a date are given (EDF: 1 January 1985)."""
    new_year = (start.month, start.day) == (1, 1)
    midnight = start.hour == start.minute == start.second == 0
    return new_year and (midnight or start.year <= 1985)


def _agree(start: datetime, clock: datetime, onset_s: float) -> bool:
    """Whether a start is the file's, or that of the row's event in it."""
    return any(_is_time(start, clock + timedelta(seconds=after_s)) for after_s in (0.0, onset_s))


def _is_time(start: datetime, clock: datetime) -> bool:
    if start.tzinfo is None:
        return abs(start - clock) <= timedelta(seconds=CLOCK_TOLERANCE_S)
    apart_s = abs((start.astimezone(UTC) - clock.replace(tzinfo=UTC)).total_seconds())
    rest_s = apart_s % _QUARTER_HOUR_S
    near = min(rest_s, _QUARTER_HOUR_S - rest_s) <= CLOCK_TOLERANCE_S
    return near and apart_s <= _WIDEST_ZONE_S + CLOCK_TOLERANCE_S


def _refused(what: str, column: str) -> RecordingRefused:
    return RecordingRefused(
        "events",
        f"its table of labels {what}: bring this recording's table, or, if the table is right, "
        f"correct or leave out its column {column}",
    )

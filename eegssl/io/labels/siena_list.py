"""Read Siena's ``Seizures-list-PNxx.txt``: seizures by the clock.

Source: PhysioNet, Siena Scalp EEG Database 1.0.0 (Detti et al. 2020). The published lists hold
``.`` and ``:`` mixed, a space inside an hour (``1 6.49.25``), letters for digits (``PNO6``), names
without their number (``PN11-.edf``), a recording named once for two seizures, two times for one
edge (clinical or electric onset), and one end an hour after its recording's. What is not certain
is refused, for that recording only, and never guessed.

Ours: seizures are placed by the clock of the EDF header, which belongs to the first sample. The
list must agree with it: in the registration's start, or in its end (PN14-3's start is 3 h off, and
its end proves the header right). Of two times for one edge the wider seizure counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from eegssl.io.edf.clock import seconds_of_day
from eegssl.io.formats.recordings import recording_start
from eegssl.io.labels.event_types import Event, EventsFound, in_order
from eegssl.io.labels.label_text import as_lines, read_label_text, refused
from eegssl.io.recording_header import RecordingHeader

KIND = "Siena seizure list"
MAX_BYTES = 1 << 20
_DAY_S = 86400.0
_START_S = 2.0  # how far the list's start of a registration may be from the header's
_END_S = 60.0  # the same for its end: in 18 of the 41 recordings it is 20 s early
_LINE = re.compile(
    r"(?P<file>file name)\s*:(?P<name>.*)"
    r"|(?P<what>registration|seizure|)\s*(?P<edge>start|end) time\s*:(?P<times>.*)",
    re.IGNORECASE,
)
_TITLE = re.compile(r"seizure n\s*\d{1,3}\b.*", re.IGNORECASE)
_CLOCK = re.compile(r"(?<![\d.:])(\d ?\d?) ?[.:] ?(\d\d) ?[.:] ?(\d\d)(?!\d)", re.ASCII)
_SUSPECT = re.compile(r"\.edf|\d\d?\s*[.:]\s*\d\d\s*[.:]\s*\d\d", re.IGNORECASE)


@dataclass(frozen=True)
class Listed:
    """One seizure of a list: clock times in seconds of the day, as many as the list gives."""

    name: str
    registration_start: float | None = None
    registration_end: float | None = None
    starts: tuple[float, ...] = ()
    ends: tuple[float, ...] = ()


def read_siena(path: Path, header: RecordingHeader) -> EventsFound:
    """The seizures that a list gives for a recording; see `parse_siena`."""
    clock_s = seconds_of_day(recording_start(header)) + header.start_offset_s
    text = read_label_text(path, KIND, MAX_BYTES)
    return parse_siena(text, header.path.stem, clock_s, header.span_s)


def parse_siena(text: str, stem: str, clock_s: float, span_s: float) -> EventsFound:
    """The seizures of recording ``stem``, which began at ``clock_s`` and lasts ``span_s`` seconds.

    A recording that is not listed is unlabelled: one unresolved. Raises RecordingRefused
    ``events`` for a text that names no file, and where what it says of this one is incomplete or
    contradicts itself or the header.
    """
    every = list(_listed(as_lines(text)))
    if not every:
        raise refused(KIND, "no seizure of a named file is in it")
    own = [listed for listed in every if _names(listed.name, stem)]
    if not own:
        return EventsFound((), n_unresolved=1, source="siena")
    return EventsFound(in_order([_event(one, clock_s, span_s) for one in own]), source="siena")


def _listed(text: str) -> Iterator[Listed]:
    """Seizures in the order of the list; the file and its registration hold until named anew."""
    context = Listed("")
    for line in map(str.strip, text.split("\n")):
        if match := _LINE.fullmatch(line):
            if match["file"]:
                name = match["name"].strip()
                if context.starts:
                    raise refused(KIND, "a seizure has a start and no end")
                context = context if name == context.name else Listed(name)
                continue
            times, starts = _clock_times(match["times"]), match["edge"].lower() == "start"
            if match["what"].lower() == "registration":
                context = _registered(context, starts, times[0])
            elif not starts:
                yield replace(context, ends=times)
                context = replace(context, starts=())
            elif context.starts:
                raise refused(KIND, "a seizure has two starts and no end")
            else:
                context = replace(context, starts=times)
        elif _SUSPECT.search(line) and not _TITLE.fullmatch(line):
            raise refused(KIND, "a line holds a time or a file and is of no known form")
    if context.starts:
        raise refused(KIND, "the last seizure has no end")


def _registered(listed: Listed, starts: bool, time: float) -> Listed:
    if starts:
        return replace(listed, registration_start=time)
    return replace(listed, registration_end=time)


def _clock_times(text: str) -> tuple[float, ...]:
    """All clock times in a text, in seconds of the day; at least one."""
    times: list[float] = []
    for hour, minute, second in _CLOCK.findall(text):
        h, m, s = int(hour.replace(" ", "")), int(minute), int(second)
        if h > 23 or m > 59 or s > 59:
            raise refused(KIND, "a time is none: hours to 23, minutes and seconds to 59")
        times.append(3600.0 * h + 60.0 * m + s)
    if not times:
        raise refused(KIND, "a line without a time, expected hh.mm.ss")
    return tuple(times)


def _names(listed: str, stem: str) -> bool:
    """Whether a listed name means the file ``stem``, with the slips of the published lists."""
    name = re.sub(r"\s|\.edf$", "", listed.lower()).replace("o", "0")
    wanted = stem.lower().replace("o", "0")
    return name == wanted or (wanted.endswith("-1") and name in (wanted[:-2], wanted[:-1]))


def _event(listed: Listed, clock_s: float, span_s: float) -> Event:
    """One seizure in seconds from the first sample, once list and header agree."""
    if not listed.starts or listed.registration_start is None:
        raise refused(KIND, "a seizure of this recording has no start, or no registration's start")
    end_s = listed.registration_end
    by_start = _apart(listed.registration_start, clock_s) <= _START_S
    by_end = end_s is not None and _apart(end_s, clock_s + span_s) <= _END_S
    if not (by_start or by_end):
        raise refused(KIND, "its registration neither starts nor ends by the clock of the header")
    length_s = span_s if end_s is None else (end_s - clock_s) % _DAY_S
    onset_s = min((start - clock_s) % _DAY_S for start in listed.starts)
    stop_s = max((end - clock_s) % _DAY_S for end in listed.ends)
    if not onset_s < stop_s:
        raise refused(KIND, "a seizure of this recording ends before it starts")
    if stop_s > length_s + _END_S:
        raise refused(KIND, "a seizure of this recording ends after the registration does")
    return Event(onset_s, stop_s - onset_s, "sz", source="siena")


def _apart(a_s: float, b_s: float) -> float:
    """Seconds between two times of day, the shorter way round."""
    return abs((a_s - b_s + _DAY_S / 2) % _DAY_S - _DAY_S / 2)

"""Read CHB-MIT's ``.seizures`` files: seizures as binary WFDB annotations.

Source: WFDB Applications Guide, annot(5), "MIT format", and PhysioNet's own chbmit files. A word
of 16 bits, little-endian, holds a code A (upper 6 bits) and an interval I in ticks. SKIP (59) is
followed by a 32-bit interval, its upper half first; AUX (63) by I bytes of text; 60 to 62
change a field of the annotation before; A = I = 0 ends the file. A seizure is ``[`` (32) to ``]``
(33). The ticks a second stand in a note at time 0.
"""

import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eegssl.io.labels.event_types import Event
from eegssl.io.labels.label_text import read_label_bytes, refused

KIND = ".seizures file"
SEIZURE_START, SEIZURE_END = 32, 33
_SKIP, _NUM, _SUB, _CHN, _AUX = 59, 60, 61, 62, 63
_RESOLUTION = re.compile(rb"## time resolution: (\d{1,9}(?:\.\d{1,9})?)\x00*")
MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class Tick:
    """One WFDB annotation: its code and its time in ticks, or (code AUX) a text."""

    code: int
    ticks: int
    text: bytes = b""


def read_seizures(path: Path) -> tuple[Event, ...]:
    """The seizures of one file as events of type ``sz``.

    Raises RecordingRefused ``events`` where anything is not as the format says.
    """
    return parse_seizures(read_label_bytes(path, KIND, MAX_BYTES))


def parse_seizures(raw: bytes) -> tuple[Event, ...]:
    """The seizures in the bytes of a ``.seizures`` file; see `read_seizures`."""
    resolution_hz: float | None = None
    start: int | None = None
    spans: list[tuple[int, int]] = []
    for tick in parse_ticks(raw):
        if tick.code == _AUX:
            if match := _RESOLUTION.fullmatch(tick.text):
                resolution_hz = float(match[1])
        elif tick.code == SEIZURE_START:
            if start is not None:
                raise refused(KIND, "a seizure starts before the last one ends")
            start = tick.ticks
        elif tick.code == SEIZURE_END:
            if start is None or tick.ticks <= start or start < 0:
                raise refused(KIND, "a seizure ends that did not start before, or starts before 0")
            spans.append((start, tick.ticks))
            start = None
    if start is not None:
        raise refused(KIND, "the last seizure has no end")
    if not resolution_hz or not math.isfinite(resolution_hz):
        raise refused(KIND, "no note gives the time resolution")
    hz = resolution_hz
    return tuple(Event(a / hz, (b - a) / hz, "sz", source="seizures") for a, b in spans)


def parse_ticks(raw: bytes) -> Iterator[Tick]:
    """The WFDB annotations in ``raw`` with their times, up to the end mark."""
    place = ticks = 0
    while True:
        word, place = _word(raw, place)
        code, interval = word >> 10, word & 0x3FF
        if word == 0:
            break
        if code == _SKIP:
            upper, place = _word(raw, place)
            lower, place = _word(raw, place)
            ticks += struct.unpack("<i", struct.pack("<HH", lower, upper))[0]
        elif code == _AUX:
            end = place + interval + interval % 2
            if end > len(raw):
                raise refused(KIND, "the file ends inside a note")
            yield Tick(code, ticks, raw[place : place + interval])
            place = end
        elif code not in (_NUM, _SUB, _CHN):
            ticks += interval
            yield Tick(code, ticks)
    if raw[place:].strip(b"\x00"):
        raise refused(KIND, f"{len(raw) - place} bytes after the end mark")


def _word(raw: bytes, place: int) -> tuple[int, int]:
    if place + 2 > len(raw):
        raise refused(KIND, "the file ends without its end mark")
    return struct.unpack_from("<H", raw, place)[0], place + 2

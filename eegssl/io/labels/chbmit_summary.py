"""Read CHB-MIT's ``chbNN-summary.txt``: seizures of one subject's files.

Source: PhysioNet, CHB-MIT Scalp EEG Database 1.0.0 (Shoeb 2009). A block begins with
``File Name:`` and says how many seizures the file has; each has a start and an end in seconds from
the file's first sample, numbered or not. Channels and clock times are not used.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from eegssl.io.labels.event_types import Event, EventsFound
from eegssl.io.labels.label_text import as_lines, number, read_label_text, refused

KIND = "summary file"
MAX_BYTES = 1 << 20
_FILE = re.compile(r"file name\s*:\s*(\S+)\s*", re.IGNORECASE)
_COUNT = re.compile(r"number of seizures in file\s*:(.*)", re.IGNORECASE)
_EDGE = re.compile(r"seizure\s*\d{0,4}\s*(start|end) time\s*:(.*)", re.IGNORECASE)
_SECONDS = re.compile(r"sec(?:ond)?s?\.?\s*$", re.IGNORECASE)


@dataclass
class _Block:
    """Entry of one file in the list: seizures announced, and the edges given."""

    announced: float | None = None
    edges: list[tuple[str, float | None]] = field(default_factory=list)


def read_summary(path: Path, name: str) -> EventsFound:
    """The seizures that a summary lists for the file ``name``; see `parse_summary`."""
    return parse_summary(read_label_text(path, KIND, MAX_BYTES), name)


def parse_summary(text: str, name: str) -> EventsFound:
    """The seizures of one file in the text of a summary, as events of type ``sz``.

    A file that is not listed is not free of seizures but unlabelled: one unresolved. Raises
    RecordingRefused ``events`` for a text without any file, and where the file's own block does
    not give as many seizures as it announces, each with a start before its end.
    """
    blocks = _blocks(as_lines(text), name)
    if blocks is None:
        raise refused(KIND, "no line names a file")
    if not blocks:
        return EventsFound((), n_unresolved=1, source="summary")
    spans = [_spans(block) for block in blocks]
    if any(other != spans[0] for other in spans):
        raise refused(KIND, "this file is listed twice, with different seizures")
    events = tuple(Event(a, b - a, "sz", source="summary") for a, b in spans[0])
    return EventsFound(events, source="summary")


def _blocks(text: str, name: str) -> list[_Block] | None:
    """The blocks about one file; None where the text names no file at all."""
    blocks: list[_Block] = []
    current: _Block | None = None
    any_file = False
    for line in map(str.strip, text.split("\n")):
        if match := _FILE.fullmatch(line):
            any_file = True
            current = _Block() if match[1].lower() == name.lower() else None
            blocks += [current] if current else []
        elif current is None:
            continue
        elif match := _COUNT.fullmatch(line):
            current.announced = number(match[1])
        elif match := _EDGE.fullmatch(line):
            current.edges.append((match[1].lower(), number(_SECONDS.sub("", match[2]))))
        elif line.lower().startswith("seizure"):
            raise refused(KIND, "a line about a seizure of this file is neither start nor end")
    return blocks if any_file else None


def _spans(block: _Block) -> list[tuple[float, float]]:
    if block.announced is None:
        raise refused(KIND, "the number of this file's seizures is missing or no number")
    kinds = [kind for kind, _ in block.edges]
    if len(kinds) != 2 * block.announced or kinds != ["start", "end"] * (len(kinds) // 2):
        given = f"{kinds.count('start')} starts and {kinds.count('end')} ends"
        raise refused(KIND, f"{block.announced:g} seizures announced, {given} given, or unordered")
    times = [time for _, time in block.edges]
    spans: list[tuple[float, float]] = []
    for start, end in zip(times[::2], times[1::2], strict=True):
        if start is None or end is None or not 0 <= start < end:
            raise refused(KIND, "a seizure's start or end is no number, or not in this order")
        spans.append((start, end))
    return spans

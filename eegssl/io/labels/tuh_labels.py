"""Read labels of the Temple University Hospital corpora.

Source: Shah et al. 2018 (TUSZ), Ochal et al. 2020 (annotation guidelines), the corpora's own
AAREADME files. ``csv`` has one row a channel, ``csv_bi`` one a term (``TERM``: all channels) with
seizure or background alone; ``tse`` and ``tse_bi`` are their forerunners, by term. TUAR keeps
seizures in ``…_seiz.csv``, TUSL its terms in ``.tse_agg``, TUEV events in ``.rec``.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eegssl.io.labels.event_types import EXTRA_TYPES, Event, EventsFound, in_order, is_seizure
from eegssl.io.labels.label_text import as_lines, number, read_label_text, refused
from eegssl.io.spans import joined, overlap_s, touches_any, without

KIND = "TUH label file"
MAX_BYTES = 32 << 20
_DURATION_S = 2.0  # ours: how far the duration in a file may be from the recording's
# TUH's class -> SzCORE's type. TUH names seizures by ILAE 1981: *simple* partial is with awareness
# kept, *complex* partial with awareness impaired (ILAE 2017: focal aware, focal impaired
# awareness; Fisher et al. 2017, table of old and new terms), and tonic, clonic, tonic-clonic,
# atonic and myoclonic seizures are generalized ones. "absz" does not say which absence.
SEIZURES: dict[str, str] = {
    "seiz": "sz",
    "fnsz": "sz_foc",
    "gnsz": "sz_gen",
    "spsz": "sz_foc_a",
    "cpsz": "sz_foc_ia",
    "absz": "sz_gen_nm",
    "tnsz": "sz_gen_m_tonic",
    "cnsz": "sz_gen_m_clonic",
    "tcsz": "sz_gen_m_tonicClonic",
    "atsz": "sz_gen_m_atonic",
    "mysz": "sz_gen_m_myoclonic",
}
# nesz, a non-epileptic seizure, is among the extra types: no seizure in the EEG.
LABELS: dict[str, str] = SEIZURES | {"bckg": "bckg"} | {name: name for name in EXTRA_TYPES}
# TUEV: the numbers in .rec files, and the derivations (ACNS TCP montage) that they count.
REC_LABELS = {1: "spsw", 2: "gped", 3: "pled", 4: "eyem", 5: "artf", 6: "bckg"}
REC_CHANNELS = (
    *("FP1-F7", "F7-T3", "T3-T5", "T5-O1", "FP2-F8", "F8-T4", "T4-T6", "T6-O2"),
    *("A1-T3", "T3-C3", "C3-CZ", "CZ-C4", "C4-T4", "T4-A2"),
    *("FP1-F3", "F3-C3", "C3-P3", "P3-O1", "FP2-F4", "F4-C4", "C4-P4", "P4-O2"),
)
_CSV_COLUMNS = ["channel", "start_time", "stop_time", "label", "confidence"]
_FOUR_NUMBERS = re.compile(r"-?\d+,[^,]*\d[^,]*,[^,]*\d[^,]*,")
_VERSION = re.compile(r"#?\s*version\s*=\s*(csv|tse)_v1(\.\d{1,3}){0,2}\s*", re.IGNORECASE)
_DURATION = re.compile(r"#\s*duration\s*=\s*([\d.]{1,20})\s*(?:sec(?:ond)?s?)?\s*", re.IGNORECASE)
_CHANNEL = re.compile(r"[A-Za-z0-9-]{1,16}")
_LABEL = re.compile(r"[A-Za-z_]{1,24}")


@dataclass(frozen=True)
class Row:
    """One row: a label on one channel, "" for all of them, from ``start`` to ``stop`` seconds."""

    channel: str
    start: float
    stop: float
    label: str
    confidence: float | None = None


def read_tuh(paths: Sequence[Path], duration_s: float) -> EventsFound:
    """The events that the label files of one recording give together; see `merge`.

    ``duration_s`` is the recording's. Raises RecordingRefused ``events`` for a file that is not
    as its format says, or was made for a recording of another length.
    """
    by_term: list[Row] = []
    by_channel: list[Row] = []
    for path in paths:
        rows = parse_rows(read_label_text(path, KIND, MAX_BYTES), path.suffix.lower(), duration_s)
        (by_term if path.suffix.lower().endswith("_bi") else by_channel).extend(rows)
    return merge(by_term, by_channel)


def parse_rows(text: str, suffix: str, duration_s: float | None = None) -> list[Row]:
    """The rows of one file of the kind that its ``suffix`` says; see `read_tuh`."""
    lines = [(k, line.strip()) for k, line in enumerate(as_lines(text).split("\n"), start=1)]
    lines = [(k, line) for k, line in lines if line]
    if suffix == ".rec":
        return [_rec_row(line, k) for k, line in lines]
    notes = [
        line for _, line in lines if line.startswith("#") or line.lower().startswith("version")
    ]
    _check_notes(notes, duration_s)
    rows = [(k, line) for k, line in lines if line not in notes]
    if suffix.startswith(".tse"):
        if not notes:
            raise refused(KIND, "the first line does not give the version")
        return [_tse_row(line, k) for k, line in rows]
    if not rows or [cell.strip().lower() for cell in rows[0][1].split(",")] != _CSV_COLUMNS:
        raise refused(KIND, f"expected the columns {', '.join(_CSV_COLUMNS)}")
    return [_csv_row(line, k) for k, line in rows[1:]]


def merge(by_term: Sequence[Row], by_channel: Sequence[Row]) -> EventsFound:
    """Events of all rows: seizures from the terms if there are any terms, else from the channels.

    A term's seizure gets the type and the channels of the channel rows that it overlaps most; a
    seizure on channels that is in no term's is unresolved.
    Rows of one label on several channels that overlap or touch are one event on all of them.
    Background is where no seizure is, on whatever channel. A label outside the vocabulary is
    dropped, or unresolved if it may be a seizure's (it ends in ``sz``).
    """
    rows = [*by_term, *by_channel]
    unread = [row.label for row in rows if row.label not in LABELS]
    seizure_like = sum(label.endswith(("sz", "seiz")) for label in unread)
    without_term = 0
    groups = _grouped(by_channel)
    seizures = [event for event in groups if is_seizure(event.type)]
    background = [event for event in groups if event.type == "bckg"]
    others = [event for event in groups if event.type in EXTRA_TYPES]
    if by_term:
        terms = _grouped(by_term)
        without_term = _without_term(seizures, terms)
        seizures = [_typed(term, by_channel) for term in terms if is_seizure(term.type)]
        background = [term for term in terms if term.type == "bckg"]
    ictal = joined([(s.onset_s, s.onset_s + s.duration_s) for s in seizures])
    free = [
        replace(event, onset_s=a, duration_s=b - a)
        for event in background
        for a, b in without((event.onset_s, event.onset_s + event.duration_s), ictal)
    ]
    events = in_order([*seizures, *free, *others])
    dropped = len(unread) - seizure_like
    return EventsFound(events, dropped, seizure_like + without_term, source="tuh")


def is_tuh(head: str, suffix: str) -> bool:
    """Whether the first lines of a ``.csv`` or ``.rec`` file look like TUH's: others use both."""
    lines = [line.strip() for line in as_lines(head).split("\n")]
    if suffix == ".rec":
        return _FOUR_NUMBERS.match(lines[0].replace(" ", "")) is not None
    return any(_VERSION.match(line) or line.lower().startswith("channel,start") for line in lines)


def _check_notes(notes: Sequence[str], duration_s: float | None) -> None:
    """The version, where a comment gives one, and that the file is for a recording this long."""
    for note in notes:
        if "version" in note.lower() and not _VERSION.fullmatch(note):
            raise refused(KIND, "its version is not csv_v1 or tse_v1")
        match = _DURATION.fullmatch(note)
        if match and duration_s is not None:
            given = number(match[1])
            if given is None or abs(given - duration_s) > _DURATION_S:
                announced = "no number" if given is None else f"{given:g} s"
                raise refused(
                    KIND, f"its duration is {announced}, the recording's {duration_s:g} s"
                )


def _csv_row(line: str, place: int) -> Row:
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != len(_CSV_COLUMNS):
        raise refused(KIND, f"line {place} has {len(cells)} fields, expected {len(_CSV_COLUMNS)}")
    if not _CHANNEL.fullmatch(cells[0]):
        raise refused(KIND, f"line {place}: the channel is no name of one")
    channel = "" if cells[0].upper() == "TERM" else cells[0]
    return _row(channel, cells[1], cells[2], cells[3], cells[4], place)


def _tse_row(line: str, place: int) -> Row:
    cells = line.split()
    if len(cells) != 4:
        raise refused(KIND, f"line {place} has {len(cells)} fields, expected 4")
    return _row("", cells[0], cells[1], cells[2], cells[3], place)


def _rec_row(line: str, place: int) -> Row:
    cells = line.split(",")
    values = [number(cell) for cell in cells]
    if len(values) != 4 or values[0] not in range(len(REC_CHANNELS)) or values[3] not in REC_LABELS:
        raise refused(KIND, f"line {place}: expected channel 0 to 21, start, stop, label 1 to 6")
    channel, label = REC_CHANNELS[int(values[0] or 0)], REC_LABELS[int(values[3] or 0)]
    return _row(channel, cells[1], cells[2], label, "", place)


def _row(channel: str, start: str, stop: str, label: str, confidence: str, place: int) -> Row:
    a, b, sure = number(start), number(stop), number(confidence)
    if a is None or b is None or not 0 <= a <= b:
        raise refused(KIND, f"line {place}: start and stop are no times in this order")
    if not _LABEL.fullmatch(label) or (confidence and sure is None):
        raise refused(KIND, f"line {place}: the label or the confidence is none")
    return Row(channel, a, b, label.lower(), sure)


def _grouped(rows: Sequence[Row]) -> list[Event]:
    """Rows of one label that overlap or touch as one event, on all their channels."""
    events: list[Event] = []
    for label in dict.fromkeys(row.label for row in rows if row.label in LABELS):
        own = sorted((r for r in rows if r.label == label), key=lambda row: (row.start, row.stop))
        starts = [row.start for row in own]
        for start, stop in joined([(row.start, row.stop) for row in own]):
            inside = own[bisect_left(starts, start) : bisect_right(starts, stop)]
            if stop > start:
                events.append(_event(start, stop, label, inside))
    return events


def _event(start: float, stop: float, label: str, rows: Sequence[Row]) -> Event:
    """One event of a label, with the channels and the least confidence of its rows."""
    kind = LABELS[label]
    channels = tuple(dict.fromkeys(row.channel for row in rows if row.channel))
    sure = [row.confidence for row in rows if row.confidence is not None]
    original = "" if kind == label else label
    return Event(start, stop - start, kind, channels, min(sure, default=None), "tuh", original)


def _without_term(seizures: Sequence[Event], terms: Sequence[Event]) -> int:
    """Count seizures on channels that overlap no seizure by term."""
    ictal = joined([(t.onset_s, t.onset_s + t.duration_s) for t in terms if is_seizure(t.type)])
    spans = [(s.onset_s, s.onset_s + s.duration_s) for s in seizures]
    return sum(not touches_any(span, ictal) for span in spans)


def _typed(term: Event, rows: Sequence[Row]) -> Event:
    """A term's seizure with the type and channels of the seizure rows that it overlaps most."""
    span = (term.onset_s, term.onset_s + term.duration_s)
    shares: dict[str, float] = {}
    for row in rows:
        if row.label in SEIZURES and (shared := overlap_s(span, (row.start, row.stop))) > 0:
            shares[row.label] = shares.get(row.label, 0.0) + shared
    if not shares:
        return term
    label = max(sorted(shares), key=lambda name: shares[name])
    inside = [r for r in rows if r.label == label and overlap_s(span, (r.start, r.stop)) > 0]
    return replace(
        _event(*span, label, inside), duration_s=term.duration_s, confidence=term.confidence
    )

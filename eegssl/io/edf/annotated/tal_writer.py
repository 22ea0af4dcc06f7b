"""Write time-stamped annotation lists (TAL) into records, none cut.

Source: Kemp & Olivan 2003, EDF+ specification, 2.2.2 and 2.2.4. The room of a record is as large as
the fullest record needs. Stamps are exact decimal multiples of the record's duration: readers
compare them to 100 ns.
"""

import math
import re
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from eegssl.io.recording_header import Annotation

_LEAST_ROOM = 120  # ours: bytes that a record can hold beside its stamp, one or two annotations
_CONTROL = re.compile(r"[\x00\x14\x15]")


class TalRecords:
    """The annotation bytes of every record: its stamp, and the annotations that begin in it.

    Where a record is full, an annotation stands in another one; its own onset says when it was.
    ``start_s`` is the stamp of the first record, ``unit`` the bytes of a sample. Raises ValueError
    for a text, an onset or a duration that EDF+ can't hold.
    """

    def __init__(
        self,
        annotations: Sequence[Annotation],
        record_s: Decimal,
        n_records: int,
        start_s: Decimal,
        unit: int,
    ) -> None:
        self.n_records, self._record_s, self._start_s = n_records, record_s, start_s
        self._lists = _placed(annotations, record_s, n_records, start_s)
        decimals = max(0, -min(int(d.as_tuple().exponent) for d in (record_s, start_s)))
        last_s = start_s + record_s * max(0, n_records - 1)
        stamp = 1 + len(str(int(last_s))) + 1 + decimals + len("\x14\x14\0")
        longest = stamp + max((len(lists) for lists in self._lists.values()), default=0)
        self.width = math.ceil(longest / unit) * unit
        """Bytes of a record."""

    def block(self, first: int, count: int) -> NDArray[np.uint8]:
        """The bytes [count, width] of so many records from the first."""
        raw = b"".join(self._record(first + k).ljust(self.width, b"\0") for k in range(count))
        return np.frombuffer(raw, np.uint8).reshape(count, self.width)

    def _record(self, index: int) -> bytes:
        stamp = f"{_signed(self._start_s + self._record_s * index)}\x14\x14\0"
        return stamp.encode() + self._lists.get(index, b"")


def _placed(
    annotations: Sequence[Annotation], record_s: Decimal, n_records: int, start_s: Decimal
) -> dict[int, bytes]:
    """The lists of each record that has any; there is room for twice as many."""
    in_order = sorted(annotations, key=lambda one: one.onset_s)
    lines = [_line(one, start_s) for one in in_order]
    room = max(map(len, lines), default=0) + 2 * math.ceil(sum(map(len, lines)) / n_records)
    room, ahead, behind = max(room, _LEAST_ROOM), 0, n_records - 1
    lists: dict[int, bytes] = {}
    for one, line in zip(in_order, lines, strict=True):
        own = min(max(math.floor(one.onset_s / float(record_s)), 0), n_records - 1)
        ahead = max(ahead, own)
        while ahead < n_records and len(lists.get(ahead, b"")) + len(line) > room:
            ahead += 1
        while ahead == n_records and len(lists.get(behind, b"")) + len(line) > room:
            behind -= 1
        index = ahead if ahead < n_records else behind
        lists[index] = lists.get(index, b"") + line
    return lists


def _line(one: Annotation, start_s: Decimal) -> bytes:
    times = (one.onset_s, one.duration_s or 0.0)
    if not all(map(math.isfinite, times)) or times[1] < 0 or _CONTROL.search(one.text):
        raise ValueError(f"an annotation at {one.onset_s} s can't be stored in EDF+")
    onset_s, duration_s = (Decimal(f"{seconds:.6f}") for seconds in times)
    span = f"\x15{_signed(duration_s)[1:]}" if duration_s else ""
    return f"{_signed(onset_s + start_s)}{span}\x14{one.text}\x14\0".encode()


def _signed(seconds: Decimal) -> str:
    text = f"{seconds:+f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

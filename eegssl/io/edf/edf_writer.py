"""Write EDF+ from a stream of blocks, the same bytes every time.

The layout follows the EDF specification (Kemp et al., 1992) and EDF+ (Kemp and Olivan, 2003).
Memory stays at a few records, however long the recording is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

DIGITAL_MAX = 32767
"""The digital range is symmetric, so that 0 µV is stored exactly."""

START = datetime(1985, 1, 1)
"""The start of an anonymised recording: the earliest date that EDF can say."""


@dataclass(frozen=True)
class EdfSignal:
    """The header of one signal; what lies outside ±``physical_max`` is clipped."""

    label: str
    unit: str = "uV"
    physical_max: float = 3276.7
    transducer: str = ""
    prefilter: str = ""


class EdfWriter:
    """Streams signals of one sampling rate into an EDF+C file (EDF+D where onsets are given).

    ``annotations`` are (onset_s, duration_s, text), known before the first sample, because the
    header states their room; a duration of 0 is left out. ``record_onsets_s`` gives each record
    a start of its own, which makes gaps. Raises ValueError for what EDF can't say.
    """

    def __init__(
        self,
        path: Path,
        signals: Sequence[EdfSignal],
        sfreq_hz: float,
        *,
        annotations: Sequence[tuple[float, float, str]] = (),
        patient: str = "X X X X",
        recording: str = "X X X",
        start: datetime = START,
        record_s: float = 1.0,
        record_onsets_s: Sequence[float] | None = None,
    ) -> None:
        self.signals, self.record_s, self._onsets = tuple(signals), record_s, record_onsets_s
        self.samples = round(sfreq_hz * record_s)
        if self.samples < 1 or abs(self.samples - sfreq_hz * record_s) > 1e-9:
            raise ValueError(
                f"a record of {record_s} s at {sfreq_hz} Hz holds {sfreq_hz * record_s:g} "
                "samples, expected a whole number: choose another record_s"
            )
        self._marks = _marks_by_record(annotations, record_s)
        widths = [len(self._tal(i)) for i in sorted({0, *self._marks})]
        self._tal_bytes = 2 * ((max(widths) + 24) // 2)
        self.gain = np.array([DIGITAL_MAX / s.physical_max for s in signals], np.float32)[:, None]
        self._pending = np.zeros((len(signals), 0), np.int16)
        self.records = 0
        identity = f"Startdate {start:%d-%b-%Y}".upper().replace("STARTDATE", "Startdate")
        header = _header(
            self.signals,
            samples=self.samples,
            tal_samples=self._tal_bytes // 2,
            kind="EDF+C" if record_onsets_s is None else "EDF+D",
            patient=patient,
            recording=f"{identity} {recording}",
            start=start,
            record_s=record_s,
        )
        self._stream = path.open("wb")
        self._stream.write(header)

    def append(self, signal: NDArray[np.floating]) -> None:
        """Write a block [C,T] in the signals' units; any T, records form by themselves."""
        if signal.ndim != 2 or len(signal) != len(self.signals):
            raise ValueError(f"got shape {signal.shape}, expected [{len(self.signals)}, T]")
        digital = np.multiply(signal, self.gain, dtype=np.float32)
        np.rint(digital, out=digital)
        np.clip(digital, -DIGITAL_MAX, DIGITAL_MAX, out=digital)
        # NaN has no digital value, and the cast would silently make one up.
        if not np.isfinite(digital).all():
            raise ValueError("the signal holds values that are not finite, which EDF can't store")
        block = digital.astype("<i2")
        if self._pending.shape[1]:
            block = np.concatenate([self._pending, block], axis=1)
        count = block.shape[1] // self.samples
        self._pending = block[:, count * self.samples :]
        if count:
            self._write_records(block[:, : count * self.samples], count)

    def close(self) -> None:
        """Complete the header; raises ValueError where samples of a part of a record are left."""
        if self._stream.closed:
            return
        self._stream.seek(236)
        self._stream.write(_text(self.records, 8, "record count"))
        self._stream.close()
        if self._pending.shape[1]:
            raise ValueError(
                f"{self._pending.shape[1]} samples are left over: EDF holds whole records of "
                f"{self.samples} samples; cut the signal or choose another record_s"
            )
        late = sorted(i for i in self._marks if i >= self.records)
        if late:
            raise ValueError(f"annotations in record {late[0]} of {self.records}: after the end")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        self._stream.close()

    def _write_records(self, block: NDArray[np.int16], count: int) -> None:
        width = block.shape[0] * self.samples
        records = np.zeros((count, width + self._tal_bytes // 2), "<i2")
        cut = block.reshape(block.shape[0], count, self.samples).transpose(1, 0, 2)
        records[:, :width].reshape(count, block.shape[0], self.samples)[...] = cut
        tals = b"".join(
            self._tal(self.records + i).ljust(self._tal_bytes, b"\0") for i in range(count)
        )
        records[:, width:] = np.frombuffer(tals, "<i2").reshape(count, -1)
        self._stream.write(records.tobytes())
        self.records += count

    def _tal(self, index: int) -> bytes:
        """The time-stamped annotation lists of one record; the first is its time-keeping."""
        onset_s = index * self.record_s
        if self._onsets is not None and index < len(self._onsets):
            onset_s = self._onsets[index]
        lists = [f"{_signed(onset_s)}\x14\x14\0".encode()]
        return b"".join(lists + self._marks.get(index, []))


def write_edf(
    path: Path,
    signal_uv: NDArray[np.floating],
    labels: Sequence[str],
    sfreq_hz: float,
    *,
    unit: str = "uV",
    physical_max_uv: float | None = None,
    **more: Any,
) -> Path:
    """Write a whole signal [C,T] at once; T must fill whole records.

    ``unit`` labels the numbers as they are. ``physical_max_uv`` (in that unit) defaults to the
    largest absolute value, rounded up to what a header can say. ``more`` is for `EdfWriter`.
    """
    if physical_max_uv is None:
        largest = float(np.abs(signal_uv).max(initial=0.0))
        physical_max_uv = float(np.ceil(max(largest, 1.0) * 10) / 10)
    signals = [EdfSignal(label, unit, physical_max_uv) for label in labels]
    with EdfWriter(path, signals, sfreq_hz, **more) as writer:
        writer.append(signal_uv)
    return path


_COLUMNS = (
    *(("label", 16), ("transducer", 80), ("unit", 8)),
    *(("physical minimum", 8), ("physical maximum", 8)),
    *(("digital minimum", 8), ("digital maximum", 8)),
    *(("prefilter", 80), ("samples", 8), ("reserved", 32)),
)


def _header(
    signals: tuple[EdfSignal, ...],
    *,
    samples: int,
    tal_samples: int,
    kind: str,
    patient: str,
    recording: str,
    start: datetime,
    record_s: float,
) -> bytes:
    """The fixed header and the columns of signal headers, the annotation signal last."""
    count = len(signals) + 1
    fixed = [
        _text(0, 8, "version"),
        _text(patient, 80, "patient"),
        _text(recording, 80, "recording"),
        _text(f"{start:%d.%m.%y}", 8, "start date"),
        _text(f"{start:%H.%M.%S}", 8, "start time"),
        _text(256 * (count + 1), 8, "header bytes"),
        _text(kind, 44, "reserved"),
        _text(-1, 8, "record count"),
        _text(_number(record_s), 8, "record duration"),
        _text(count, 4, "signal count"),
    ]
    rows: list[tuple[object, ...]] = []
    for s in signals:
        names = (s.label, s.transducer, s.unit, _number(-s.physical_max), _number(s.physical_max))
        rows.append((*names, -DIGITAL_MAX, DIGITAL_MAX, s.prefilter, samples, ""))
    rows.append(("EDF Annotations", "", "", -1, 1, -32768, 32767, "", tal_samples, ""))
    columns = [
        _text(row[i], width, name) for i, (name, width) in enumerate(_COLUMNS) for row in rows
    ]
    return b"".join(fixed + columns)


def _text(value: object, width: int, field: str) -> bytes:
    text = str(value)
    if len(text) > width or not re.fullmatch(r"[ -~]*", text):
        raise ValueError(f"{field}: got {text!r}, expected at most {width} printable ASCII letters")
    return text.ljust(width).encode("ascii")


def _number(value: float) -> str:
    """The shortest exact decimal form of at most 8 letters; no exponent, which EDF forbids."""
    text = np.format_float_positional(value, trim="-")
    if len(text) > 8 or not np.isfinite(value):
        raise ValueError(f"{text} does not fit the 8 letters of an EDF header: round it")
    return text


def _signed(seconds: float) -> str:
    return f"{seconds:+.6f}".rstrip("0").rstrip(".")


def _marks_by_record(
    annotations: Sequence[tuple[float, float, str]], record_s: float
) -> dict[int, list[bytes]]:
    marks: dict[int, list[bytes]] = {}
    for onset_s, duration_s, text in annotations:
        if onset_s < 0 or duration_s < 0 or re.search(r"[\x00\x14\x15]", text):
            raise ValueError(f"annotation {(onset_s, duration_s, text)!r} can't be stored in EDF+")
        span = f"\x15{duration_s:.6f}".rstrip("0").rstrip(".") if duration_s else ""
        line = f"{_signed(onset_s)}{span}\x14{text}\x14\0".encode()
        marks.setdefault(int(onset_s // record_s), []).append(line)
    return marks

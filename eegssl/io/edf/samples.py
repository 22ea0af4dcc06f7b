"""Read samples of EDF and BDF files in microvolts, channel by channel.

Ours, on a NumPy memory map: this is the loop that every preprocessing spends its time in, and
the usual readers either hide gaps or are several times slower (see docs, speed).
"""

import math
from collections.abc import Sequence

import numpy as np

from eegssl.errors import RecordingRefused
from eegssl.io.edf.layout import EdfHeader
from eegssl.io.edf.records import map_records, signal_bytes
from eegssl.io.file_bytes import in_pieces
from eegssl.io.physical_units import microvolts_of
from eegssl.io.recording_header import Segment


def read_signals(
    header: EdfHeader,
    indices: Sequence[int],
    assumed_unit: str | None = None,
    segment: Segment | None = None,
) -> list[np.ndarray]:
    """Read signals in µV, float64 [T] each at its own rate.

    ``assumed_unit`` stands in where a signal names no unit that is known. ``segment`` is one of
    ``header.segments``; without it all records come joined, gaps or not. Raises RecordingRefused
    ``unit`` (not a voltage), ``limits`` (no scale can be computed) or ``header`` (no samples).
    """
    scales = [microvolt_scale(header, index, assumed_unit) for index in indices]
    records = map_records(header, segment)
    return [
        _digital(header, records, index).astype(np.float64) * gain + offset
        for index, (gain, offset) in zip(indices, scales, strict=True)
    ]


def read_digital(header: EdfHeader, index: int, segment: Segment | None = None) -> np.ndarray:
    """The integers of one signal as stored, int16 (EDF) or int32 (BDF) [T].

    Of one segment only its own records are touched; without one, all records come joined.
    """
    return _digital(header, map_records(header, segment), index)


def linear_scale(header: EdfHeader, index: int) -> tuple[float, float]:
    """Gain and offset from stored integers to the physical dimension of the header.

    A physical minimum above the maximum is an inverted amplifier and allowed by the standard.
    Raises RecordingRefused ``limits`` where one can't be read, or the two of a pair are equal.
    """
    limits = [header.physical_min, header.physical_max, header.digital_min, header.digital_max]
    low, high, digital_low, digital_high = (values[index] for values in limits)
    where = f"signal {index + 1} of {len(header.labels)}"
    if any(map(math.isnan, (low, high, digital_low, digital_high))):
        raise RecordingRefused("limits", f"{where}: {_no_number(header)}")
    if low == high:
        reason = f"{where}: physical minimum and maximum are equal ({low:g}), expected a range"
        raise RecordingRefused("limits", reason)
    if digital_low >= digital_high:
        reason = f"{where}: digital minimum {digital_low:g} is not below maximum {digital_high:g}"
        raise RecordingRefused("limits", reason)
    gain = (high - low) / (digital_high - digital_low)
    if not math.isfinite(gain * max(abs(digital_low), abs(digital_high), 2**23) * 1e6):
        raise RecordingRefused("limits", f"{where}: physical limits too large to compute with")
    return gain, low - digital_low * gain


def microvolt_scale(
    header: EdfHeader, index: int, assumed_unit: str | None = None, unit: str | None = None
) -> tuple[float, float]:
    """Gain and offset from stored integers to microvolts: µV = digital · gain + offset.

    ``assumed_unit`` stands in where the signal names no unit, or one that nobody knows; ``unit``
    is used in place of what it names. Raises RecordingRefused ``unit``, ``limits`` or ``header``.
    """
    if header.is_annotation(index) or not header.samples_per_record[index]:
        raise RecordingRefused("header", f"signal {index + 1} holds no samples")
    factor = microvolts_of(header.units[index], index, assumed_unit, unit)
    gain, offset = linear_scale(header, index)
    return gain * factor, offset * factor


def _no_number(header: EdfHeader) -> str:
    reason = "a limit is not a number"
    if "comma-unclear" in header.notes:
        reason += ", or has a comma before three digits: set read.decimal_comma=true if that is"
        reason += " a decimal comma"
    return reason


def _digital(header: EdfHeader, records: np.ndarray, index: int) -> np.ndarray:
    part = np.empty(signal_bytes(header, records, index).shape, np.uint8)
    start = 0
    for piece in in_pieces(records):
        part[start : start + len(piece)] = signal_bytes(header, piece, index)
        start += len(piece)
    if header.bytes_per_sample == 2:
        return part.view("<i2").reshape(-1)
    # Three bytes into the upper part of four, then an arithmetic shift keeps the sign.
    wide = np.zeros((part.size // 3, 4), dtype=np.uint8)
    wide[:, 1:] = part.reshape(-1, 3)
    shifted: np.ndarray = wide.view("<i4").reshape(-1) >> 8
    return shifted

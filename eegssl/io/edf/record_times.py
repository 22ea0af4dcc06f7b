"""Read when each record of an EDF+ file was taken.

mne and edfio join the pieces of a discontinuous file to one signal without a word; every
later time is then wrong. Here the stamps of all records are compared with their order, whatever
the header claims: a file is split at its gaps also where it says EDF+C, because a writer that
stamped a gap saw one. What has no one meaning (records that overlap, run backwards or drift, gaps
between records without stamps) is refused.
"""

from dataclasses import dataclass

import numpy as np

from eegssl.errors import RecordingRefused
from eegssl.io.edf.layout import EdfHeader
from eegssl.io.edf.records import annotation_bytes, map_records
from eegssl.io.edf.tal import first_onset, parse_tals
from eegssl.io.recording_header import Segment

# Ours: writers round stamps to milliseconds, and durations such as 1/3 s to eight characters.
STEP_TOLERANCE_S = 1e-3
TOTAL_TOLERANCE_S = 0.5
# Ours: three years; beyond that a damaged stamp is likelier than a pause.
LONGEST_GAP_S = 1e8
# Ours: a sample's byte is a plus sign by chance in far fewer records than this share.
SIGNS_DISPLACED = 0.8


@dataclass(frozen=True)
class RecordTimes:
    """The segments of a file, the onset of its first record on the header's clock, and notes."""

    segments: tuple[Segment, ...]
    start_offset_s: float = 0.0
    notes: tuple[str, ...] = ()


def read_record_times(header: EdfHeader) -> RecordTimes:
    """Find gaps: records that begin later than the one before ends, by their stamps.

    Files without samples have no gaps. The stamps count whether the header says EDF+ or BDF+ or
    not, if the first record has one. Raises RecordingRefused ``discontinuous`` where records
    overlap, run backwards or drift, where a gap can't be placed, or where a file says that it has
    gaps and does not say where; ``damaged`` where other bytes are in place of stamps.
    """
    whole = Segment(0, header.n_records, 0.0)
    if not header.is_plus and not _begins_with_a_stamp(header):
        return RecordTimes((whole,))
    stamps_s = _record_stamps(header)
    known = np.flatnonzero(np.isfinite(stamps_s))
    n_missing = header.n_records - len(known)
    if n_missing and not header.continuous:
        reason = f"says that it has gaps, and {n_missing} records carry no time stamp"
        raise RecordingRefused("discontinuous", reason)
    notes = ("no-timekeeping",) if n_missing else ()
    if len(known) == 0:
        return RecordTimes((whole,), notes=notes)
    offset_s = float(stamps_s[known[0]]) - float(known[0]) * header.record_duration_s
    rates = [header.sfreq_hz(i) for i in header.ordinary_signals if header.samples_per_record[i]]
    if not rates:
        return RecordTimes((whole,), offset_s, notes)
    tolerance_s = max(STEP_TOLERANCE_S, 1 / max(rates))
    segments = _split(header, known, stamps_s[known] - offset_s, tolerance_s)
    return RecordTimes(segments, offset_s, notes + (("gaps",) if len(segments) > 1 else ()))


def _begins_with_a_stamp(header: EdfHeader) -> bool:
    if not header.annotation_signals:
        return False
    record = next(iter(annotation_bytes(header, header.annotation_signals[0])))
    return any(first_onset(record, comma=comma) is not None for comma in (False, True))


def _record_stamps(header: EdfHeader) -> np.ndarray:
    """Onset of every record in seconds, NaN where there is no time-keeping TAL.

    A record without one may be empty there, or begin with another annotation. Any other bytes
    mean that all data are shifted, as after a transfer that dropped or added bytes; so do stamps
    that begin later than others of the file, or have lost their sign.
    """
    stamps_s = np.full(header.n_records, np.nan)
    if not header.annotation_signals:
        return stamps_s
    comma = header.decimal_comma
    n_damaged = n_stamped = n_signed = n_commas = 0
    for number, record in enumerate(annotation_bytes(header, header.annotation_signals[0])):
        onset_s = first_onset(record, comma=comma)
        if onset_s is None:
            n_commas += first_onset(record, comma=True) is not None
            n_damaged += _displaced(record, comma)
            continue
        stamps_s[number] = onset_s
        n_stamped += 1
        n_signed += record.startswith((b"+", b"-"))
    if n_commas and n_commas == n_damaged:
        reason = f"the time stamps of {n_commas} of {header.n_records} records have a decimal comma"
        reason += ", expected a point: set read.decimal_comma=true"
        raise RecordingRefused("discontinuous", reason)
    n_damaged += min(n_signed, n_stamped - n_signed)
    if n_stamped > 1 and not n_signed and _signs_before_stamps(header):
        n_damaged = n_stamped
    if n_damaged:
        reason = f"{n_damaged} of {header.n_records} records hold other bytes where a time stamp"
        reason += " belongs: bytes were lost or added on the way"
        raise RecordingRefused("damaged", reason)
    return stamps_s


def _signs_before_stamps(header: EdfHeader) -> bool:
    """Whether the sign of nearly every stamp lies one byte too early: the first record lost one."""
    start = sum(header.samples_per_record[: header.annotation_signals[0]]) * header.bytes_per_sample
    records = map_records(header)
    before = records[:, start - 1] if start else records[:-1, -1]
    return bool(np.mean(before == ord("+")) > SIGNS_DISPLACED)


def _displaced(record: bytes, comma: bool) -> bool:
    """Whether a record without a stamp at its start has junk there, or a stamp further on."""
    piece = record.strip(b"\x00").split(b"\x00", 1)[0]
    if not piece:
        return False
    stamped = first_onset(piece, comma=comma) is not None
    return stamped or parse_tals(piece, comma=comma).n_unreadable > 0


def _split(
    header: EdfHeader, known: np.ndarray, onsets_s: np.ndarray, tolerance_s: float
) -> tuple[Segment, ...]:
    """Segments between gaps; ``onsets_s`` are those of the ``known`` records, from the first."""
    late_s = np.diff(onsets_s) - np.diff(known) * header.record_duration_s
    _check_order(np.diff(onsets_s), late_s, tolerance_s)
    gaps = np.flatnonzero(late_s > tolerance_s)
    if np.any(late_s > LONGEST_GAP_S):
        reason = f"a gap of {float(late_s.max()):.0f} s, expected at most {LONGEST_GAP_S:.0f}"
        raise RecordingRefused("discontinuous", reason)
    if np.any(np.diff(known)[gaps] > 1):
        reason = "a gap lies among records that carry no time stamps, so that it has no place"
        raise RecordingRefused("discontinuous", reason)
    firsts = np.concatenate(([0], known[gaps + 1]))
    starts_s = np.concatenate(([0.0], onsets_s[gaps + 1]))
    own = np.searchsorted(firsts, known, side="right") - 1
    drift_s = onsets_s - starts_s[own] - (known - firsts[own]) * header.record_duration_s
    worst_s = float(drift_s[np.argmax(np.abs(drift_s))])
    if abs(worst_s) > TOTAL_TOLERANCE_S:
        reason = f"the records' time stamps drift by {worst_s:.3f} s against their duration"
        raise RecordingRefused("discontinuous", reason)
    counts = np.diff(np.append(firsts, header.n_records))
    return tuple(
        Segment(int(first), int(count), round(float(start_s), 9))
        for first, count, start_s in zip(firsts, counts, starts_s, strict=True)
    )


def _check_order(steps_s: np.ndarray, late_s: np.ndarray, tolerance_s: float) -> None:
    """Refuse records that begin before the one before them has ended."""
    early = late_s < -tolerance_s
    if not early.any():
        return
    n_backwards = int(np.sum(steps_s[early] < 0))
    if n_backwards:
        reason = f"the time stamps of {n_backwards} records run backwards"
    else:
        n, most_s = int(early.sum()), float(-late_s.min())
        reason = f"{n} records begin before the one before has ended, by up to {most_s:.3f} s"
    reason += "; expected each to follow the one before, at once or after a gap"
    raise RecordingRefused("discontinuous", reason)

"""Are the records of an EDF+ file without gaps? Its time-keeping annotations say so.

mne and edfio join the pieces of a discontinuous file to one signal without a word; every
later time is then wrong. Here the stamps of all records are compared with their order, whatever
the header claims.
"""

import numpy as np

from eegssl.errors import RecordingRefused
from eegssl.io.edf_layout import EdfHeader
from eegssl.io.records import annotation_bytes
from eegssl.io.tal import first_onset, parse_tals

# Ours: writers round stamps to milliseconds, and durations such as 1/3 s to eight characters.
STEP_TOLERANCE_S = 1e-3
TOTAL_TOLERANCE_S = 0.5


def check_timekeeping(header: EdfHeader) -> tuple[float, tuple[str, ...]]:
    """The onset of the first record in seconds, and notes.

    Raises RecordingRefused ``discontinuous`` where records are missing, overlap or drift, or
    where a file says that it has gaps and does not say where.
    """
    if not header.is_plus:
        return 0.0, ()
    stamps = _record_stamps(header)
    known = np.flatnonzero(np.isfinite(stamps))
    if not header.continuous and len(known) < header.n_records:
        n_missing = header.n_records - len(known)
        reason = f"says that it has gaps, and {n_missing} records carry no time stamp"
        raise RecordingRefused("discontinuous", reason)
    if len(known) == 0:
        return 0.0, ("no-timekeeping",)
    _check_gaps(header, known, stamps[known])
    offset_s = float(stamps[known[0]]) - float(known[0]) * header.record_duration_s
    return offset_s, () if len(known) == header.n_records else ("no-timekeeping",)


def _record_stamps(header: EdfHeader) -> np.ndarray:
    """Onset of every record in seconds, NaN where there is no time-keeping TAL.

    A record without one may be empty there, or begin with another annotation. Any other bytes
    mean that all data are shifted, as after a transfer that dropped or added bytes.
    """
    if not header.annotation_signals:
        return np.full(header.n_records, np.nan)
    raw = list(annotation_bytes(header, header.annotation_signals[0]))
    onsets = [first_onset(record) for record in raw]
    n_damaged = sum(
        onset is None
        and bool(piece := record.strip(b"\x00").split(b"\x00")[0])
        and parse_tals(piece).n_unreadable > 0
        for onset, record in zip(onsets, raw, strict=True)
    )
    if n_damaged:
        reason = f"{n_damaged} of {len(raw)} records hold other bytes where a time stamp belongs"
        raise RecordingRefused("damaged", reason + ": bytes were lost or added on the way")
    return np.array([np.nan if onset is None else onset for onset in onsets])


def _check_gaps(header: EdfHeader, known: np.ndarray, stamps_s: np.ndarray) -> None:
    rates = [header.sfreq_hz(i) for i in header.ordinary_signals if header.samples_per_record[i]]
    tolerance_s = max(STEP_TOLERANCE_S, 1 / max(rates)) if rates else STEP_TOLERANCE_S
    error_s = np.diff(stamps_s) - np.diff(known) * header.record_duration_s
    jumps = np.flatnonzero(np.abs(error_s) > tolerance_s)
    if len(jumps):
        worst = float(error_s[np.argmax(np.abs(error_s))])
        kind = "gaps" if worst > 0 else "overlaps"
        reason = f"{len(jumps)} {kind} between records, the largest {abs(worst):.3f} s"
        raise RecordingRefused("discontinuous", reason + "; split the file at its gaps first")
    drift_s = float(np.sum(error_s))
    if abs(drift_s) > TOTAL_TOLERANCE_S:
        reason = f"the records' time stamps drift by {drift_s:.3f} s against their duration"
        raise RecordingRefused("discontinuous", reason)

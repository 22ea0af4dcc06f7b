"""Write annotations as an EDF+ file, and read them back.

Our own bytes: pyedflib cuts texts at 40 letters, leaves out annotations beyond those that its
channels hold without an error, and makes a file without signals as long as its last annotation.
Tests read the files back with pyedflib and mne.
"""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from eegssl.artifacts.atomic import atomic_path
from eegssl.errors import RecordingRefused
from eegssl.io.edf.annotated.header_identity import ANONYMOUS, Identity, main_header, padded
from eegssl.io.edf.annotated.signal_headers import annotation_fields
from eegssl.io.edf.annotated.tal_writer import TalRecords
from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.header import FIELD_WIDTHS, read_header
from eegssl.io.recording_header import Annotation

_BLOCK_BYTES = 1 << 20
_FIELD = 8
"""Letters that a header has for the duration of a record."""


def write_annotation_file(
    path: Path,
    annotations: Sequence[Annotation],
    duration_s: float,
    identity: Identity = ANONYMOUS,
) -> None:
    """Write an EDF+ file without signals that lasts as long as the recording (in seconds).

    Onsets count from the recording's first sample. Raises ValueError for a duration that is not
    above 0 and for annotations that EDF+ can't hold, RecordingRefused where what can be read of the
    file is not what was to be written.
    """
    n_records, record_s = record_layout(duration_s)
    tals = TalRecords(annotations, Decimal(record_s), n_records, subsecond(identity), unit=2)
    own = annotation_fields(tals.width // 2, bdf=False)
    head = main_header(identity, bdf=False, n_signals=1, n_records=n_records, record_s=record_s)
    head += b"".join(padded(own.get(name, ""), width) for name, width in FIELD_WIDTHS.items())
    with atomic_path(path) as partial:
        try:
            with partial.open("wb") as stream:
                stream.write(head)
                step = max(1, _BLOCK_BYTES // tals.width)
                for first in range(0, n_records, step):
                    stream.write(tals.block(first, min(step, n_records - first)).data)
            require_readable(partial, annotations)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def record_layout(duration_s: float) -> tuple[int, str]:
    """Records, of a second or more, whose durations add up to that of a recording.

    Their duration is text of at most eight letters, as a header holds it. Where none divides the
    recording exactly, the one that comes nearest; far below a millisecond in a day of EEG.
    """
    if not 0 < duration_s < 10**_FIELD:
        raise ValueError(f"a recording of {duration_s} s has no place in EDF+")
    counts = np.arange(max(1, round(duration_s)), 0, -1)
    exact = duration_s / counts
    whole = np.maximum(1, np.floor(np.log10(np.maximum(exact, 1))) + 1)
    decimals = np.maximum(0, _FIELD - 1 - whole)
    rounded = np.round(exact * 10**decimals) / 10**decimals
    error = np.where(rounded > 0, np.abs(counts * rounded - duration_s), np.inf)
    best = int(np.argmax(error <= max(5e-9, float(error.min()))))
    text = f"{rounded[best]:.{int(decimals[best])}f}"
    return int(counts[best]), text.rstrip("0").rstrip(".") if "." in text else text


def subsecond(identity: Identity) -> Decimal:
    """How long after the whole second of the header's clock the first sample was taken."""
    return Decimal(identity.start.microsecond) / 10**6


def require_readable(path: Path, annotations: Sequence[Annotation]) -> None:
    """Raise RecordingRefused where the annotations read from a file are not the given ones."""
    scan = scan_annotations(read_header(path))
    read, written = (sorted(map(_rounded, some)) for some in (scan.annotations, annotations))
    if scan.n_unreadable or read != written:
        n = len(set(written) - set(read))
        reason = f"{n} of {len(written)} annotations can't be read back as they were written, and "
        raise RecordingRefused("annotations", f"{reason}{scan.n_unreadable} pieces are none")


def _rounded(one: Annotation) -> tuple[float, float, str]:
    return round(one.onset_s, 6), round(one.duration_s or 0.0, 6), one.text

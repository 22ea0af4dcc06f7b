"""Copy an EDF or BDF file with annotations added.

Records are copied byte by byte: pyedflib would cut samples beyond the digital limits, write the
limits anew, and refuse records whose duration is no multiple of 10 µs. Tests read the copies back
with pyedflib and mne. Memory stays at a few records, however long the recording is.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from io import BufferedReader
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.atomic import atomic_path
from eegssl.errors import RecordingRefused
from eegssl.io.edf.annotated.annotation_file import (
    require_readable,
    subsecond,
    write_annotation_file,
)
from eegssl.io.edf.annotated.header_identity import (
    ANONYMOUS,
    identity_of,
    main_header,
    plain_ascii,
)
from eegssl.io.edf.annotated.signal_headers import copied_signal_headers
from eegssl.io.edf.annotated.tal_writer import TalRecords
from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.layout import EdfHeader
from eegssl.io.edf.records import map_records
from eegssl.io.edf.tal import decode
from eegssl.io.recording_header import Annotation
from eegssl.regular_files import open_regular

_BLOCK_BYTES = 4 << 20
_DURATION = slice(244, 252)


def write_annotated_copy(
    path: Path,
    header: EdfHeader,
    annotations: Sequence[Annotation],
    *,
    keep_identity: bool = False,
) -> Literal["copy", "annotations"]:
    """Write the recording with annotations added, as EDF+ or BDF+; says what was written.

    The ending of ``path`` is that of `copy_ending`: software reads 16 or 24 bits by it.

    A file with gaps gets its annotations alone, as `write_annotation_file` writes them: software
    that reads EDF+D as if it had no gaps would show every later one at a wrong time. So does one
    with a signal without samples or a range, which other software would not open. Without
    ``keep_identity`` nothing that may name somebody is copied: not patient, date, free text on
    signals, nor the annotations that the file holds. With it they stay, in the order of EDF+.
    Raises ValueError and RecordingRefused as `write_annotation_file` does, RecordingRefused
    ``unreadable`` where the file changed since its header was read.
    """
    identity = identity_of(header) if keep_identity else ANONYMOUS
    held = scan_annotations(header).annotations if keep_identity else ()
    every = [*(Annotation(a.onset_s, a.duration_s, _clean(a.text)) for a in held), *annotations]
    if not can_copy(header):
        write_annotation_file(path, every, header.span_s, identity)
        return "annotations"
    record_s = _record_s(header)
    width = header.bytes_per_sample
    layout = (Decimal(record_s), header.n_records, subsecond(identity), width)
    tals = TalRecords(every, *layout)
    head = main_header(
        identity,
        bdf=width == 3,
        n_signals=len(header.ordinary_signals) + 1,
        n_records=header.n_records,
        record_s=record_s,
    )
    head += copied_signal_headers(header, tals.width // width, keep_identity=keep_identity)
    with atomic_path(path) as partial:
        try:
            with partial.open("wb") as stream:
                stream.write(head)
                for block in _blocks(header, tals):
                    stream.write(block.data)
            require_readable(partial, every)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    return "copy"


def copy_ending(header: EdfHeader) -> str:
    """The ending of the file that `write_annotated_copy` makes: ``.bdf`` of 24 bits, ``.edf``."""
    return ".bdf" if header.bytes_per_sample == 3 and can_copy(header) else ".edf"


def can_copy(header: EdfHeader) -> bool:
    """Whether a file has no gaps, and each signal samples and limits that give a scale."""
    most = 1 << (8 * header.bytes_per_sample - 1)
    return len(header.segments) == 1 and all(
        header.samples_per_record[i] > 0
        and np.isfinite([header.physical_min[i], header.physical_max[i]]).all()
        and header.physical_min[i] != header.physical_max[i]
        and -most <= header.digital_min[i] < header.digital_max[i] < most
        for i in header.ordinary_signals
    )


def _blocks(header: EdfHeader, tals: TalRecords) -> Iterator[NDArray[np.uint8]]:
    """Records [n, bytes] of the copy: the samples of the source, then the annotations."""
    kept = _sample_bytes(header)
    step = max(1, _BLOCK_BYTES // header.record_bytes)
    with open_regular(header.path) as stream:
        stream.seek(header.header_bytes)
        for first in range(0, header.n_records, step):
            count = min(step, header.n_records - first)
            records = _records(stream, count, header.record_bytes)
            parts = [records[:, start:stop] for start, stop in kept]
            yield np.concatenate([*parts, tals.block(first, count)], axis=1)
    map_records(header)  # refuses a file that changed meanwhile


def _records(stream: BufferedReader, count: int, record_bytes: int) -> NDArray[np.uint8]:
    raw = stream.read(count * record_bytes)
    if len(raw) < count * record_bytes:
        raise RecordingRefused("unreadable", "the file became shorter while it was copied")
    return np.frombuffer(raw, np.uint8).reshape(count, record_bytes)


def _sample_bytes(header: EdfHeader) -> list[tuple[int, int]]:
    """Where in a record the bytes of signals with samples lie, as (first, last + 1)."""
    ends = np.cumsum(header.samples_per_record) * header.bytes_per_sample
    starts = np.concatenate(([0], ends[:-1]))
    return [(int(starts[i]), int(ends[i])) for i in header.ordinary_signals]


def _record_s(header: EdfHeader) -> str:
    """The duration of a record as the header writes it, with a point."""
    with open_regular(header.path) as stream:
        text = plain_ascii(decode(stream.read(256)[_DURATION]))
    return text.replace(",", ".") if "decimal-comma" in header.notes else text


def _clean(text: str) -> str:
    """A text of the source without the letters that EDF+ keeps for itself."""
    return "".join(" " if c in "\x00\x14\x15" else c for c in text)

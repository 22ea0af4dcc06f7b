"""Read the bytes of EDF and BDF data records."""

from collections.abc import Iterator

import numpy as np

from eegssl.errors import RecordingRefused
from eegssl.io.edf.layout import EdfHeader
from eegssl.io.file_bytes import in_pieces, open_bytes
from eegssl.io.recording_header import Segment

_CHUNK_BYTES = 1 << 20


def map_records(header: EdfHeader, segment: Segment | None = None) -> np.ndarray:
    """The records of a segment, or all, as uint8 [records, bytes], mapped and not yet read.

    Raises ValueError for a segment outside the file, and RecordingRefused ``unreadable`` where the
    file is gone or has changed since its header was read: a map over the end of a file would end
    the process.
    """
    first, n_records = 0, header.n_records
    if segment:
        first, n_records = segment.first_record, segment.n_records
    if first < 0 or n_records < 1 or first + n_records > header.n_records:
        raise ValueError(f"records {first} to {first + n_records} of {header.n_records}")
    try:
        file = open_bytes(header.path)
    except OSError as error:
        raise RecordingRefused("unreadable", f"can't be mapped: {error.strerror}") from error
    if file.data.size != header.file_bytes:
        raise RecordingRefused("unreadable", "the file's size changed while it was read")
    if file.modified_ns != header.modified_ns:
        raise RecordingRefused("unreadable", "the file changed while it was read: run again")
    size = header.record_bytes
    start, stop = (header.header_bytes + n * size for n in (first, first + n_records))
    return file.data[start:stop].reshape(n_records, size)


def signal_bytes(header: EdfHeader, records: np.ndarray, index: int) -> np.ndarray:
    """The part of every record that belongs to one signal, uint8 [records, bytes], a view."""
    start = sum(header.samples_per_record[:index]) * header.bytes_per_sample
    return records[:, start : start + header.samples_per_record[index] * header.bytes_per_sample]


def annotation_bytes(header: EdfHeader, index: int) -> Iterator[bytes]:
    """The bytes of one annotation signal, record by record."""
    for records in in_pieces(map_records(header)):
        part = signal_bytes(header, records, index)
        width = part.shape[1]
        step = max(1, _CHUNK_BYTES // max(1, width))
        for first in range(0, len(part), step):
            chunk = part[first : first + step].tobytes()
            for k in range(len(part[first : first + step])):
                yield chunk[k * width : (k + 1) * width]

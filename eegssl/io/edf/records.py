"""The bytes of EDF and BDF data records, through one memory map per file."""

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from eegssl.errors import RecordingRefused
from eegssl.io.edf.layout import EdfHeader, Segment

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
    shape = (header.n_records, header.record_bytes)
    try:
        status = os.stat(header.path)
        if status.st_size != header.file_bytes:
            raise RecordingRefused("unreadable", "the file's size changed while it was read")
        state = (status.st_dev, status.st_ino, status.st_mtime_ns)
        records = _map(header.path, header.header_bytes, shape, state)
    except OSError as error:
        raise RecordingRefused("unreadable", f"can't be mapped: {error.strerror}") from error
    return records[first : first + n_records]


@lru_cache(maxsize=1)
def _map(path: Path, start: int, shape: tuple[int, int], _state: tuple[int, ...]) -> np.ndarray:
    """Of the last file the map is kept: a new one costs ten times as much as reading a channel."""
    return np.memmap(path, np.uint8, "r", offset=start, shape=shape)


def signal_bytes(header: EdfHeader, records: np.ndarray, index: int) -> np.ndarray:
    """The part of every record that belongs to one signal, uint8 [records, bytes], a view."""
    start = sum(header.samples_per_record[:index]) * header.bytes_per_sample
    return records[:, start : start + header.samples_per_record[index] * header.bytes_per_sample]


def annotation_bytes(header: EdfHeader, index: int) -> Iterator[bytes]:
    """The bytes of one annotation signal, record by record."""
    part = signal_bytes(header, map_records(header), index)
    width = part.shape[1]
    step = max(1, _CHUNK_BYTES // max(1, width))
    for first in range(0, len(part), step):
        chunk = part[first : first + step].tobytes()
        for k in range(len(part[first : first + step])):
            yield chunk[k * width : (k + 1) * width]

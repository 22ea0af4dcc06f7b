"""The bytes of EDF and BDF data records, through one memory map per reading."""

import os
from collections.abc import Iterator

import numpy as np

from eegssl.errors import RecordingRefused
from eegssl.io.edf_layout import EdfHeader


def map_records(header: EdfHeader) -> np.ndarray:
    """All whole records as uint8 [records, bytes], mapped and not yet read.

    Raises RecordingRefused ``unreadable`` where the file is gone or has changed since its header
    was read: a map over the end of a file would end the process.
    """
    shape = (header.n_records, header.record_bytes)
    try:
        if os.stat(header.path).st_size != header.file_bytes:
            raise RecordingRefused("unreadable", "the file's size changed while it was read")
        return np.memmap(header.path, np.uint8, "r", offset=header.header_bytes, shape=shape)
    except OSError as error:
        raise RecordingRefused("unreadable", f"can't be mapped: {error.strerror}") from error


def signal_bytes(header: EdfHeader, records: np.ndarray, index: int) -> np.ndarray:
    """The part of every record that belongs to one signal, uint8 [records, bytes], a view."""
    start = sum(header.samples_per_record[:index]) * header.bytes_per_sample
    return records[:, start : start + header.samples_per_record[index] * header.bytes_per_sample]


def annotation_bytes(header: EdfHeader, index: int) -> Iterator[bytes]:
    """The bytes of one annotation signal, record by record."""
    part = signal_bytes(header, map_records(header), index)
    for record in part:
        yield record.tobytes()

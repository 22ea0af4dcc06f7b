"""Read ``.npy`` files, or columns of them, within what they hold.

As `eegssl.artifacts.array_parts` does for tensors: a file that NumPy did not write, or of another
type, shape or size than expected, is an ArtifactError that names it.
"""

import os
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.array_parts import mapped, require_kind
from eegssl.artifacts.json_parts import damaged
from eegssl.regular_files import open_sized

_SMALL_BYTES = 1 << 17
"""Files of no more are read at once, which is faster than to map them."""
_HEAD_BYTES = 4096
_NPY = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '[<|]([a-z][0-9])', 'fortran_order': (True|False), "
    rb"'shape': \(([0-9]{1,15}, ?(?:[0-9]{1,15}(?:, [0-9]{1,15})*)?)\), \} *\n"
)
"""As NumPy writes it."""
_OTHER_SIZE = "it has another size than its header says"
_Bytes = bytes | memoryview


class _Place(NamedTuple):
    """An array within its file."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    order: Literal["F", "C"]

    def within(self, data: _Bytes) -> NDArray[Any]:
        """The array, where all bytes of its file are at hand."""
        return np.ndarray(self.shape, self.dtype, data, self.offset, order=self.order)


def map_array(path: Path, dtypes: str, shape: Sequence[int | None]) -> NDArray[Any]:
    """Map an ``.npy`` file of one of these types (as ``u1 u2``); None in ``shape`` is any length.

    Raises ArtifactError for a file that NumPy did not write, of another type or shape, or of
    another size than these make.
    """

    def read(descriptor: int, size: int) -> "NDArray[Any]":
        data = os.pread(descriptor, min(size, _SMALL_BYTES), 0)
        place = _placed(data, size, path, dtypes, shape)
        return place.within(data) if len(data) == size else _mapped(descriptor, place)

    return _read_of(path, read)


def read_columns(
    path: Path | str, dtypes: str, shape: tuple[int, int], columns: range
) -> NDArray[Any]:
    """Read columns of a two-dimensional ``.npy`` file: [C, n]; raises as `map_array`.

    In Fortran's order they lie together, and are one read.
    """

    def read(descriptor: int, size: int) -> "NDArray[Any]":  # unquoted it takes 3 of 11 µs
        place = _placed(os.pread(descriptor, _HEAD_BYTES, 0), size, path, dtypes, shape)
        if place.order == "C" and shape[0] > 1:  # of an older version
            return _mapped(descriptor, place)[:, columns.start : columns.stop].copy()
        values = np.empty((len(columns), shape[0]), place.dtype)
        first = columns.start * shape[0] * values.itemsize
        if os.preadv(descriptor, [values.data], place.offset + first) < values.nbytes:
            raise damaged(path, _OTHER_SIZE)
        return values.T

    return _read_of(path, read, seen=True)


def _read_of(
    path: Path | str, read: Callable[[int, int], NDArray[Any]], *, seen: bool = False
) -> NDArray[Any]:
    """What is read of a file, by its descriptor and size; ArtifactError where it can't be."""
    try:
        descriptor, size = open_sized(path, seen=seen)
        try:
            return read(descriptor, size)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise damaged(path, f"it can't be read: {error.strerror}") from None


def _mapped(descriptor: int, place: _Place) -> NDArray[Any]:
    return mapped(descriptor, place.dtype, place.shape, place.offset, place.order)


def _placed(
    head: _Bytes, size: int, path: Path | str, dtypes: str, shape: Sequence[int | None]
) -> _Place:
    """Where the array of a file that begins so lies; raises ArtifactError as `map_array`."""
    offset = len(_NPY) + 2 + int.from_bytes(head[len(_NPY) : len(_NPY) + 2], "little")
    try:
        return _place_of(bytes(head[:offset]), size, dtypes, tuple(shape))
    except ValueError as error:
        raise damaged(path, str(error)) from None


@lru_cache(maxsize=256)  # recordings of one length have the same
def _place_of(head: bytes, size: int, dtypes: str, shape: tuple[int | None, ...]) -> _Place:
    """The array behind a header, in a file of ``size`` bytes; raises ValueError for another."""
    header = _HEADER.fullmatch(head, len(_NPY) + 2) if head.startswith(_NPY) else None
    if header is None or header[1].decode() not in dtypes.split():
        raise ValueError(f"it holds no array of {dtypes}")
    dtype = np.dtype(header[1].decode())
    lengths = tuple(int(n) for n in header[3].replace(b" ", b"").split(b",") if n)
    require_kind("the array", (dtype, lengths), dtypes, shape)
    if size != len(head) + prod(lengths) * dtype.itemsize:
        raise ValueError(_OTHER_SIZE)
    return _Place(lengths, dtype, len(head), "F" if header[2] == b"True" else "C")

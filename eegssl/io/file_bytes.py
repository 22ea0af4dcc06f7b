"""Open each input file once, mapped, and notice when it changes.

What was read through a map counts as memory of the process until it is given back; a long recording
is read piece by piece, so that it never counts as a whole.
"""

import hashlib
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from eegssl.regular_files import open_regular, require_regular

PIECE_BYTES = 64 << 20


@dataclass(frozen=True, eq=False)
class FileBytes:
    """All bytes of a file as a map, uint8 [N], and when they were last changed."""

    data: np.ndarray
    modified_ns: int

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the bytes when this was first asked, in hexadecimal digits."""
        return self.hash_now()

    def hash_now(self) -> str:
        """The SHA-256 of the bytes as they are now: the map follows what is written to the file."""
        pieces = in_pieces(self.data)
        digest = hashlib.sha256(next(pieces).data)
        for piece in pieces:
            digest.update(piece.data)
        return digest.hexdigest()


def in_pieces(mapped: np.ndarray) -> Iterator[np.ndarray]:
    """Consecutive rows of a mapped array [N, ...], one piece at least: each is to be used at once.

    Where there are several, the pages of one are given back before the next.
    """
    row_bytes = max(1, mapped[:1].nbytes)
    step = max(1, PIECE_BYTES // row_bytes)
    for start in range(0, max(1, len(mapped)), step):
        yield mapped[start : start + step]
        if len(mapped) > step:
            give_back(mapped)


def give_back(mapped: np.ndarray) -> None:
    """Give the pages of a map that were read back to the system, which keeps them in its cache."""
    base: object = mapped
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)


def open_bytes(path: Path) -> FileBytes:
    """Map a file; while it stays as it is, the map is kept for the next call.

    Raises OSError where it can't be opened or is no regular file: a pipe would never end.
    """
    status = os.stat(require_regular(path))
    return _map(path, status.st_mtime_ns, (status.st_dev, status.st_ino, status.st_size))


@lru_cache(maxsize=8)  # a recording and its label files
def _map(path: Path, modified_ns: int, _file: tuple[int, ...]) -> FileBytes:
    with open_regular(path) as file:
        if not os.fstat(file.fileno()).st_size:
            return FileBytes(np.zeros(0, np.uint8), modified_ns)
        return FileBytes(np.memmap(file, np.uint8, "r"), modified_ns)

"""Open each input file once, mapped, and notice when it changes."""

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from eegssl.regular_files import open_regular, require_regular


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
        return hashlib.sha256(self.data.data).hexdigest()


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

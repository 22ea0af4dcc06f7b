"""Write files atomically, and hash files and JSON by content."""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eegssl.regular_files import open_regular

PARTIAL = ".partial"
"""Suffix of a file that is being written; a killed run may leave one behind."""


@contextmanager
def atomic_path(path: Path, mode: int | None = None) -> Iterator[Path]:
    """A temporary path beside ``path``; it is renamed to ``path`` if the block succeeds.

    The file gets ``mode``, by default that of the user's umask, whichever library writes it. It is
    made anew and replaces what is there: no link is followed. It is removed where the block fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(6)}{PARTIAL}")  # on any node
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with _opened(temporary, flags, 0o666 if mode is None else mode) as descriptor:
        mode = os.fstat(descriptor).st_mode
    try:
        yield temporary
        with _opened(temporary, os.O_RDONLY | os.O_NOFOLLOW) as descriptor:
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def append_line(path: Path, line: str) -> None:
    """Add a line to a file that an atomic write began; raises OSError where it is a link now."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags), "ab") as stream:
        stream.write(line.encode())


@contextmanager
def _opened(path: Path, flags: int, mode: int = 0o666) -> Iterator[int]:
    """A file's descriptor, closed at the end of the block."""
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK, mode)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def canonical_json(value: Any, indent: int | None = None) -> str:
    """JSON with sorted keys and no NaN, the same text for equal values."""
    return json.dumps(value, sort_keys=True, indent=indent, allow_nan=False, ensure_ascii=False)


def hash_json(value: Any) -> str:
    """The first 32 hexadecimal digits of the SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:32]


def hash_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal digits."""
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

"""Lock a file so that one process alone writes what it guards."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path) -> Iterator[bool]:
    """Wait for the lock on a file, made where it is missing, and hold it for the block.

    Yields False where the file system has no locks (some NFS and Lustre mounts): then nothing is
    held.
    """
    descriptor = open_lock(path, 0o600)
    try:
        yield try_lock(descriptor, wait=True) is not None
    finally:
        os.close(descriptor)


def open_lock(path: Path, mode: int = 0o666) -> int:
    """Open a lock file, made where it is missing; raises OSError where it is a link or a pipe."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    return os.open(path, flags, mode)


def try_lock(descriptor: int, *, wait: bool = False) -> bool | None:
    """Lock an open file: whether it is ours now, or None where the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True

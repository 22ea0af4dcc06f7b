"""Raise a full disk as an OSError, whichever library meets it."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from eegssl.errors import DISK_FULL

_CODE = re.compile(r"os error (\d+)")


class FullDisk(OSError):
    """No space left; ``needed_bytes`` is how much was to be written, where that is known."""

    needed_bytes: int | None = None


@contextmanager
def system_errors(path: Path, needed_bytes: int | None = None) -> Iterator[None]:
    """Turn an error of the system that safetensors met in writing a file into an OSError."""
    try:
        yield
    except SafetensorError as error:
        code = _CODE.search(str(error))
        if code is None:
            raise
        raise _with_need(int(code[1]), path, needed_bytes) from None
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise _with_need(error.errno, path, needed_bytes) from None


def _with_need(code: int, path: Path, needed_bytes: int | None) -> OSError:
    if code not in DISK_FULL:
        return OSError(code, os.strerror(code), os.fspath(path))
    full = FullDisk(code, os.strerror(code), os.fspath(path))
    full.needed_bytes = needed_bytes
    return full

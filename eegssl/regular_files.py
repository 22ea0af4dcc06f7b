"""Open regular files only, up to a bounded size.

Folders of users and artifacts hold what somebody else put there: a named pipe is waited for and a
device read without end, and a sparse file of terabytes fills the memory. Whatever eegssl reads of
such a folder is opened or checked here; only files that come with the package are not.
"""

import codecs
import errno
import io
import os
import stat
from pathlib import Path
from typing import TypeVar

AnyPath = TypeVar("AnyPath", bound=Path | str)
MOST_TEXT_BYTES = 256 << 20
"""The most that is read of a text or JSON file, which is wholly in memory (ours)."""
_AT_ONCE = 1 << 20
_HEAD_BYTES = 4096

_KINDS = (
    (stat.S_ISDIR, errno.EISDIR, "it is a folder"),
    (stat.S_ISFIFO, errno.ESPIPE, "it is a named pipe"),
    (stat.S_ISSOCK, errno.ESPIPE, "it is a socket"),
    (stat.S_ISCHR, errno.ESPIPE, "it is a device"),
    (stat.S_ISBLK, errno.ESPIPE, "it is a device"),
)


class UnusableFile(OSError):
    """An entry that is no regular file, or is too large; ``strerror`` has what was found."""


def require_regular(path: AnyPath, most_bytes: int | None = None) -> AnyPath:
    """Return the path of a regular file, for a library that opens it itself; links are followed.

    Raises UnusableFile for anything else and for a file larger than ``most_bytes``, any other
    OSError where there is no such file or it can't be reached.
    """
    _check(os.stat(path), path, most_bytes)
    return path


def open_regular(path: Path | str, most_bytes: int | None = None) -> io.BufferedReader:
    """Open a regular file for reading its bytes; see `require_regular` for the errors."""
    return open(open_descriptor(path, most_bytes), "rb")


def open_descriptor(path: Path | str, most_bytes: int | None = None) -> int:
    """Open a regular file; whoever asks has to close it. See `require_regular` for the errors."""
    return open_sized(path, most_bytes)[0]


def open_sized(
    path: Path | str, most_bytes: int | None = None, *, seen: bool = False
) -> tuple[int, int]:
    """As `open_descriptor`; the descriptor and the file's size in bytes.

    ``seen`` says that it was seen to be a regular file before, as a part of an artifact is when
    that is opened: it is looked at once it is open, and a third of the time is saved.
    """
    if not seen:
        require_regular(path, most_bytes)  # opening a device may already do something
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        _check(status, path, most_bytes)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, status.st_size


def read_bytes(path: Path, most_bytes: int = MOST_TEXT_BYTES) -> bytes:
    """Read all bytes of a regular file; see `require_regular` for the errors."""
    pieces, size = [], 0
    with open_regular(path, most_bytes) as stream:
        while piece := stream.read(min(_AT_ONCE, most_bytes + 1 - size)):
            pieces.append(piece)
            size += len(piece)
    if size > most_bytes:  # it has grown meanwhile
        raise _too_large(size, path, most_bytes)
    return b"".join(pieces)


def read_text(path: Path, most_bytes: int = MOST_TEXT_BYTES) -> str:
    """Read a text in UTF-8, whatever the locale, without a byte-order mark; line ends as they are.

    Raises UnicodeDecodeError for other bytes, and as `require_regular` does.
    """
    return read_bytes(path, most_bytes).decode("utf-8-sig")


def wide_codec(raw: bytes) -> str:
    """The codec of text in UTF-16, by its mark or the zeros beside its letters; "" for others."""
    if len(raw) < 3:
        return ""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = raw[:_HEAD_BYTES]
    (fewer, _), (more, codec) = sorted(
        [(head[0::2].count(0), "utf-16-be"), (head[1::2].count(0), "utf-16-le")]
    )
    return codec if 8 * more > max(len(head), 64 * fewer) else ""


def _check(status: os.stat_result, path: Path | str, most_bytes: int | None) -> None:
    if not stat.S_ISREG(status.st_mode):
        code, what = next(
            ((code, what) for is_kind, code, what in _KINDS if is_kind(status.st_mode)),
            (errno.ESPIPE, "it is something else"),
        )
        raise UnusableFile(code, f"{what}, no regular file", os.fspath(path))
    if most_bytes is not None and status.st_size > most_bytes:
        raise _too_large(status.st_size, path, most_bytes)


def _too_large(size: int, path: Path | str, most_bytes: int) -> UnusableFile:
    what = f"it has {size:,} bytes, expected at most {most_bytes:,}"
    return UnusableFile(errno.EFBIG, what, os.fspath(path))

"""Find and check the files that one recording is made of.

A header names its companions, so that a wrong or malicious one could name any file of the machine:
a companion is a regular file that lies, links resolved, below the folder that was given.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from eegssl.errors import RecordingRefused
from eegssl.regular_files import require_regular


@dataclass(frozen=True)
class FileState:
    """A file's size, time of change and place on the disk when it was looked at."""

    path: Path = field(repr=False)
    n_bytes: int
    modified_ns: int
    place: tuple[int, int]


def alone(path: Path, root: Path) -> tuple[Path, ...]:
    """The parts of a recording that is one file: no other of any name."""
    return (path,)


def states_of(paths: Iterable[Path]) -> tuple[FileState, ...]:
    """The state of each file; raises RecordingRefused ``unreadable`` where one isn't regular."""
    states = []
    for path in paths:
        try:
            status = os.stat(require_regular(path))
        except OSError as error:
            reason = f"a file that it is made of can't be opened: {error.strerror}"
            raise RecordingRefused("unreadable", reason) from error
        place = (status.st_dev, status.st_ino)
        states.append(FileState(path, status.st_size, status.st_mtime_ns, place))
    return tuple(states)


def require_same_states(states: tuple[FileState, ...]) -> None:
    """Raise RecordingRefused ``unreadable`` where a file has changed since."""
    if states_of(state.path for state in states) != states:
        raise RecordingRefused("unreadable", "the file changed while it was read: run again")


def companion(path: Path, name: str, root: Path, kind: str) -> Path:
    """The file of a name beside a recording, for example its samples; ``kind`` is for messages.

    Raises RecordingRefused ``parts`` where the name leads to another folder, the file isn't there
    or leads out of ``root``.
    """
    plain = PurePosixPath(name).name == PureWindowsPath(name).name == name
    if not plain or name in ("", ".", ".."):
        raise _refused(kind, "has a name that leads to another folder")
    beside = path.with_name(name)
    if not os.path.lexists(beside):
        raise _refused(kind, "isn't there")
    require_inside(beside, path, root, kind)
    return beside


def require_inside(part: Path, path: Path, root: Path, kind: str) -> None:
    """Raise RecordingRefused ``parts`` where a part leads out of ``root``.

    Where the recording itself is a link, its parts may lie with what it leads to.
    """
    homes = {os.path.realpath(root), os.path.dirname(os.path.realpath(path))}
    real = os.path.realpath(part)
    if not any(os.path.commonpath([home, real]) == home for home in homes):
        raise _refused(kind, "is a link that leads out of the folder that was given")


def _refused(kind: str, what: str) -> RecordingRefused:
    reason = f"its {kind} {what}: expected one of a plain name beside it"
    return RecordingRefused("parts", reason)

"""Let one process at a time write an output folder.

The lock is one on a file in the folder, which the system drops when the process ends, however it
ends; what stands in the file tells others who works there. A file that a killed process left is
taken over where the process is known to be gone: it ran under this very kernel, or before this
machine was started anew; or in an earlier run of this job of Slurm. Another one of another machine
is explained and left, since whether its process runs can't be seen from here.
"""

import json
import os
import platform
import time
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from eegssl.artifacts.locks.file_lock import open_lock, try_lock
from eegssl.errors import ConfigError
from eegssl.regular_files import read_bytes, read_text

LOCK = "eegssl.lock"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MOST_BYTES = 4096
_POLL_S = 1.0
Identity = tuple[int, int]
"""Device and inode of a file."""


@dataclass(frozen=True)
class Holder:
    """Process that holds a lock: its number, machine, the machine's start, and since when.

    ``job`` is its job of Slurm, if any, and ``restart`` how often that was put back into the queue.
    """

    pid: int
    host: str
    boot: str
    began: str
    job: str = ""
    restart: int = 0

    def in_words(self) -> str:
        """Name the process for a message."""
        return f"process {self.pid} on {self.host}, since {self.began}"


class Lock:
    """A lock that is held until `release`, or the process ends; then its file is removed."""

    def __init__(self, path: Path, descriptor: int, notes: tuple[str, ...] = ()) -> None:
        self.notes = notes
        """Messages to the user: what was taken over, or that there are no locks here."""
        self.release = weakref.finalize(self, _release, path, descriptor, os.getpid())


_HELD: "weakref.WeakValueDictionary[Identity, Lock]" = weakref.WeakValueDictionary()
"""The locks of this process, which need not wait for itself: a lock belongs to a process."""


def take(
    folder: Path, *, wait: bool = False, say: Callable[[str], object] = lambda text: None
) -> Lock:
    """Lock a folder; with ``wait`` once whoever works there has ended, and ``say`` tells of that.

    Raises ConfigError where another process works there, or may do so.
    """
    told = False
    while True:
        outcome = _attempt(folder)
        if isinstance(outcome, Lock):
            return outcome
        if outcome and not wait:
            raise ConfigError(outcome)
        if outcome:
            if not told:
                say(f"{outcome.partition(';')[0]}: waiting for it")
            told = True
            time.sleep(_POLL_S)


def require_unheld(
    folders: Iterable[Path],
    *,
    wait: bool = False,
    say: Callable[[str], object] = lambda text: None,
) -> None:
    """Raise ConfigError where another process works in one of some folders; as `take`."""
    for folder in folders:
        if (folder / LOCK).exists():
            take(folder, wait=wait, say=say).release()


def holder_of(folder: Path) -> tuple[Holder, bool | None] | None:
    """The process that stands in a folder's lock, and whether it runs, taking nothing.

    Whether it runs is None for one of another machine, where it can't be seen. None where no
    process stands there.
    """
    try:
        holder = _parsed(read_bytes(folder / LOCK, _MOST_BYTES))
    except OSError:
        return None
    if holder is None:
        return None
    here = _here()
    if holder.host != here.host:
        return holder, None
    return holder, holder.boot == here.boot and _exists(holder.pid)


def _attempt(folder: Path) -> Lock | str:
    """The lock, or the reason why it can't be had; an empty one where its file has just gone."""
    path = folder / LOCK
    descriptor = open_lock(path)
    try:
        identity = _identity(os.fstat(descriptor))
        own = _HELD.get(identity)
        own = own if own and own.release.alive else None
        locked = own is None and try_lock(descriptor)
        holder = None if own else _read(descriptor)
        reason = "" if own else _reason(folder, locked, holder)
        usable = not own and not reason and (locked is None or _is_at(path, identity))
        if usable:
            _write(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    if not usable:
        os.close(descriptor)
        return own or reason
    lock = Lock(path, descriptor, tuple(_notes(folder, locked, holder)))
    _HELD[identity] = lock
    return lock


def _notes(folder: Path, locked: bool | None, holder: Holder | None) -> list[str]:
    notes = []
    if holder:
        notes.append(f"{folder}: taken over from {holder.in_words()}, which is gone")
    if locked is None:
        notes.append(
            f"the file system of {folder} has no locks: start no second process with this --out"
        )
    return notes


def _reason(folder: Path, locked: bool | None, holder: Holder | None) -> str:
    """Why a folder can't be taken; empty where it can. ``locked`` is as in `try_lock`."""
    if locked is not False and (holder is None or _is_gone(holder, locked)):
        return ""
    who = holder.in_words() if holder else "another process"
    if locked is False or (holder and _is_here(holder)):
        return (
            f"{folder} is being written by {who}; wait for it (--wait waits, then goes on), or "
            "choose another --out"
        )
    return (
        f"{folder} is being written by {who}, on another machine; whether that process still runs "
        f"can't be seen from here: if so wait for it, if not remove {folder / LOCK} and run the "
        "same command again"
    )


def _is_gone(holder: Holder, locked: bool | None) -> bool:
    """Whether a process that left its name is known to have ended."""
    here = _here()
    if holder.job and holder.job == here.job and holder.restart < here.restart:
        return True  # the same job, put back into the queue: Slurm has ended its earlier run
    if not _is_here(holder):
        return False
    if here.boot != holder.boot:  # this machine was started anew since
        return True
    return bool(locked) or not _runs(holder.pid)


def _is_here(holder: Holder) -> bool:
    """Whether a process ran under this kernel (containers share it) or on a machine so named."""
    here = _here()
    return bool(holder.boot and holder.boot == here.boot) or holder.host == here.host


def _runs(pid: int) -> bool:
    if pid == os.getpid():  # as in a container, where all have the same number
        return False
    return _exists(pid)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _here() -> Holder:
    """This process, as it writes itself into a lock."""
    boot = ""
    with suppress(OSError, UnicodeDecodeError):
        boot = read_text(_BOOT, _MOST_BYTES).strip()
    began = time.strftime("%Y-%m-%d %H:%M:%S")
    job, restarts = os.environ.get("SLURM_JOB_ID", ""), os.environ.get("SLURM_RESTART_COUNT", "")
    restart = int(restarts) if restarts.isdecimal() else 0
    return Holder(os.getpid(), platform.node(), boot, began, job, restart)


def _read(descriptor: int) -> Holder | None:
    """Who stands in a lock file; None in a new or damaged one."""
    return _parsed(os.pread(descriptor, _MOST_BYTES, 0))


def _parsed(data: bytes) -> Holder | None:
    try:
        raw = json.loads(data)
        host, boot, began = (str(raw[name]) for name in ("host", "boot", "began"))
        job, restart = str(raw.get("job", "")), int(raw.get("restart", 0))
        return Holder(int(raw["pid"]), host, boot, began, job, restart)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _write(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(_here())).encode(), 0)


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def _is_at(path: Path, identity: Identity) -> bool:
    """Whether a path leads to this file still: one that another removed protects nothing."""
    try:
        return _identity(os.lstat(path)) == identity
    except OSError:
        return False


def _release(path: Path, descriptor: int, pid: int) -> None:
    """Remove the file and drop the lock; a forked child of the holder does nothing."""
    if os.getpid() != pid:
        return
    with suppress(OSError):
        if _is_at(path, _identity(os.fstat(descriptor))):
            path.unlink()
    os.close(descriptor)

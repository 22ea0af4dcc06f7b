"""Choose how many processes read files, by cores and memory."""

import os
from pathlib import Path

from eegssl.corpus.config import Limits
from eegssl.regular_files import read_text

EACH_MB = 1024
"""Ours: twice what a process takes for a day of 23 channels at 256 Hz, its imports included."""
_PROC, _GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
_NAMES = {
    "": ("memory.max", "memory.current", "inactive_file"),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""Controller (none: version 2) -> files of limit and use of a group, and what of it is cache."""
_MOST_BYTES = 1 << 20


def process_count(asked: int, limits: Limits) -> tuple[int, str]:
    """Number of processes, and why it is lower than ``asked`` (0: one a core), else "".

    Each has to find `EACH_MB` of free memory, or ``limits.memory_mb`` where that is less.
    """
    wanted = asked or core_count()
    free_mb = available_mb()
    each_mb = min(EACH_MB, limits.memory_mb)
    fit = wanted if free_mb is None else max(1, free_mb // each_mb)
    if fit >= wanted:
        return wanted, ""
    return fit, (
        f"{fit} process(es) in place of {wanted}: {free_mb:,} MiB of memory are free, and each may "
        f"need {each_mb:,} MiB"
    )


def core_count() -> int:
    """The number of cores that this process may use: a scheduler may give it some of them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_mb(proc: Path = _PROC, groups: Path = _GROUPS) -> int | None:
    """MiB of memory that can still be had of the machine and of every control group around this.

    None where the system does not say (other systems than Linux).
    """
    machine = _numbers(proc / "meminfo").get("MemAvailable:")
    if machine is None:
        return None
    free = [machine * 1024]
    for line in _text(proc / "self" / "cgroup").splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers in _NAMES:
            free += _left_in(groups / controllers, place, *_NAMES[controllers])
    return max(0, min(free)) >> 20


def _left_in(mount: Path, place: str, limit: str, use: str, cache: str) -> list[int]:
    """Bytes left in a group and in those around it, of those that have a limit."""
    parts = [part for part in place.split("/") if part not in ("", "..")]
    left = []
    for k in range(len(parts) + 1):
        group = mount.joinpath(*parts[:k])
        most, used = _text(group / limit).strip(), _text(group / use).strip()
        if most.isdecimal() and used.isdecimal():
            left.append(int(most) - int(used) + _numbers(group / "memory.stat").get(cache, 0))
    return left


def _numbers(path: Path) -> dict[str, int]:
    """The first two words of each line, a name and a number."""
    pairs = (line.split()[:2] for line in _text(path).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}


def _text(path: Path) -> str:
    try:
        return read_text(path, _MOST_BYTES)
    except (OSError, UnicodeDecodeError):
        return ""

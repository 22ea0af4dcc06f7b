"""Say where a disk or a memory is full, and what helps."""

import errno
import os
import re
import shutil
from pathlib import Path

from pydantic import TypeAdapter

from eegssl.artifacts.json_parts import Count, OpenPart, read_json
from eegssl.artifacts.manifest import PLAN
from eegssl.errors import DISK_FULL, ArtifactError

TRAINS = frozenset({"tokenize", "pretrain", "finetune", "benchmark"})
"""Commands whose memory follows the size of a batch."""
_SHORT = re.compile(r"\d+ requested and \d+ written")
"""NumPy's words for a file that could not be written to its end; they come without a number."""
_EXHAUSTED = re.compile(r"DefaultCPUAllocator|out of memory|ALLOC_FAILED")
_OF_GPU = re.compile(r"CUDA|CUBLAS|HIP|MPS")
_ALLOCATION = re.compile(r"Tried to allocate [\d.]+ \w+|you tried to allocate \d+ bytes")


class _Training(OpenPart):
    batch_size: Count


class _Config(OpenPart):
    training: _Training


class _Plan(OpenPart):
    config: _Config


_PLAN = TypeAdapter(_Plan)


def explain(error: BaseException, command: str, out: Path | None) -> str | None:
    """The message for an error that this machine's limits cause; None for any other error."""
    if isinstance(error, OSError) and (error.errno in DISK_FULL or _SHORT.search(str(error))):
        return _no_space(error, out)
    if _is_memory(error):
        return _no_memory(error, command, out)
    return None


def _no_space(error: OSError, out: Path | None) -> str:
    """Where no space is left, how much is free there and how much was needed."""
    code = error.errno if error.errno in DISK_FULL else errno.ENOSPC
    place = Path(error.filename).parent if error.filename else (out or Path.cwd())
    there = next((path for path in (place, *place.parents) if path.is_dir()), Path.cwd())
    needed = getattr(error, "needed_bytes", None)
    free = f"{_size(shutil.disk_usage(there).free)} free"
    free += f", {_size(needed)} needed for one file" if needed else ""
    return (
        f"{os.strerror(code)}: {there} ({free}). Make room there, or choose another --out; what is "
        "done already stays, and the same command goes on from there"
    )


def _is_memory(error: BaseException) -> bool:
    """Whether memory ran out: of the host by Python, NumPy, Arrow or torch, or of a GPU."""
    torch = isinstance(error, RuntimeError) and _EXHAUSTED.search(str(error)) is not None
    system = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or torch or system


def _no_memory(error: BaseException, command: str, out: Path | None) -> str:
    """Which memory ran out, and what takes less."""
    gpu = isinstance(error, RuntimeError) and _OF_GPU.search(str(error))
    asked = _ALLOCATION.search(str(error))
    what = f"the {'GPU' if gpu else 'machine'} is out of memory"
    what += f" ({asked[0]})" if asked else ""
    if command in TRAINS:
        help_ = f"take a smaller batch: --set training.batch_size=N{_batch_size_of(out)}"
        if command == "benchmark":
            help_ = "take a smaller batch: finetune.training.batch_size in the matrix"
        return f"{what}; {help_}, or a smaller model; the same command then begins anew"
    return f"{what}; give fewer or shorter recordings at once, or take a machine with more"


def _batch_size_of(out: Path | None) -> str:
    """The size of a batch of the run that made a draft, in words; empty where none says it."""
    if out is None:
        return ""
    try:
        plan = read_json(out / PLAN, _PLAN)
    except ArtifactError:
        return ""
    return f" (now {plan.config.training.batch_size:,})"


def _size(n_bytes: int) -> str:
    """A size in the largest unit that leaves a number above one."""
    value, unit = float(n_bytes), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.3g} {unit}"

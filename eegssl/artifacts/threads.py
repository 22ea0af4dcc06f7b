"""Keep the numbers of threads and ranks that made an unfinished artifact.

Sums of floats depend in their last bits on how many threads share them, and so do weights: the same
seed on another number of threads ends in other bytes. So it is with ranks.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from eegssl.artifacts.atomic import atomic_path, canonical_json
from eegssl.artifacts.context import Context
from eegssl.artifacts.json_parts import STRICT, read_json
from eegssl.errors import ArtifactError

THREADS = "threads"
"""Fact of a trained artifact: numbers of threads, in the order in which they worked on it."""
RANKS = "ranks"
"""Fact of an artifact that several processes may train: numbers of them, likewise."""
_FILE, _RANKS_FILE = "threads.json", "ranks.json"
_OF_THREADS = ("thread", "set OMP_NUM_THREADS={} to go on as it was begun")
_OF_RANKS = ("rank", "start {} to go on as it was begun")
Threads = Annotated[
    tuple[Annotated[int, Field(ge=1, lt=2**31)], ...], Field(min_length=1, max_length=1 << 20)
]
"""The schema of that fact."""
_SCHEMA = TypeAdapter(Threads, config=STRICT)


def threads_of(work: Path, n_threads: int, context: Context) -> list[int]:
    """The numbers of threads that worked in a scratch folder, with the one of this run.

    Warns where a run goes on with another number than the one before it had.
    """
    return _numbers_of(work / _FILE, n_threads, _OF_THREADS, context)


def ranks_of(work: Path, n_ranks: int, context: Context) -> list[int]:
    """The numbers of ranks likewise."""
    return _numbers_of(work / _RANKS_FILE, n_ranks, _OF_RANKS, context)


def forget_numbers(work: Path) -> None:
    """Forget both, where a run begins anew."""
    for name in (_FILE, _RANKS_FILE):
        (work / name).unlink(missing_ok=True)


def _numbers_of(path: Path, number: int, words: tuple[str, str], context: Context) -> list[int]:
    what, cure = words
    numbers: list[int] = []
    try:
        numbers = [*read_json(path, _SCHEMA)] if path.exists() else []
    except ArtifactError:
        context.progress.warn(f"{path} is damaged: how many {what}s began this can't be told")
    if numbers and numbers[-1] != number:
        context.warn(
            f"this was begun with {numbers[-1]} {what}(s) and goes on with {number}: it will "
            f"end in other bytes than a run with either number (facts.{what}s tells both); "
            + cure.format(numbers[-1])
        )
    if numbers[-1:] != [number]:
        numbers.append(number)
        with atomic_path(path) as temporary:
            temporary.write_text(canonical_json(numbers), encoding="utf-8")
    return numbers

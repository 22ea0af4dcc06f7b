"""Keep the numbers of threads that worked on an unfinished artifact.

Sums of floats depend in their last bits on how many threads share them, and so do weights: the same
seed on another number of threads ends in other bytes.
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
_FILE = "threads.json"
Threads = Annotated[
    tuple[Annotated[int, Field(ge=1, lt=2**31)], ...], Field(min_length=1, max_length=1 << 20)
]
"""The schema of that fact."""
_SCHEMA = TypeAdapter(Threads, config=STRICT)


def threads_of(work: Path, n_threads: int, context: Context) -> list[int]:
    """The numbers of threads that worked in a scratch folder, with the one of this run.

    Warns where a run goes on with another number than the one before it had.
    """
    path = work / _FILE
    numbers: list[int] = []
    try:
        numbers = [*read_json(path, _SCHEMA)] if path.exists() else []
    except ArtifactError:
        context.progress.warn(f"{path} is damaged: how many threads began this can't be told")
    if numbers and numbers[-1] != n_threads:
        context.warn(
            f"this was begun with {numbers[-1]} thread(s) and goes on with {n_threads}: it will "
            "end in other bytes than a run with either number (facts.threads tells both); set "
            f"OMP_NUM_THREADS={numbers[-1]} to go on as it was begun"
        )
    if numbers[-1:] != [n_threads]:
        numbers.append(n_threads)
        with atomic_path(path) as temporary:
            temporary.write_text(canonical_json(numbers), encoding="utf-8")
    return numbers

"""Do a unit of work on a worker of Dask.

What travels there shows nothing of itself, since Dask logs what it calls: paths may name people.
"""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from eegssl import __version__
from eegssl.corpus.config import Limits
from eegssl.corpus.processes.workers import Task, alone
from eegssl.errors import ConfigError

MAIN_MODULES = ("distributed", "dask.__main__")
"""What the script imports that a worker of Dask was started as: each of its processes runs it."""


@dataclass(frozen=True, repr=False)
class Place:
    """A folder, or a file, that a worker has to see.

    ``inside`` are names of some that are in it; ``in_words`` is what a user calls it.
    """

    in_words: str
    path: Path
    inside: tuple[str, ...] = ()
    is_written: bool = False

    def is_seen(self) -> bool:
        """Whether this process has it, with what is in it."""
        mode = os.R_OK | (os.W_OK if self.is_written else 0)
        return os.access(self.path, mode) and all(
            os.path.lexists(self.path / name) for name in self.inside
        )


@dataclass(frozen=True, repr=False)
class Unit:
    """One call of a function in a process of its own, on a worker that sees some places."""

    function: Callable[..., Any]
    task: Task
    limits: Limits
    places: tuple[Place, ...]
    version: str = __version__


def unseen(places: Sequence[Place]) -> list[str]:
    """The places, in words, that this process does not see."""
    return [place.in_words for place in places if not place.is_seen()]


def do_unit(unit: Unit) -> Any:
    """The result of a unit, or the error that is no fault of its file: Dask would log a raised one.

    The work ends once the task is cancelled, as when whoever gave it is gone.
    """
    try:
        _require_alike(unit.version, unit.places)
        multiprocessing.current_process().daemon = False  # else it could start no process
        return alone(unit.function, unit.task, unit.limits, MAIN_MODULES, _still_wanted())
    except (OSError, ConfigError) as error:
        return error


@lru_cache(maxsize=8)
def _require_alike(version: str, places: tuple[Place, ...]) -> None:
    """Raise ConfigError where this worker is of another version, or sees other folders."""
    if version != __version__:
        raise ConfigError(other_versions({_address(): f"runs eegssl {__version__}"}, version))
    if names := unseen(places):
        raise ConfigError(not_shared({_address(): names}))


def other_versions(versions: dict[str, str], own: str) -> str:
    """Word that workers (address -> version in words) have another eegssl than ``own``."""
    return (
        f"{_listed(versions)}, and here it is eegssl {own}: install one version everywhere, and "
        "start the workers anew"
    )


def not_shared(names: dict[str, list[str]]) -> str:
    """Word that workers (address -> places) do not see what this process sees."""
    lacks = {worker: f"does not see {', '.join(places)}" for worker, places in names.items()}
    return (
        f"{_listed(lacks)} as it is here: every worker needs the same file system at the same "
        "paths, and the right to read the files and to write --out"
    )


def _listed(workers: dict[str, str]) -> str:
    """Some workers, each with words about it."""
    first = ", ".join(f"worker {name} {words}" for name, words in list(workers.items())[:3])
    return "Dask's " + first + (f" … ({len(workers)} workers)" if len(workers) > 3 else "")


def _address() -> str:
    from distributed import get_worker

    return str(get_worker().address)


def _still_wanted() -> Callable[[], bool]:
    """A function that tells whether the task of this thread is not cancelled."""
    from distributed import get_worker

    worker = get_worker()
    tasks, key = worker.state.tasks, worker.get_current_task()

    def is_wanted() -> bool:
        task = tasks.get(key)
        return task is not None and task.state == "executing"

    return is_wanted

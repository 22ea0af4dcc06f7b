"""Hand out work on untrusted files to processes, here or elsewhere."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from eegssl.corpus.config import Limits
from eegssl.corpus.processes.workers import Task, each


class Engine(Protocol):
    """Processes that do work on files."""

    def each(
        self, function: Callable[..., Any], tasks: Sequence[Task], limits: Limits
    ) -> Iterator[tuple[int, Any]]:
        """Call ``function(*task)`` for each task; yields number and result, as `workers.each`."""

    def require_shared(self, folder: Path) -> None:
        """Raise ConfigError unless all its processes can write into a folder."""


@dataclass(frozen=True)
class Pool(Engine):
    """So many processes of this machine."""

    jobs: int

    def each(
        self, function: Callable[..., Any], tasks: Sequence[Task], limits: Limits
    ) -> Iterator[tuple[int, Any]]:
        """Work in processes that this one starts."""
        return each(function, tasks, self.jobs, limits)

    def require_shared(self, folder: Path) -> None:
        """Nothing: what this process sees, they see."""

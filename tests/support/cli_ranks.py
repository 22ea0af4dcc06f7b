"""The command line in two ranks, each forked with the variables that Slurm or torchrun sets.

A fault of one rank is a ``before`` of `FAULTS`: it changes that process alone, and is named with
its arguments, as in ``("signal_after", 3, signal.SIGTERM)``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import killing
import rank_faults
from rank_runs import MOST_S, environment_of, free_port

Fault = tuple[object, ...]
NONE: Mapping[int, Fault] = {}


@dataclass(frozen=True)
class RankRun:
    """A command that ranks run with ``words`` into ``out``."""

    words: tuple[str, ...]
    out: Path

    def end(
        self,
        *more: object,
        faults: Mapping[int, Fault] = NONE,
        n_ranks: int = 2,
        launcher: str = "slurm",
        words: Mapping[int, Sequence[str]] | None = None,
        extra: Mapping[str, str] | None = None,
        timeout_s: float = MOST_S,
    ) -> list[killing.Ended]:
        """How each rank ends; ``words`` are a rank's own ones in place of the common ones."""
        port, started = free_port(), []
        for rank in range(n_ranks):
            scratch = self.out.with_name(f"{self.out.name}-rank{rank}")
            scratch.mkdir(parents=True, exist_ok=True)
            own = list((words or {}).get(rank, self.words))
            command = [*own, "--out", str(self.out), *map(str, more)]
            name, *arguments = faults.get(rank, ("nothing",))
            environment = environment_of(launcher if n_ranks > 1 else "slurm", rank, n_ranks, port)
            started.append(
                killing.start(
                    command,
                    self.out,
                    scratch,
                    environment=environment | dict(extra or {}),
                    before=partial(rank_faults.begin, str(name), *arguments),
                )
            )
        try:
            return [one.wait(timeout_s) for one in started]
        finally:
            for one in started:
                one.process.kill()

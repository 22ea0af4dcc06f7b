"""Read coming steps ahead of the training, in other processes."""

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from eegssl.errors import ConfigError, EegsslError
from eegssl.tokenizer.ranks import n_ranks, own_rank, serve_rank
from eegssl.training.fitting.preemption import leave_to_parent
from eegssl.training.fitting.steps import Part, Steps

WORKER_TIMEOUT_S = 300
"""Seconds that a step may wait for a data worker before it counts as hung. Ours."""
_DEATH = re.compile(
    r"DataLoader worker \(pid.*?\) (?:is )?(exited unexpectedly|killed by signal: [\w ]+)"
)
_SHOWN = 6
_AHEAD = 2  # steps that each worker reads ahead


@dataclass(frozen=True)
class _Reading(Dataset[list[Part] | EegsslError]):
    """The parts of steps by number; an error of ours comes back as a value, to be raised."""

    steps: Steps
    rank: int
    of: int

    def start(self, _worker: int) -> None:
        """Begin to read for a rank; a worker that is no fork of it knows of none."""
        leave_to_parent()
        serve_rank(self.rank, self.of)

    def __getitem__(self, step: int) -> list[Part] | EegsslError:
        try:
            return self.steps.read(step)
        except EegsslError as error:
            return error


def read_ahead(
    steps: Steps, first: int, last: int, device: torch.device, n_workers: int
) -> Generator[list[Part], None, None]:
    """Yield the parts of steps ``first`` to ``last`` - 1, on the CPU, in their order.

    Without workers a step's parts are read when they are asked for; with some, while earlier ones
    are trained on. Which worker reads what changes no part. Raises ConfigError for one that hangs.
    None outlives this generator: close it.
    """
    if not n_workers:
        yield from map(steps.read, range(first, last))
        return
    reading = _Reading(steps, own_rank(), n_ranks())
    loader = DataLoader(
        reading,
        batch_size=None,
        sampler=range(first, last),
        num_workers=n_workers,
        prefetch_factor=_AHEAD,
        timeout=WORKER_TIMEOUT_S,
        pin_memory=device.type == "cuda",
        collate_fn=_as_it_is,
        worker_init_fn=reading.start,
    )
    with _workers(loader) as held:
        for step in range(first, last):
            try:
                parts = next(held[0])
            except RuntimeError as error:
                if "timed out" not in str(error):
                    raise
                worker = (step - first) % n_workers + 1  # they take turns
                raise ConfigError(
                    f"data worker {worker} of {n_workers}, which reads step {step}"
                    f"{_of(steps.names(step))}, gave nothing for {WORKER_TIMEOUT_S} s: see whether "
                    "the disk answers, or give --num-workers 0"
                ) from error
            if isinstance(parts, EegsslError):
                raise parts
            yield parts


@contextmanager
def _workers(loader: "DataLoader[Any]") -> Iterator[list[Iterator[Any]]]:
    """The one iterator of a loader, whose processes end with this context, hung ones too.

    torch asks them to end by SIGTERM, which they leave to their parent.
    """
    before = set(active_children())
    held: list[Iterator[Any]] = [iter(loader)]
    own = set(active_children()) - before
    try:
        yield held
    finally:
        held.clear()  # torch ends those that answer, and watches none any more
        for worker in own:
            worker.kill()
            worker.join()


def _as_it_is(parts: list[Part] | EegsslError) -> list[Part] | EegsslError:
    return parts


@contextmanager
def deaths_of_workers() -> Iterator[None]:
    """Turn the death of a data worker, which torch tells wherever it is noticed, into ConfigError.

    It may be noticed in the midst of a step.
    """
    try:
        yield
    except RuntimeError as error:
        death = _DEATH.search(str(error))
        if death is None:
            raise
        raise ConfigError(
            f"a data worker died ({death[1]}): perhaps memory ran out; give fewer "
            "--num-workers, or 0 to see its own error"
        ) from error


def _of(names: list[str]) -> str:
    return f" of {', '.join(names[:_SHOWN])}" if names else ""

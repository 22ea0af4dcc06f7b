"""Read coming steps ahead of the training, in other processes."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.utils.data import DataLoader, Dataset

from eegssl.errors import ConfigError, EegsslError
from eegssl.tokenizer.ranks import n_ranks, own_rank, serve_rank
from eegssl.training.fitting.preemption import leave_to_parent
from eegssl.training.fitting.steps import Part, Steps

WORKER_TIMEOUT_S = 300
"""Seconds that a step may wait for a data worker before it counts as hung. Ours."""
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
) -> Iterator[list[Part]]:
    """Yield the parts of steps ``first`` to ``last`` - 1, on the CPU, in their order.

    Without workers a step's parts are read when they are asked for; with some, while earlier ones
    are trained on. Which worker reads what changes no part. Raises ConfigError for one that hangs
    or died.
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
    batches = iter(loader)
    for step in range(first, last):
        try:
            parts = next(batches)
        except RuntimeError as error:
            if reason := _reason(error):
                worker = (step - first) % n_workers + 1  # they take turns
                who = f"data worker {worker} of {n_workers}, which reads step {step}"
                raise ConfigError(f"{who}{_of(steps.names(step))}, {reason}") from error
            raise
        if isinstance(parts, EegsslError):
            raise parts
        yield parts


def _as_it_is(parts: list[Part] | EegsslError) -> list[Part] | EegsslError:
    return parts


def _reason(error: RuntimeError) -> str | None:
    """What happened to a worker, and the cure; None for an error of another kind."""
    text = str(error)
    if "timed out" in text:
        return (
            f"gave nothing for {WORKER_TIMEOUT_S} s: see whether the disk answers, or give "
            "--num-workers 0"
        )
    if "exited unexpectedly" in text or "killed by signal" in text:
        return "died: perhaps memory ran out; give fewer --num-workers, or 0 to see its own error"
    return None


def _of(names: list[str]) -> str:
    return f" of {', '.join(names[:_SHOWN])}" if names else ""

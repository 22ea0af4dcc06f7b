"""Faults that a test gives to one rank: called in its process before the command begins."""

import errno
import math
import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.distributed.checkpoint import HuggingFaceStorageWriter

from eegssl.errors import EegsslError
from eegssl.training.fitting import checkpoint, loader, loop
from eegssl.training.fitting.steps import Part
from eegssl.training.fitting.update import Terms, Updates


def begin(fault: str, *arguments: object) -> None:
    """Meet a fault of this module by its name; data workers are forked, as in most commands."""
    multiprocessing.set_start_method("fork", force=True)
    globals()[fault](*arguments)


def nothing() -> None:
    """No fault."""


def fresh_workers() -> None:
    """Data workers are started anew, as from Python 3.14 on."""
    multiprocessing.set_start_method("forkserver", force=True)


def signal_after(step: int, number: signal.Signals) -> None:
    """The process gets a signal once so many steps are taken."""
    take = Updates.take

    def taking(updates: Updates, parts: list[Part]) -> None:
        take(updates, parts)
        if updates.point.step == step:
            os.kill(os.getpid(), number)

    patch.object(Updates, "take", taking).start()


def killed_in_checkpoint(nth: int) -> None:
    """The process is killed in its n-th checkpoint, on rank 0 when half of it is on the disk."""
    count, write = 0, loop.write_checkpoint

    def saving(tensors: dict[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
        save_file(tensors, path, metadata)
        if count == nth:
            os.truncate(path, path.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    def writing(*what: Any) -> None:
        nonlocal count
        count += 1
        write(*what)
        if count == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    patch.object(checkpoint, "save_file", saving).start()
    patch.object(loop, "write_checkpoint", writing).start()


def killed_in_shards(nth: int) -> None:
    """The process is killed in its n-th sharded checkpoint, when half of its part is written."""
    count, write = 0, HuggingFaceStorageWriter.write_data

    def writing(writer: HuggingFaceStorageWriter, *what: Any) -> Any:
        nonlocal count
        count += 1
        done = write(writer, *what)
        if count == nth:
            done.wait()
            for path in Path(str(writer.path)).glob("*.safetensors"):
                os.truncate(path, path.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    patch.object(HuggingFaceStorageWriter, "write_data", writing).start()


def full_disk(nth: int) -> None:
    """The disk is full when this rank writes its n-th checkpoint."""
    count = 0

    def saving(tensors: dict[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count == nth:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path))
        save_file(tensors, path, metadata)

    patch.object(checkpoint, "save_file", saving).start()


class _Poison(torch.autograd.Function):
    """A finite value whose gradient is not."""

    @staticmethod
    def forward(_context: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        return gradient * math.nan


def poison(*steps: int) -> None:
    """The gradients of these steps are not finite on this rank, whose loss is."""
    take, forward = Updates.take, Terms.forward
    now = -1

    def taking(updates: Updates, parts: list[Part]) -> None:
        nonlocal now
        now = updates.point.step
        take(updates, parts)

    def poisoned(terms: Terms, *inputs: Tensor) -> dict[str, Tensor]:
        made = forward(terms, *inputs)
        return made | {"loss": _Poison.apply(made["loss"])} if now in steps else made

    patch.object(Updates, "take", taking).start()
    patch.object(Terms, "forward", poisoned).start()


def nan_score() -> None:
    """A validation gives a score that is not finite."""
    scores = loop._scores_of_first

    def scored(*what: Any) -> dict[str, float | None]:
        return scores(*what) | {"val_effective_rank": math.nan}

    patch.object(loop, "_scores_of_first", scored).start()


class _Hung(loader._Reading):
    """Reading, which for step 4 never ends."""

    def __getitem__(self, step: int) -> list[Part] | EegsslError:
        if step == 4:
            time.sleep(600)
        return super().__getitem__(step)


class _Killed(loader._Reading):
    """Reading, whose process is killed at step 4."""

    def __getitem__(self, step: int) -> list[Part] | EegsslError:
        if step == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(step)


def hung_worker(timeout_s: float) -> None:
    """A data worker hangs at step 4, and counts as hung after so long."""
    patch.object(loader, "_Reading", _Hung).start()
    patch.object(loader, "WORKER_TIMEOUT_S", timeout_s).start()


def killed_worker() -> None:
    """A data worker is killed at step 4."""
    patch.object(loader, "_Reading", _Killed).start()


def keep_weights(folder: str) -> None:
    """The weights after each step, as bytes, in files of this rank."""
    take, rank = Updates.take, os.environ.get("SLURM_PROCID", "0")

    def taking(updates: Updates, parts: list[Part]) -> None:
        take(updates, parts)
        flat = np.concatenate([p.detach().numpy().ravel() for p in updates.optimizer.parameters])
        np.save(Path(folder) / f"rank{rank}-step{updates.point.step}.npy", flat)

    patch.object(Updates, "take", taking).start()


def keep_poisoned_weights(folder: str) -> None:
    """Both faults at once: two steps of this rank are poisoned."""
    poison(2, 4)
    keep_weights(folder)

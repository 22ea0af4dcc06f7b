"""Define the batches of a training, in parts, and their loss."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from eegssl.tokenizer.ranks import n_ranks, own_rank

T = TypeVar("T")
Step = Callable[[int], dict[str, Tensor]]
"""Step number -> terms of its batch; ``loss`` is minimised, the others are logged."""


@dataclass(frozen=True)
class Part:
    """Windows that go through the model together (a grain), read into tensors."""

    inputs: tuple[Tensor, ...]
    count: float
    """What the part's means are over: hidden patches, patches, known labels."""
    n_windows: int = 0
    on_host: tuple[Any, ...] = ()
    """What `Steps.terms` gets before the inputs, and reads on the host: a number, places."""

    def to(self, device: torch.device) -> "Part":
        """The part on a device; copies from pinned memory are not waited for."""
        return replace(self, inputs=tuple(t.to(device, non_blocking=True) for t in self.inputs))

    def pin_memory(self) -> "Part":
        """The part in memory that a GPU copies from by itself; a loader calls this."""
        return replace(self, inputs=tuple(t.pin_memory() for t in self.inputs))


class Steps(ABC):
    """A training as the loop sees it.

    A step's batch is a list of parts, the same for any number of ranks; rank r of n takes parts
    r, r + n, r + 2n … of it.
    """

    window_s: float | None = None
    """Length of a window in seconds, if the batches are of EEG."""
    of_whole_batch: bool = False
    """Whether the loss is of a step's parts together, and not the mean of theirs."""

    @abstractmethod
    def read(self, step: int) -> list[Part]:
        """This rank's parts of a step's batch, on the CPU: a pure function of the step.

        May run in another process, which has no GPU.
        """

    @abstractmethod
    def terms(self, *inputs: Any) -> dict[str, Tensor]:
        """Scalars by name, each a mean over the part: ``loss`` is minimised, others are logged.

        The part's ``on_host`` come first, then its ``inputs``, on the device.
        """

    def terms_together(self, parts: Sequence[tuple[Tensor, ...]]) -> dict[str, Tensor]:
        """This rank's share of the scalars of a step, of which it has the inputs of some parts.

        The shares of all ranks add up. Only where `of_whole_batch`.
        """
        raise NotImplementedError

    def end(self) -> None:  # noqa: B027
        """Let what learns without a gradient follow an update."""

    def drop(self) -> None:  # noqa: B027
        """Forget what `end` would use, where a step was skipped."""

    def flops(self, parts: Sequence[Part]) -> float | None:
        """Operations of a step on these parts, forward and backward; None: not counted."""
        return None

    def names(self, step: int) -> list[str]:
        """The ids of the recordings of a step's batch, for messages."""
        return []


class OneBatch(Steps):
    """A training of one part of ``n_windows`` a step, whose batch is made where its loss is."""

    def __init__(self, step: Step, n_windows: int = 0) -> None:
        self.step, self.n_windows = step, n_windows

    def read(self, step: int) -> list[Part]:
        """The number of the step, as a part that counts for one."""
        return [Part((), 1.0, self.n_windows, (step,))]

    def terms(self, *inputs: Any) -> dict[str, Tensor]:
        """Terms of the step of this number."""
        return self.step(inputs[0])


def of_this_rank(parts: Sequence[T]) -> list[T]:
    """Those of a global batch's parts that this rank takes."""
    return list(parts[own_rank() :: n_ranks()])

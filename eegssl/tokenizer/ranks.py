"""Exchange tensors between the ranks of a distributed run.

With one process these functions do nothing. A codebook updated from each rank's own batch would
differ between ranks: LaBraM's agree on 0.5 % of the tokens after one step. Training sets ranks up.
Here too stands where a value is known (`is_known`), since asking a GPU for one has a rank wait.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist

_served: tuple[int, int] | None = None
"""Where this process works for a rank, or for itself alone: that rank, and how many there are."""


def serve_rank(rank: int, of: int) -> None:
    """Make this process, which is none itself, read what a rank would; it can exchange nothing."""
    global _served
    _served = (rank, of)


@contextmanager
def one_rank() -> Iterator[None]:
    """Let this process be the only one, as long as this context lasts: it exchanges nothing."""
    global _served
    before, _served = _served, (0, 1)
    try:
        yield
    finally:
        _served = before


def n_ranks() -> int:
    """Number of processes that train together; 1 if none were set up."""
    if _served:
        return _served[1]
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def own_rank() -> int:
    """The number of this process among the ranks; 0 if none were set up."""
    if _served:
        return _served[0]
    return dist.get_rank() if n_ranks() > 1 else 0


def is_first() -> bool:
    """Tell whether this is rank 0."""
    return own_rank() == 0


def is_known(tensor: Tensor) -> bool:
    """Whether a tensor's values are on the host, which would wait for those of a GPU."""
    return tensor.device.type == "cpu"


@torch.no_grad()
def gather_rows(rows: Tensor) -> Tensor:
    """The rows [m, ...] of all ranks as [M, ...], in the order of ranks; m may differ."""
    if n_ranks() == 1:
        return rows
    count = torch.tensor([len(rows)], device=rows.device)
    counts = [torch.empty_like(count) for _ in range(n_ranks())]
    dist.all_gather(counts, count)
    longest = int(torch.cat(counts).max())
    padded = rows.new_zeros(longest, *rows.shape[1:])
    padded[: len(rows)] = rows
    parts = [torch.empty_like(padded) for _ in range(n_ranks())]
    dist.all_gather(parts, padded)
    return torch.cat([part[: int(n)] for part, n in zip(parts, counts, strict=True)])


@torch.no_grad()
def gather_alike(rows: Tensor) -> Tensor:
    """The rows [m, ...] of all R ranks as [R m, ...]; m is one on all, so no GPU is waited for."""
    if n_ranks() == 1:
        return rows
    parts = [torch.empty_like(rows) for _ in range(n_ranks())]
    dist.all_gather(parts, rows)
    return torch.cat(parts)


def gather_live(rows: Tensor) -> tuple[Tensor, int]:
    """The rows [m, ...] of all ranks as [M, ...], and the place of the first of this rank's own.

    Gradients of a row are those of all ranks, summed. m may differ; the GPU is not waited for.
    """
    if n_ranks() == 1:
        return rows, 0
    counts = [torch.zeros(1, dtype=torch.int64) for _ in range(n_ranks())]
    dist.all_gather(counts, torch.tensor([len(rows)]))  # on the host, where they are known
    sizes = [int(count) for count in counts]
    gathered: Tensor = _GatherLive.apply(rows, sizes)
    return gathered, sum(sizes[: own_rank()])


def sum_over_ranks(tensor: Tensor) -> Tensor:
    """The sum of the tensors of all ranks; gradients are summed likewise."""
    if n_ranks() == 1:
        return tensor
    summed: Tensor = _SumOverRanks.apply(tensor)
    return summed


@torch.no_grad()
def take_from_first(*tensors: Tensor) -> None:
    """Overwrite these tensors with those of rank 0."""
    if n_ranks() > 1:
        for tensor in tensors:
            dist.broadcast(tensor, src=0)


def number_of_first(number: int) -> int:
    """The number that rank 0 gives, on all ranks."""
    if n_ranks() == 1:
        return number
    tensor = torch.tensor(number)
    dist.broadcast(tensor, src=0)
    return int(tensor)


def any_rank(flag: bool) -> bool:
    """Whether the flag is set on any rank: all ranks agree, at the cost of waiting for each."""
    if n_ranks() == 1:
        return flag
    highest = torch.tensor(int(flag))
    dist.all_reduce(highest, dist.ReduceOp.MAX)
    return bool(highest)


class SumsOfParts:
    """Sums that the parts of a batch give, until those of all ranks are taken as one."""

    def __init__(self) -> None:
        self._parts: list[Tensor] = []

    def add(self, *rows: Tensor) -> None:
        """Take rows [D] of a part; those of all parts are as many and as long."""
        self._parts.append(torch.stack(rows))

    def drop(self) -> None:
        """Forget what was added."""
        self._parts = []

    def take(self) -> Tensor | None:
        """The sum over parts and ranks, [number of rows, D], then begin anew; None of no part."""
        if not self._parts:
            return None
        total = torch.stack(self._parts).sum(dim=0)
        self.drop()
        return sum_over_ranks(total)


class _SumOverRanks(torch.autograd.Function):
    @staticmethod
    def forward(_context: Any, tensor: Tensor) -> Tensor:
        summed = tensor.detach().clone()
        dist.all_reduce(summed)
        return summed

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        summed = gradient.clone()
        dist.all_reduce(summed)
        return summed


class _GatherLive(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, rows: Tensor, sizes: list[int]) -> Tensor:
        first = sum(sizes[: own_rank()])
        context.own = slice(first, first + len(rows))
        padded = rows.new_zeros(max(sizes), *rows.shape[1:])
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in sizes]
        dist.all_gather(parts, padded)
        return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        summed = gradient.contiguous().clone()
        dist.all_reduce(summed)
        return summed[context.own], None

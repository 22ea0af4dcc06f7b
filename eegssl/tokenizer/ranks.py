"""Exchange tensors between the ranks of a distributed run.

With one process these functions do nothing. A codebook updated from each rank's own batch would
differ between ranks: LaBraM's agree on 0.5 % of the tokens after one step. Training sets ranks up.
Here too stands where a value is known (`is_known`), since asking a GPU for one has a rank wait.
"""

from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist

_served: tuple[int, int] | None = None
"""In a process that works for a rank: that rank, and how many there are."""


def serve_rank(rank: int, of: int) -> None:
    """Make this process, which is none itself, read what a rank would; it can exchange nothing."""
    global _served
    _served = (rank, of)


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

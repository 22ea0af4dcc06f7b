"""Run on rank 0 what one process does, and compare ranks.

Only tensors of a fixed size go between the ranks, so nothing is pickled. A group of its own carries
them: rank 0 may work for hours, for which others wait without the time limit of a step's exchange;
one that ends meanwhile is seen by its closed connection.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

import torch
from torch import Tensor, distributed

from eegssl.errors import ArtifactError, EegsslError, OtherRankFailed
from eegssl.training.ranks.process_group import patient_group
from eegssl.training.ranks.rank_place import RankPlace

T = TypeVar("T")
_INTERRUPTED = 130


def on_first(place: RankPlace, make: Callable[[], T]) -> T | None:
    """Run ``make`` on rank 0 while the others wait; they get None.

    An error there ends all: rank 0 raises it, the others OtherRankFailed of its exit code.
    """
    if place.n_ranks == 1:
        return make()
    code = torch.zeros(1, dtype=torch.int64)
    with patient_group() as group:
        if place.rank > 0:
            distributed.broadcast(code, src=0, group=group)
            if int(code):
                raise OtherRankFailed(int(code))
            return None
        try:
            value = make()
        except BaseException as error:
            with suppress(RuntimeError):  # of ranks that are gone: this error matters more
                distributed.broadcast(code.fill_(exit_code_of(error)), src=0, group=group)
            raise
        distributed.broadcast(code, src=0, group=group)
        return value


def exit_code_of(error: BaseException) -> int:
    """The exit code with which the command line ends for an error."""
    if isinstance(error, KeyboardInterrupt):
        return _INTERRUPTED
    return int(getattr(error, "exit_code", EegsslError.exit_code))


def require_same(place: RankPlace, values: Mapping[str, str]) -> None:
    """Make sure that all ranks hold the same values (hashes, versions) under the same names.

    Raises on rank 0 an ArtifactError that names what differs and on which ranks, on the others
    OtherRankFailed.
    """
    if place.n_ranks == 1:
        return
    names = sorted(values)
    with patient_group() as group:
        rows = _gathered(_digests(["\n".join(names)]), place, group)
        if not bool((rows == rows[0]).all()):
            differing = {"what they compare": _ranks_that_differ(rows[:, 0])}
        else:
            rows = _gathered(_digests([values[name] for name in names]), place, group)
            ranks = {name: _ranks_that_differ(rows[:, k]) for k, name in enumerate(names)}
            differing = {name: others for name, others in ranks.items() if others}
    if not differing:
        return
    if place.rank > 0:
        raise OtherRankFailed(ArtifactError.exit_code)
    named = "; ".join(f"{name} (on {_in_words(ranks)})" for name, ranks in differing.items())
    raise ArtifactError(
        f"the ranks differ from rank 0 in {named}; expected the same on all: start them by one "
        "command, with the same folders and the same eegssl on every node"
    )


def _digests(texts: list[str]) -> Tensor:
    """Hashes [n, 32] of texts."""
    hashes = [list(hashlib.sha256(text.encode()).digest()) for text in texts]
    return torch.tensor(hashes, dtype=torch.uint8).reshape(-1, 32)


def _gathered(digests: Tensor, place: RankPlace, group: distributed.ProcessGroup) -> Tensor:
    """The hashes [n, 32] of all ranks as [R, n, 32]."""
    rows = [torch.empty_like(digests) for _ in range(place.n_ranks)]
    distributed.all_gather(rows, digests, group=group)
    return torch.stack(rows)


def _ranks_that_differ(rows: Tensor) -> list[int]:
    """The ranks whose hash of [R, 32] is another than that of rank 0."""
    return [rank for rank, same in enumerate((rows == rows[0]).all(dim=1).tolist()) if not same]


def _in_words(ranks: list[int]) -> str:
    shown = ", ".join(map(str, ranks[:8])) + (", …" if len(ranks) > 8 else "")
    return f"rank{'s' if len(ranks) > 1 else ''} {shown}"

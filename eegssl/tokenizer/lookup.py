"""Find the nearest code of each vector without a full distance matrix.

Blocks of rows and codes are scored into one buffer: allocating the scores of all codes took as
long as the products themselves. On a processor the blocks stay in its cache, and a maximum with its
place, which torch finds slowly there, is asked of the best `_GROUP` codes alone.
"""

import torch
from torch import Tensor

_ROWS = {"cpu": 512}  # at once; 4 MB of float32 scores with _CODES
_MOST_ROWS = 4096  # on other devices
_CODES = 2048
_GROUP = 64


@torch.no_grad()
def nearest_codes(vectors: Tensor, codebook: Tensor, *, unit: bool = True) -> Tensor:
    """Index of the nearest code [K, D] for each vector [M, D]: int64 [M]; of ties the first.

    ``unit`` codes are compared by cosine (the length of a vector plays no part), others by
    distance.
    """
    rows = min(_ROWS.get(vectors.device.type, _MOST_ROWS), max(len(vectors), 1))
    offset = None if unit else codebook.square().sum(dim=-1) / -2
    scores = vectors.new_empty(rows * min(_CODES, len(codebook)))
    parts = [_nearest(part, codebook, offset, scores) for part in vectors.split(rows)]
    return torch.cat(parts)


def _nearest(part: Tensor, codebook: Tensor, offset: Tensor | None, scores: Tensor) -> Tensor:
    """The nearest codes of one block of rows, block of codes by block of codes."""
    best, codes = _best_of(part, codebook[:_CODES], offset, 0, scores)
    for first in range(_CODES, len(codebook), _CODES):
        block = codebook[first : first + _CODES]
        value, index = _best_of(part, block, offset, first, scores)
        better = value > best
        best = torch.where(better, value, best)
        codes = torch.where(better, index + first, codes)
    return codes


def _best_of(
    part: Tensor, block: Tensor, offset: Tensor | None, first: int, scores: Tensor
) -> tuple[Tensor, Tensor]:
    """Highest score of each row among a block of codes, and its index in the block."""
    out = scores[: len(part) * len(block)].view(len(part), len(block))
    torch.mm(part, block.t(), out=out)
    if offset is not None:
        out.add_(offset[first : first + len(block)])
    if out.device.type != "cpu" or len(block) % _GROUP:
        best = out.max(dim=-1)
        return best.values, best.indices
    groups = out.unflatten(1, (-1, _GROUP))
    value, group = groups.amax(dim=-1).max(dim=-1)
    within = groups.gather(1, group[:, None, None].expand(-1, 1, _GROUP)).argmax(dim=-1)
    return value, group * _GROUP + within[:, 0]

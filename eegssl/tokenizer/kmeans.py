"""Cluster vectors by k-means, to initialise a codebook.

Unit vectors are clustered by cosine (Dhillon and Modha 2001). All random draws come from one
generator on the CPU, so that vectors and seed determine the centres on any device. A GPU is waited
for ten times, where centres without vectors are looked for: once in a training.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from eegssl.tokenizer.lookup import nearest_codes

_ROUNDS = 16  # of drawing first centres
_ITERATIONS = 10


def kmeans(
    vectors: Tensor, n_codes: int, generator: torch.Generator, *, unit: bool
) -> tuple[Tensor, Tensor]:
    """Cluster ``vectors`` [M, D] into K clusters: ``unit`` ones by cosine, others by distance.

    Returns the centres [K, D] and the share [K] of the vectors that each holds. A centre without
    vectors moves to a vector far from its own centre. With fewer vectors than codes, the remaining
    codes have random directions.
    """
    centres = _first_centres(vectors, n_codes, generator, unit)
    for _ in range(_ITERATIONS):
        codes = nearest_codes(vectors, centres, unit=unit)
        sums, counts = sums_per_code(vectors, codes, n_codes)
        empty = torch.nonzero(counts == 0).flatten()[: len(vectors)]
        moved = F.normalize(sums, dim=-1) if unit else sums / counts.clamp_min(1)[:, None]
        centres = torch.where(counts[:, None] > 0, moved, centres)
        if len(empty):
            far = draw_far(vectors, centres[codes], len(empty), generator)
            centres[empty] = vectors[far]
    counts = count_codes(nearest_codes(vectors, centres, unit=unit), n_codes)
    return centres, counts.to(vectors.dtype) / len(vectors)


def count_codes(codes: Tensor, n_codes: int) -> Tensor:
    """How often each of K codes occurs: int64 [K]; ``bincount`` would wait for a GPU."""
    counts = torch.zeros(n_codes, dtype=torch.int64, device=codes.device)
    flat = codes.flatten()
    return counts.scatter_add_(0, flat, torch.ones_like(flat))  # integers: alike in any order


def sums_per_code(vectors: Tensor, codes: Tensor, n_codes: int) -> tuple[Tensor, Tensor]:
    """Sum of the vectors [M, D] of each code [K, D] and their number [K].

    Always in the order of the vectors, so that two runs of one seed agree. CUDA adds at an index in
    any order, so there vectors are sorted first; elsewhere the CPU adds (a Mac's GPU does neither).
    """
    counts = count_codes(codes, n_codes)
    if vectors.device.type == "cuda":
        return sums_in_order(vectors, codes, counts), counts
    sums = torch.zeros(n_codes, vectors.shape[1], dtype=vectors.dtype)
    return sums.index_add_(0, codes.cpu(), vectors.cpu()).to(vectors.device), counts


def sums_in_order(vectors: Tensor, codes: Tensor, counts: Tensor) -> Tensor:
    """Sums [K, D] of the vectors [M, D] of each code, which ``counts`` [K] has counted."""
    in_order = vectors[codes.argsort(stable=True)]
    return torch.segment_reduce(in_order, "sum", lengths=counts, axis=0, unsafe=True)


def draw_far(vectors: Tensor, own: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Draw ``n`` of M vectors, the likelier the farther they are from their ``own`` centre.

    As k-means++ draws its centres (Arthur and Vassilvitskii 2007): int64 [n], n <= M.
    """
    return far_keys(vectors, own, generator).topk(n).indices


def far_keys(vectors: Tensor, own: Tensor, generator: torch.Generator) -> Tensor:
    """Positive numbers [M]: the vectors of the largest are a draw as `draw_far` says.

    Distances over exponential noise (Efraimidis and Spirakis 2006), which is what
    ``torch.multinomial`` draws by, without its wait for a GPU.
    """
    distance = (vectors - own).square().sum(dim=-1) / 2 + 1e-6
    noise = torch.empty(len(vectors), dtype=distance.dtype).exponential_(generator=generator)
    return distance / noise.to(vectors.device, non_blocking=True)


def _first_centres(vectors: Tensor, n_codes: int, generator: torch.Generator, unit: bool) -> Tensor:
    """Draw K of the vectors far from each other, in few rounds (k-means||, Bahmani et al. 2012).

    If there are too few vectors, the others are random directions of their mean length.
    """
    wanted = min(n_codes, len(vectors))
    size = -(-wanted // _ROUNDS)
    first = torch.randperm(len(vectors), generator=generator)[:size]
    centres = vectors[first.to(vectors.device)]
    while len(centres) < wanted:
        own = centres[nearest_codes(vectors, centres, unit=unit)]
        far = draw_far(vectors, own, min(size, wanted - len(centres)), generator)
        centres = torch.cat([centres, vectors[far]])
    missing = torch.randn(n_codes - wanted, vectors.shape[1], generator=generator)
    length = vectors.norm(dim=-1).mean()
    return torch.cat([centres, F.normalize(missing, dim=-1).to(vectors) * length])

"""Spherical k-means: where a cosine codebook starts (Dhillon and Modha 2001).

Every random choice comes from one generator on the CPU, so that the same vectors and seed give
the same centres on any device.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from eegssl.tokenizer.lookup import nearest_codes

_ROUNDS = 16  # of drawing first centres


@dataclass(frozen=True)
class Clusters:
    """Unit ``centres`` [K, D] and the ``shares`` [K] of vectors that each holds."""

    centres: Tensor
    shares: Tensor


def spherical_kmeans(
    vectors: Tensor, n_codes: int, generator: torch.Generator, iterations: int = 10
) -> Clusters:
    """Cluster unit ``vectors`` [M, D] by cosine into K clusters.

    A centre that lost all its vectors moves to a vector far from its own centre. With fewer
    vectors than codes, the codes left over point in random directions.
    """
    centres = _first_centres(vectors, n_codes, generator)
    for _ in range(iterations):
        codes = nearest_codes(vectors, centres)
        sums, counts = sums_per_code(vectors, codes, n_codes)
        empty = torch.nonzero(counts == 0).flatten()[: len(vectors)]
        centres = torch.where(counts[:, None] > 0, F.normalize(sums, dim=-1), centres)
        if len(empty):
            far = draw_far(vectors, centres[codes], len(empty), generator)
            centres[empty] = vectors[far]
    counts = torch.bincount(nearest_codes(vectors, centres), minlength=n_codes)
    return Clusters(centres, counts.to(vectors.dtype) / len(vectors))


def sums_per_code(vectors: Tensor, codes: Tensor, n_codes: int) -> tuple[Tensor, Tensor]:
    """Sum of the vectors [M, D] of each code [K, D] and their number [K]."""
    sums = vectors.new_zeros(n_codes, vectors.shape[1]).index_add_(0, codes, vectors)
    return sums, torch.bincount(codes, minlength=n_codes)


def draw_far(vectors: Tensor, own: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Draw ``n`` of M vectors, the likelier the farther they are from their ``own`` centre.

    As k-means++ draws its centres (Arthur and Vassilvitskii 2007): int64 [n], n <= M.
    """
    distance = (1 - (vectors * own).sum(dim=-1)).clamp_min(0) + 1e-6
    return torch.multinomial(distance.cpu(), n, generator=generator).to(vectors.device)


def _first_centres(vectors: Tensor, n_codes: int, generator: torch.Generator) -> Tensor:
    """Draw K of the vectors far from each other, in few rounds (k-means||, Bahmani et al. 2012).

    Where there are too few vectors, the rest are random directions.
    """
    wanted = min(n_codes, len(vectors))
    size = -(-wanted // _ROUNDS)
    first = torch.randperm(len(vectors), generator=generator)[:size]
    centres = vectors[first.to(vectors.device)]
    while len(centres) < wanted:
        own = centres[nearest_codes(vectors, centres)]
        far = draw_far(vectors, own, min(size, wanted - len(centres)), generator)
        centres = torch.cat([centres, vectors[far]])
    missing = torch.randn(n_codes - wanted, vectors.shape[1], generator=generator)
    return torch.cat([centres, F.normalize(missing, dim=-1).to(vectors)])

"""The nearest code of each vector, without the full distance matrix and without one-hot rows."""

import torch
from torch import Tensor

_SCORES_AT_ONCE = 2**23  # 32 MB of float32; smaller parts were slower on two cores


def nearest_codes(vectors: Tensor, codebook: Tensor, chunk: int | None = None) -> Tensor:
    """Index of the most similar unit code [K, D] for each vector [M, D]: int64 [M].

    ``chunk`` vectors are compared at once; by default as many as bound the memory. The length of
    a vector plays no part.
    """
    rows = chunk or max(1, _SCORES_AT_ONCE // len(codebook))
    directions = codebook.t()
    parts = [(part @ directions).argmax(dim=-1) for part in vectors.split(rows)]
    return torch.cat(parts)

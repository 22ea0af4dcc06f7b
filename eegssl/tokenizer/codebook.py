"""Learn one codebook by moving averages, the same on all ranks.

The codebook is no parameter: each code follows the moving average of the vectors nearest to it
(van den Oord et al. 2017, appendix). All state is in buffers, so a saved tokenizer resumes exactly.
A batch may come in parts, and from several ranks: `Codebook.collect` takes what each part assigned,
`Codebook.settle` moves the codes once by all of it. Sums are taken over all ranks, and
revival uses the joined batch, so all ranks hold the same codebook; every rank must settle. Nothing
here waits for a GPU, but for the number of steps, once after it was loaded.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.errors import InputError
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.kmeans import far_keys, kmeans, sums_per_code
from eegssl.tokenizer.lookup import nearest_codes
from eegssl.tokenizer.ranks import (
    gather_alike,
    is_first,
    is_known,
    n_ranks,
    own_rank,
    sum_over_ranks,
    take_from_first,
)

_REVIVED = 1024
"""Codes that are revived in a step at most; so many vectors of each rank are exchanged. Ours."""
_STRIDE = 0x9E3779B1  # between the seeds of parts


class Codebook(nn.Module):
    """K codes in D dimensions; if ``unit``, codes are directions, compared by cosine."""

    codebook: Tensor
    mean_sum: Tensor
    mean_share: Tensor
    idle_steps: Tensor
    steps: Tensor

    def __init__(self, config: TokenizerConfig, *, unit: bool) -> None:
        super().__init__()
        self.unit = unit
        self.decay = config.decay
        self.revive_after = config.revive_after
        n_codes = config.n_codes
        codebook = F.normalize(torch.randn(n_codes, config.code_dim), dim=-1)
        self.register_buffer("codebook", codebook)
        # moving averages per vector, so that they don't depend on how many a batch holds
        self.register_buffer("mean_sum", codebook / n_codes)
        self.register_buffer("mean_share", torch.full((n_codes,), 1 / n_codes))
        self.register_buffer("idle_steps", torch.zeros(n_codes, dtype=torch.int64))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self._collected: list[tuple[Tensor, Tensor]] = []
        self._n_steps: int | None = None
        """`steps`, as far as they are known without asking the device."""

    def nearest(self, vectors: Tensor) -> Tensor:
        """Nearest code of each vector [M, D]: int64 [M]. The codebook does not change."""
        return nearest_codes(vectors, self.codebook, unit=self.unit)

    def of(self, codes: Tensor) -> Tensor:
        """Vectors [..., D] of codes [...]. Raises InputError for codes not in 0..K-1."""
        require_codes(codes, len(self.codebook))
        return self.codebook[codes]

    @torch.no_grad()
    def start(self, vectors: Tensor, seed: int) -> None:
        """Set the codes by k-means on vectors [m, D], the same on all ranks; rank 0 clusters."""
        if is_first():
            generator = torch.Generator().manual_seed(seed)
            centres, shares = kmeans(vectors, len(self.codebook), generator, unit=self.unit)
            self.codebook.copy_(centres)
            self.mean_share.copy_(shares)
        take_from_first(self.codebook, self.mean_share)
        self.mean_sum.copy_(self.codebook * self.mean_share[:, None])
        self.idle_steps.zero_()
        self.steps.zero_()
        self._n_steps = None

    def collect(self, vectors: Tensor, codes: Tensor) -> None:
        """Take vectors [m, D] and their ``codes`` [m] of a part of a batch, for `settle`."""
        self._collected.append((vectors.detach(), codes))

    def drop(self) -> None:
        """Forget what was collected."""
        self._collected = []

    @torch.no_grad()
    def settle(self) -> None:
        """Move codes towards the vectors collected on all ranks; revive dead codes."""
        if not self._collected:
            return
        parts = self._collected
        self.drop()
        vectors, codes = (torch.cat(of_parts) for of_parts in zip(*parts, strict=True))
        sums, counts = sums_per_code(vectors, codes, len(self.codebook))
        sums, counts = sum_over_ranks(sums), sum_over_ranks(counts)
        total = counts.sum()
        self.mean_sum.lerp_(sums / total, 1 - self.decay)
        self.mean_share.lerp_(counts.to(sums.dtype) / total, 1 - self.decay)
        self.idle_steps.add_(1).masked_fill_(counts > 0, 0)
        self._n_steps = (int(self.steps) if self._n_steps is None else self._n_steps) + 1
        self.steps.fill_(self._n_steps)
        self.codebook.copy_(torch.where(counts[:, None] > 0, self._means(), self.codebook))
        self._revive(parts)

    def _means(self) -> Tensor:
        """Codes from the moving averages: directions if ``unit``, else centres."""
        if self.unit:
            return F.normalize(self.mean_sum, dim=-1)
        return (
            self.mean_sum
            / self.mean_share.clamp_min(torch.finfo(self.mean_share.dtype).tiny)[:, None]
        )

    def _revive(self, parts: list[tuple[Tensor, Tensor]]) -> None:
        """Move codes that are long unused to vectors of the joined batch far from their own code.

        At most `_REVIVED` of them a step. All is of fixed sizes, whatever there is to move.
        """
        dead = self.idle_steps >= self.revive_after
        if is_known(dead) and not dead.any():
            return
        fresh, keys = self._far(parts)
        place = dead.cumsum(dim=0) - 1  # the first dead code takes the first vector
        there = place.clamp(0, len(fresh) - 1)
        moved = dead & (place < len(fresh)) & (keys[there] > 0)
        fresh, n_codes = fresh[there], len(self.codebook)
        self.codebook.copy_(torch.where(moved[:, None], fresh, self.codebook))
        self.mean_sum.copy_(torch.where(moved[:, None], fresh / n_codes, self.mean_sum))
        self.mean_share.masked_fill_(moved, 1 / n_codes)
        self.idle_steps.masked_fill_(moved, 0)

    def _far(self, parts: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Vectors [n, D] drawn of the parts of all ranks, in order, and their keys [n], 0 of none.

        A part's draw is seeded by the step and by its place in the batch, whichever rank has it.
        """
        n, own_keys = min(len(self.codebook), _REVIVED), []
        for place, (vectors, codes) in enumerate(parts):
            seed = (self._n_steps or 0) + _STRIDE * (own_rank() + place * n_ranks())
            generator = torch.Generator().manual_seed(seed % 2**32)
            own_keys.append(far_keys(vectors, self.codebook[codes], generator))
        keys, vectors = torch.cat(own_keys), torch.cat([vectors for vectors, _ in parts])
        missing = max(n - len(keys), 0)
        best = F.pad(keys, (0, missing)).topk(n)
        vectors = F.pad(vectors, (0, 0, 0, missing))[best.indices]
        keys, vectors = gather_alike(best.values), gather_alike(vectors)
        best = keys.topk(n)
        return vectors[best.indices], best.values

    def _load_from_state_dict(self, *what: Any) -> None:
        self._n_steps = None
        super()._load_from_state_dict(*what)


def books_of(module: nn.Module) -> list[Codebook]:
    """The codebooks within a module, in order."""
    return [book for book in module.modules() if isinstance(book, Codebook)]


def require_codes(codes: Tensor, n_codes: int) -> None:
    """Raise InputError for codes not in 0..K-1."""
    if codes.numel() and not 0 <= int(codes.min()) <= int(codes.max()) < n_codes:
        raise InputError(
            f"expected codes from 0 to {n_codes - 1}; got {int(codes.min())} to "
            f"{int(codes.max())}: these tokens are of another tokenizer"
        )

"""Learn one codebook by moving averages, the same on all ranks.

The codebook is no parameter: each code follows the moving average of the vectors nearest to it
(van den Oord et al. 2017, appendix). All state is in buffers, so a saved tokenizer resumes exactly.
A batch may come in parts, and from several ranks: `Codebook.collect` takes what each part assigned,
`Codebook.settle` moves the codes once by all of it. Sums are taken over all ranks, and
revival uses the joined batch, so all ranks hold the same codebook; every rank must settle.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.errors import InputError
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.kmeans import draw_far, kmeans, sums_per_code
from eegssl.tokenizer.lookup import nearest_codes
from eegssl.tokenizer.ranks import gather_rows, is_first, sum_over_ranks, take_from_first


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
        vectors, codes = (torch.cat(parts) for parts in zip(*self._collected, strict=True))
        self.drop()
        sums, counts = sums_per_code(vectors, codes, len(self.codebook))
        sums, counts = sum_over_ranks(sums), sum_over_ranks(counts)
        total = counts.sum()
        self.mean_sum.lerp_(sums / total, 1 - self.decay)
        self.mean_share.lerp_(counts.to(sums.dtype) / total, 1 - self.decay)
        self.idle_steps.add_(1).masked_fill_(counts > 0, 0)
        self.steps.add_(1)
        self.codebook.copy_(torch.where(counts[:, None] > 0, self._means(), self.codebook))
        self._revive(vectors, codes, int(total))

    def _means(self) -> Tensor:
        """Codes from the moving averages: directions if ``unit``, else centres."""
        if self.unit:
            return F.normalize(self.mean_sum, dim=-1)
        return (
            self.mean_sum
            / self.mean_share.clamp_min(torch.finfo(self.mean_share.dtype).tiny)[:, None]
        )

    def _revive(self, vectors: Tensor, codes: Tensor, total: int) -> None:
        """Move codes that are long unused to vectors of the joined batch far from their own code.

        The choice is seeded by the step, so a resumed run makes the same.
        """
        dead = torch.nonzero(self.idle_steps >= self.revive_after).flatten()[:total]
        if not len(dead):
            return
        joined, joined_codes = gather_rows(vectors), gather_rows(codes)
        generator = torch.Generator().manual_seed(int(self.steps))
        fresh = joined[draw_far(joined, self.codebook[joined_codes], len(dead), generator)]
        take_from_first(fresh)
        self.codebook[dead] = fresh
        self.mean_share[dead] = 1 / len(self.codebook)
        self.mean_sum[dead] = fresh / len(self.codebook)
        self.idle_steps[dead] = 0


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

"""The vector quantizer: a cosine codebook kept by moving averages.

Codes are unit vectors; a patch takes the most similar one (cosine codebook as in LaBraM, after
Yu et al., ViT-VQGAN, ICLR 2022). The codebook is no parameter: each code follows the moving
average of the patches that chose it (van den Oord et al. 2017, appendix). All of its state is in
buffers, so a saved tokenizer goes on exactly where it stopped.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.errors import InputError
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.kmeans import draw_far, spherical_kmeans, sums_per_code
from eegssl.tokenizer.lookup import nearest_codes


@dataclass(frozen=True)
class Quantized:
    """What became of M vectors.

    ``vectors`` [M, D] are those of the ``codes`` [M], the gradient passed straight through;
    ``unit`` [M, D] are the vectors given, at length 1; ``commitment`` is their mean squared
    distance.
    """

    vectors: Tensor
    unit: Tensor
    codes: Tensor
    commitment: Tensor


class Quantizer(nn.Module):
    """Vectors [M, D] to the nearest of K unit codes."""

    codebook: Tensor
    mean_sum: Tensor
    mean_share: Tensor
    idle_steps: Tensor
    steps: Tensor

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.decay = config.decay
        self.revive_after = config.revive_after
        n_codes = config.n_codes
        codebook = F.normalize(torch.randn(n_codes, config.code_dim), dim=-1)
        self.register_buffer("codebook", codebook)
        # moving averages per patch, so that they don't depend on how many a batch holds
        self.register_buffer("mean_sum", codebook / n_codes)
        self.register_buffer("mean_share", torch.full((n_codes,), 1 / n_codes))
        self.register_buffer("idle_steps", torch.zeros(n_codes, dtype=torch.int64))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def forward(self, vectors: Tensor, learn: bool = False) -> Quantized:
        """Quantize vectors [M, D]; with ``learn`` the codebook moves afterwards."""
        with torch.autocast(vectors.device.type, enabled=False):
            unit = F.normalize(vectors.to(self.codebook.dtype), dim=-1)
            codes = self.encode(unit)
            nearest = self.codebook[codes]
            commitment = (unit - nearest).square().sum(dim=-1).mean()
            if learn:
                self._update(unit.detach(), codes)
            return Quantized(unit + (nearest - unit).detach(), unit, codes, commitment)

    @torch.no_grad()
    def encode(self, vectors: Tensor) -> Tensor:
        """Nearest code of each vector [M, D]: int64 [M]. Nothing is learned."""
        return nearest_codes(vectors.to(self.codebook.dtype), self.codebook)

    def decode(self, codes: Tensor) -> Tensor:
        """Unit vectors [..., D] of codes [...]. Raises InputError for codes not in 0..K-1."""
        n_codes = len(self.codebook)
        if codes.numel() and not 0 <= int(codes.min()) <= int(codes.max()) < n_codes:
            raise InputError(
                f"expected codes from 0 to {n_codes - 1}; got {int(codes.min())} to "
                f"{int(codes.max())}: these tokens are of another tokenizer"
            )
        return self.codebook[codes]

    @torch.no_grad()
    def start(self, vectors: Tensor, seed: int) -> None:
        """Set the codebook by k-means on vectors [M, D], gathered from the whole corpus."""
        unit = F.normalize(vectors.to(self.codebook.dtype), dim=-1)
        generator = torch.Generator().manual_seed(seed)
        clusters = spherical_kmeans(unit, len(self.codebook), generator)
        self.codebook.copy_(clusters.centres)
        self.mean_share.copy_(clusters.shares)
        self.mean_sum.copy_(clusters.centres * clusters.shares[:, None])
        self.idle_steps.zero_()
        self.steps.zero_()

    @torch.no_grad()
    def _update(self, unit: Tensor, codes: Tensor) -> None:
        """Move each chosen code towards the vectors that chose it; revive the dead."""
        sums, counts = sums_per_code(unit, codes, len(self.codebook))
        self.mean_sum.lerp_(sums / len(unit), 1 - self.decay)
        self.mean_share.lerp_(counts.to(unit.dtype) / len(unit), 1 - self.decay)
        self.idle_steps.add_(1).masked_fill_(counts > 0, 0)
        self.steps.add_(1)
        moved = F.normalize(self.mean_sum, dim=-1)
        self.codebook.copy_(torch.where(counts[:, None] > 0, moved, self.codebook))
        self._revive(unit, codes)

    def _revive(self, unit: Tensor, codes: Tensor) -> None:
        """Move codes that are long unused to vectors of the batch that fit their code badly.

        Which vectors depends on the step alone, so a resumed run revives the same.
        """
        dead = torch.nonzero(self.idle_steps >= self.revive_after).flatten()[: len(unit)]
        if not len(dead):
            return
        generator = torch.Generator().manual_seed(int(self.steps))
        chosen = unit[draw_far(unit, self.codebook[codes], len(dead), generator)]
        self.codebook[dead] = chosen
        self.mean_share[dead] = 1 / len(self.codebook)
        self.mean_sum[dead] = chosen / len(self.codebook)
        self.idle_steps[dead] = 0

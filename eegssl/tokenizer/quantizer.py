"""Quantize vectors to codes by one of three methods, and decode them.

``cosine``: one codebook of directions; a patch has the most similar one (LaBraM, after Yu et al.,
ViT-VQGAN, ICLR 2022). ``residual``: Q codebooks, each for the residual of those before (Zeghidour
et al., SoundStream, 2021); ours: the first is a cosine codebook, so that its code is a token like
the others'. ``random-projection``: a frozen random matrix and frozen random codes, nothing learned
(Chiu et al., BEST-RQ, ICML 2022): the cheap baseline, with 256 codes in EpiNT.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.errors import InputError
from eegssl.tokenizer.codebook import Codebook, require_codes
from eegssl.tokenizer.config import QuantizerKind, TokenizerConfig
from eegssl.tokenizer.lookup import nearest_codes


@dataclass(frozen=True)
class Quantized:
    """M quantized vectors.

    ``vectors`` [M, D] are those of the ``codes`` ([M], or [M, Q] of several codebooks), with the
    straight-through gradient; ``unit`` [M, D] are the original vectors, at length 1;
    ``commitment`` is the mean squared distance of the two, summed over codebooks.
    """

    vectors: Tensor
    unit: Tensor
    codes: Tensor
    commitment: Tensor


class CosineQuantizer(nn.Module):
    """Vectors [M, D] to the most similar of K directions."""

    n_codebooks = 1

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.book = Codebook(config, unit=True)

    @property
    def codebook(self) -> Tensor:
        """The codes, unit vectors [K, D]."""
        return self.book.codebook

    def forward(self, vectors: Tensor, learn: bool = False) -> Quantized:
        """Quantize vectors [M, D]; with ``learn`` they move the codebook at the next `settle`."""
        with torch.autocast(vectors.device.type, enabled=False):
            unit = F.normalize(vectors.to(self.codebook.dtype), dim=-1)
            codes = self.book.nearest(unit)
            nearest = self.codebook[codes]
            commitment = (unit - nearest).square().sum(dim=-1).mean()
            if learn:
                self.book.collect(unit, codes)
            return Quantized(unit + (nearest - unit).detach(), unit, codes, commitment)

    @torch.no_grad()
    def encode(self, vectors: Tensor) -> Tensor:
        """Most similar code of each vector [M, D]: int64 [M]."""
        return self.book.nearest(vectors.to(self.codebook.dtype))

    def decode(self, codes: Tensor) -> Tensor:
        """Unit vectors [..., D] of codes [...]."""
        return self.book.of(codes)

    @torch.no_grad()
    def start(self, vectors: Tensor, seed: int) -> None:
        """Set the codebook by k-means."""
        self.book.start(F.normalize(vectors.to(self.codebook.dtype), dim=-1), seed)


class ResidualQuantizer(nn.Module):
    """Unit vectors [M, D] to Q codes each, whose sum approximates the vector."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.n_codebooks = config.n_codebooks
        self.books = nn.ModuleList(
            Codebook(config, unit=place == 0) for place in range(self.n_codebooks)
        )

    @property
    def codebook(self) -> Tensor:
        """The codes of the first codebook, unit vectors [K, D]."""
        return self._book(0).codebook

    def forward(self, vectors: Tensor, learn: bool = False) -> Quantized:
        """Quantize vectors [M, D]; with ``learn`` they move all codebooks at the next `settle`."""
        with torch.autocast(vectors.device.type, enabled=False):
            unit = F.normalize(vectors.to(self.codebook.dtype), dim=-1)
            rest, commitment, codes = unit, unit.new_zeros(()), []
            for place in range(self.n_codebooks):
                book = self._book(place)
                codes.append(book.nearest(rest.detach()))
                nearest = book.codebook[codes[-1]]
                commitment = commitment + (rest - nearest).square().sum(dim=-1).mean()
                if learn:
                    book.collect(rest, codes[-1])
                rest = rest - nearest
            quantized = unit - rest.detach()
            return Quantized(quantized, unit, torch.stack(codes, dim=-1), commitment)

    @torch.no_grad()
    def encode(self, vectors: Tensor) -> Tensor:
        """Codes of each vector [M, D], coarse to fine: int64 [M, Q]."""
        rest, codes = F.normalize(vectors.to(self.codebook.dtype), dim=-1), []
        for place in range(self.n_codebooks):
            book = self._book(place)
            codes.append(book.nearest(rest))
            rest = rest - book.codebook[codes[-1]]
        return torch.stack(codes, dim=-1)

    def decode(self, codes: Tensor) -> Tensor:
        """Vectors [..., D] of codes [..., q]; with q < Q from the first q codebooks."""
        if not 1 <= codes.shape[-1] <= self.n_codebooks:
            raise InputError(
                f"expected codes [..., 1 to {self.n_codebooks}]; got {tuple(codes.shape)}: "
                "these tokens are of another tokenizer"
            )
        parts = [self._book(q).of(codes[..., q]) for q in range(codes.shape[-1])]
        return torch.stack(parts).sum(dim=0)

    @torch.no_grad()
    def start(self, vectors: Tensor, seed: int) -> None:
        """Set each codebook by k-means on the residuals of those before."""
        rest = F.normalize(vectors.to(self.codebook.dtype), dim=-1)
        for place in range(self.n_codebooks):
            book = self._book(place)
            book.start(rest, seed + place)
            rest = rest - book.codebook[book.nearest(rest)]

    def _book(self, place: int) -> Codebook:
        book = self.books[place]
        assert isinstance(book, Codebook)
        return book


class RandomProjectionQuantizer(nn.Module):
    """Features [M, E] by a frozen random matrix to the most similar of K frozen directions.

    The matrix is Xavier's, the codes are normal, as in BEST-RQ; both depend on the seed alone.
    """

    n_codebooks = 1
    codes: Tensor
    projection: Tensor

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        projection = nn.init.xavier_uniform_(torch.empty(config.n_bins, config.code_dim))
        self.register_buffer("projection", projection)
        codes = F.normalize(torch.randn(config.n_codes, config.code_dim), dim=-1)
        self.register_buffer("codes", codes)

    @property
    def codebook(self) -> Tensor:
        """The codes, unit vectors [K, D]."""
        return self.codes

    def forward(self, vectors: Tensor, learn: bool = False) -> Quantized:
        """Quantize features [M, E]; ``learn`` has no effect."""
        with torch.no_grad(), torch.autocast(vectors.device.type, enabled=False):
            unit = self._unit(vectors)
            codes = nearest_codes(unit, self.codes)
            return Quantized(self.codes[codes], unit, codes, unit.new_zeros(()))

    @torch.no_grad()
    def encode(self, vectors: Tensor) -> Tensor:
        """Most similar code of each projected vector: int64 [M]."""
        return nearest_codes(self._unit(vectors), self.codes)

    def decode(self, codes: Tensor) -> Tensor:
        """Unit vectors [..., D] of codes [...]."""
        require_codes(codes, len(self.codes))
        return self.codes[codes]

    def start(self, vectors: Tensor, seed: int) -> None:
        """Leave the frozen codes as they are."""

    def _unit(self, vectors: Tensor) -> Tensor:
        return F.normalize(vectors.to(self.codes.dtype) @ self.projection, dim=-1)


Quantizer = CosineQuantizer | ResidualQuantizer | RandomProjectionQuantizer
"""Vectors [M, E] to codes int64 [M] or [M, Q], and codes to vectors [..., D].

``codebook`` [K, D] holds the unit vectors into which a token is an index. What ``forward`` with
``learn`` collected moves codes (`Codebook.settle`), and ``start`` does, on vectors of the whole
corpus (all ranks give the same). ``decode`` raises InputError for foreign codes.
"""

QUANTIZERS: dict[QuantizerKind, type[Quantizer]] = {
    "cosine": CosineQuantizer,
    "residual": ResidualQuantizer,
    "random-projection": RandomProjectionQuantizer,
}
"""Value of ``tokenizer.quantizer`` -> class."""


def build_quantizer(config: TokenizerConfig) -> Quantizer:
    """Make the quantizer that the settings name."""
    return QUANTIZERS[config.quantizer](config)

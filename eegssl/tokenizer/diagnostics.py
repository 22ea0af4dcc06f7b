"""Measure how a corpus uses its codebook, and warn if too little.

Counts are of a whole validation pass. The limits are our rules of thumb: a code needs some 90
patches to be learned from, and a codebook is underused if its perplexity is below a quarter of
what the corpus allows.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError

_PATCHES_PER_CODE = 90  # for choosing K
_PATCHES_PER_FED_CODE = 30  # for judging what came out


@dataclass(frozen=True)
class Usage:
    """The use that a corpus makes of the codes of a codebook."""

    n_codes: int
    n_patches: int
    used: int
    entropy_bits: float
    perplexity: float
    share_of_most_frequent: float
    most_frequent: int


def codebook_usage(counts: NDArray[np.int64]) -> Usage:
    """Summarise how often each code was chosen, ``counts`` int64 [K].

    Perplexity is 2 to the entropy: so many equally frequent codes would have the same entropy.
    Raises InputError for counts of no patch.
    """
    total = int(counts.sum())
    if counts.ndim != 1 or total < 1 or counts.min() < 0:
        raise InputError(f"expected counts [K] of at least one patch; got {counts.shape}, {total}")
    share = counts[counts > 0] / total
    entropy = float(-(share * np.log2(share)).sum()) + 0.0
    return Usage(
        n_codes=len(counts),
        n_patches=total,
        used=len(share),
        entropy_bits=entropy,
        perplexity=2.0**entropy,
        share_of_most_frequent=float(share.max()),
        most_frequent=int(counts.argmax()),
    )


def perplexity_floor(n_codes: int, n_patches: int) -> float:
    """The perplexity below which a codebook is underused: a quarter of min(K, patches / 30)."""
    return min(n_codes, n_patches / _PATCHES_PER_FED_CODE) / 4


def starving_message(usage: Usage) -> str | None:
    """A warning if the corpus uses far fewer codes than it allows, else None."""
    wanted = perplexity_floor(usage.n_codes, usage.n_patches)
    if usage.perplexity >= wanted:
        return None
    return (
        f"the codebook starves: perplexity {usage.perplexity:.1f} over {usage.n_patches} patches, "
        f"expected at least {wanted:.1f}; {usage.used} of {usage.n_codes} codes are used. Train "
        f"longer, on more varied data, or with fewer codes "
        f"(this many patches feed {fitting_codebook(usage.n_patches)})"
    )


def oversized_message(n_codes: int, n_patches: int) -> str | None:
    """A warning if a corpus has too few patches for its codebook, else None."""
    fitting = fitting_codebook(n_patches)
    if n_codes <= fitting:
        return None
    return (
        f"{n_codes} codes are many for {n_patches} patches: codes will starve; "
        f"expected at most {fitting} (some {_PATCHES_PER_CODE} patches for each)"
    )


def fitting_codebook(n_patches: int) -> int:
    """Number of codes for a corpus: the power of two nearest to patches / 90, from 16 to 8192."""
    exponent = round(math.log2(max(n_patches / _PATCHES_PER_CODE, 1)))
    return int(2 ** min(max(exponent, 4), 13))

"""Random masking: every patch for itself, as in LaBraM (facts: 50 %, ICLR 2024)."""

import numpy as np
from numpy.typing import NDArray


def hide_random(
    n_channels: int, n_patches: int, n_hidden: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Hide exactly ``n_hidden`` of all patches, each as likely as any other: bool [C, N]."""
    mask = np.zeros(n_channels * n_patches, dtype=bool)
    mask[rng.permutation(mask.size)[:n_hidden]] = True
    return mask.reshape(n_channels, n_patches)

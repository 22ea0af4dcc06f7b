"""Compare layers by how they see the same windows: linear CKA, unbiased.

Centred kernel alignment (Kornblith et al., ICML 2019) by the unbiased estimator of HSIC (Song et
al., JMLR 2012; for CKA: Nguyen et al., ICLR 2021): independent layers give 0 on average, where the
plain estimate rises with width over windows. It says nothing about which directions agree, and a
rotation or a common factor changes nothing.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST_WINDOWS = 4


def cka_matrix(layers: Sequence[Floats], others: Sequence[Floats] = ()) -> Floats:
    """Unbiased linear CKA of each of L layers with each of M ``others``, or of L: [L, M].

    Each is [n, D] of the same n windows, of any width. NaN for a layer that sees all alike. Raises
    ValueError below 4 windows.
    """
    rows = [_centred(layer) for layer in layers]
    columns = [_centred(layer) for layer in others] if others else rows
    return np.array([[_cosine(row, column) for column in columns] for row in rows])


def _centred(layer: Floats) -> Floats:
    """The U-centred Gram matrix [n, n] of a layer, its diagonal 0."""
    x = np.asarray(layer, dtype=np.float64)
    n = len(x)
    if n < FEWEST_WINDOWS:
        raise ValueError(f"got {n} windows; expected at least {FEWEST_WINDOWS}.")
    x = x - x.mean(axis=0)  # the same estimate, and less rounding
    gram = x @ x.T
    np.fill_diagonal(gram, 0.0)
    sums = gram.sum(axis=1) / (n - 2)
    gram += gram.sum() / ((n - 1) * (n - 2)) - sums[:, None] - sums
    np.fill_diagonal(gram, 0.0)
    return gram


def _cosine(one: Floats, other: Floats) -> float:
    """The cosine of the angle between two matrices."""
    sizes = np.sum(one**2) * np.sum(other**2)
    return float(np.sum(one * other) / np.sqrt(sizes)) if sizes > 0 else float("nan")

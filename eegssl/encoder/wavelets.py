"""Build the wavelet-packet transform of a patch as one matrix.

A packet transform splits a signal into low and high half-bands, and each of them again, down to
equally wide bands. It is linear: its strided convolutions together are one fixed matrix
[leaves, K, P], and multiplying by it is fast.

Ours: a patch of 200 = 2³ · 25 samples, which halves evenly three times only, is mirrored at both
ends to the next multiple of 2^depth, and transformed as if that repeated (PyWavelets'
``periodization``). At depth 5 bands are 3.1 Hz wide, with 7 coefficients. Of sines from 2 to 68 Hz
their own band and its neighbours then hold 86 % of the energy; 79 % with the shorter filter db4,
72 % with db8 mirrored at each level (``symmetric``).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

LOW_PASS = (
    -0.00011747678412476953,
    0.0006754494064505693,
    -0.00039174037337694705,
    -0.004870352993451574,
    0.008746094047405777,
    0.013981027917398282,
    -0.044088253930794755,
    -0.017369301001807547,
    0.12874742662047847,
    0.0004724845739132828,
    -0.2840155429615469,
    -0.015829105256349306,
    0.5853546836542067,
    0.6756307362972898,
    0.31287159091429995,
    0.05441584224310401,
)
"""Daubechies' filter of 8 vanishing moments, db8 (Ten Lectures on Wavelets, 1992, table 6.1)."""

HIGH_PASS = tuple((-1) ** (k + 1) * h for k, h in enumerate(reversed(LOW_PASS)))
"""Its quadrature mirror."""


@cache
def packet_matrix(n_samples: int, depth: int) -> NDArray[np.float64]:
    """The packet transform of P samples to 2^depth leaves in order of frequency: [leaves, K, P].

    Leaf i holds i to i + 1 times sfreq / 2^(depth + 1) Hz, in K = ceil(P / 2^depth) coefficients.
    Treat the array as read-only.
    """
    missing = -n_samples % 2**depth
    before = missing // 2
    leaves = [np.pad(np.eye(n_samples), ((before, missing - before), (0, 0)), mode="symmetric")]
    for _ in range(depth):
        low, high = (_halve(len(leaves[0]), taps) for taps in (LOW_PASS, HIGH_PASS))
        # a high half-band comes out with its frequencies reversed, and so do its own halves
        leaves = [
            half @ leaf
            for i, leaf in enumerate(leaves)
            for half in ((low, high) if i % 2 == 0 else (high, low))
        ]
    return np.stack(leaves)


def _halve(n_samples: int, taps: tuple[float, ...]) -> NDArray[np.float64]:
    """Filter circularly and keep every second sample, as a matrix [n_samples / 2, n_samples]."""
    matrix = np.zeros((n_samples // 2, n_samples))
    rows = np.arange(n_samples // 2)
    for lag, tap in enumerate(taps):
        np.add.at(matrix, (rows, (2 * rows + len(taps) // 2 - lag) % n_samples), tap)
    return matrix

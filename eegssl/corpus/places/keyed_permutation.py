"""Permute numbers by a key, without storing the permutation.

A Feistel network: a number is split into two parts, and each part in turn is moved on by a hash
of the other, which can be undone, so no two numbers get to one. Numbers beyond the last are sent
through again until they are not (Black and Rogaway, Ciphers with arbitrary finite domains, CT-RSA
2002).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_STREAM = int.from_bytes(b"epoch", "big")  # apart from other draws with the same seed
_GOLDEN, _FIRST, _SECOND = map(
    np.uint64, (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)
"""Factors of splitmix64 (Steele and others, OOPSLA 2014)."""
_TURNS = (np.arange(6, dtype=np.uint64) * _GOLDEN)[:, None]
"""[6, 1], apart for each move of a part: both are moved three times."""
_SHIFT = np.uint64(32)
Keys = NDArray[np.uint64]


@lru_cache(maxsize=1024)
def key_of(*entropy: int) -> int:
    """A key of 64 bits from whole numbers >= 0."""
    state = np.random.SeedSequence([*entropy, _STREAM]).generate_state(1, np.uint64)
    return int(state[0])


def permuted(numbers: NDArray[np.int64], sizes: NDArray[np.int64], keys: Keys) -> NDArray[np.int64]:
    """Where the permutations of 0 … ``sizes - 1`` under ``keys`` take these numbers: all [n].

    Numbers of one size and one key belong to one permutation.
    """
    moved = _once(numbers, sizes, keys)
    beyond = np.flatnonzero(moved >= sizes)
    while len(beyond):
        moved[beyond] = _once(moved[beyond], sizes[beyond], keys[beyond])
        beyond = beyond[moved[beyond] >= sizes[beyond]]
    return moved


def _once(numbers: NDArray[np.int64], sizes: NDArray[np.int64], keys: Keys) -> NDArray[np.int64]:
    """A pass over the smallest rectangle of almost equal sides that holds all numbers."""
    n_high = np.ceil(np.sqrt(sizes)).astype(np.uint64)
    n_low = (sizes.astype(np.uint64) + n_high - np.uint64(1)) // n_high
    high, low = np.divmod(numbers.astype(np.uint64), n_low)
    for first, second in (keys ^ _TURNS).reshape(3, 2, len(keys)):
        high = (high + _hashed(low, first)) % n_high
        low = (low + _hashed(high, second)) % n_low
    return (high * n_low + low).astype(np.int64)


def _hashed(part: Keys, keys: Keys) -> Keys:
    """32 bits [n] from a part of a number and its key."""
    bits = part + keys
    bits *= _FIRST
    bits ^= bits >> _SHIFT
    bits *= _SECOND
    bits >>= _SHIFT
    return bits

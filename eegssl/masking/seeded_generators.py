"""Seed many generators of random numbers at once.

`numpy.random.SeedSequence` takes ten microseconds a seed. Here its hash (by M. E. O'Neill, as in
``seed_seq_fe`` of PCG's authors; NumPy promises to keep it) is worked out for the seeds of a batch
together. The generators draw the same numbers as those that NumPy makes one by one.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.random import PCG64, Generator, default_rng
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray

Words = NDArray[np.uint32]
_POOL = 4
_BITS, _MOST = 32, (1 << 32) - 1
_LEFT, _RIGHT = np.uint32(0xCA01F9DD), np.uint32(0x4973F715)
_HALF = np.uint32(16)


class _Given(ISeedSequence):
    """A state that was worked out before, in place of a seed."""

    def __init__(self, state: NDArray[np.uint64]) -> None:
        self._state = state

    def generate_state(self, n_words: int, dtype: object = np.uint32) -> NDArray[np.uint64]:
        """The four words of 64 bits that PCG64 asks for."""
        return self._state


def generators_of(
    before: Sequence[int], numbers: NDArray[np.int64], behind: int
) -> list[Generator]:
    """Generators as of ``default_rng([*before, number, behind])``, one for each of n numbers."""
    if numbers.min(initial=0) < 0 or numbers.max(initial=0) > _MOST:
        return [default_rng([*before, number, behind]) for number in numbers.tolist()]
    head, tail = _words(before), _words([behind])
    entropy = np.empty((len(head) + 1 + len(tail), len(numbers)), np.uint32)
    entropy[: len(head)] = head[:, None]
    entropy[len(head)] = numbers
    entropy[len(head) + 1 :] = tail[:, None]
    seeds = map(_Given, _states(entropy))
    return [Generator(PCG64(seed)) for seed in seeds]  # type: ignore[arg-type]  # it may be any


def _words(numbers: Sequence[int]) -> Words:
    """The words of numbers >= 0, the lowest of each first."""
    words = [
        number >> shift & _MOST
        for number in numbers
        for shift in range(0, max(number.bit_length(), 1), _BITS)
    ]
    return np.array(words, np.uint32)


def _states(entropy: Words) -> NDArray[np.uint64]:
    """The states [n, 4] of generators whose seeds have these words [W, n]."""
    lacking = _POOL - len(entropy)
    if lacking > 0:
        entropy = np.concatenate([entropy, np.zeros((lacking, entropy.shape[1]), np.uint32)])
    constants = _powers(0x43B0D7E5, 0x931E8875, 1 + _POOL * len(entropy))
    pool = _hashed(entropy[:_POOL], constants[: _POOL + 1])
    done = _POOL
    for k in range(_POOL):
        others = [place for place in range(_POOL) if place != k]
        pool[others] = _mixed(pool[others], _hashed(pool[k], constants[done : done + _POOL]))
        done += _POOL - 1
    for word in entropy[_POOL:]:
        pool = _mixed(pool, _hashed(word, constants[done : done + _POOL + 1]))
        done += _POOL
    words = _hashed(np.concatenate([pool, pool]), _powers(0x8B51F9DD, 0x58F38DED, 2 * _POOL + 1))
    return np.ascontiguousarray(words.T, "<u4").view("<u8").astype(np.uint64)


@cache
def _powers(first: int, factor: int, n: int) -> Words:
    """A number times powers of a factor, [n, 1]."""
    powers = [first]
    while len(powers) < n:
        powers.append(powers[-1] * factor & _MOST)
    return np.array(powers, np.uint32)[:, None]


def _hashed(words: Words, constants: Words) -> Words:
    """Words hashed by a constant and the next one each: [M, n] for M + 1 of them."""
    hashed = (words ^ constants[:-1]) * constants[1:]
    return hashed ^ (hashed >> _HALF)


def _mixed(words: Words, others: Words) -> Words:
    mixed = _LEFT * words - _RIGHT * others
    return mixed ^ (mixed >> _HALF)

"""Permutations by key go to every number once, and look drawn by chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegssl.corpus.places.keyed_permutation import key_of, permuted


def whole(size: int, key: int) -> np.ndarray:
    """The permutation of 0 … size - 1."""
    numbers = np.arange(size)
    return permuted(numbers, np.full(size, size), np.full(size, key, np.uint64))


@pytest.mark.parametrize("size", [*range(1, 70), 997, 1000, 4096, 65_537])
def test_every_number_is_met_once(size: int) -> None:
    assert sorted(whole(size, key_of(size)).tolist()) == list(range(size))


@given(st.integers(1, 2**45), st.integers(0, 2**64 - 1), st.data())
def test_numbers_stay_within_and_apart_at_any_size(
    size: int, key: int, data: st.DataObject
) -> None:
    numbers = np.array(data.draw(st.lists(st.integers(0, size - 1), unique=True, max_size=40)))
    numbers = numbers.astype(np.int64)
    moved = permuted(numbers, np.full(len(numbers), size), np.full(len(numbers), key, np.uint64))
    assert ((moved >= 0) & (moved < size)).all()
    assert len(set(moved.tolist())) == len(numbers)


def test_numbers_of_several_permutations_at_once_are_those_of_each() -> None:
    sizes, keys = np.array([5, 900, 31]), [key_of(k) for k in range(3)]
    alone = [whole(size, key)[3] for size, key in zip(sizes.tolist(), keys, strict=True)]
    moved = permuted(np.full(3, 3), sizes, np.array(keys, np.uint64))
    assert moved.tolist() == alone


@pytest.mark.parametrize("size", [6, 50])
def test_over_keys_each_number_gets_everywhere_equally_often(size: int) -> None:
    """Chi-squared of first places, and of steps between neighbours, at 1200 keys."""
    all_of_them = np.stack([whole(size, key_of(3, k)) for k in range(1200)])
    for values in (all_of_them[:, 0], all_of_them[:, -1], np.diff(all_of_them[:, :2])[:, 0] % size):
        counts = np.bincount(values, minlength=size)
        counts = counts[1:] if not counts[0] else counts  # neighbours never get to one place
        expected = 1200 / len(counts)
        chi2, df = float(((counts - expected) ** 2 / expected).sum()), len(counts) - 1
        assert chi2 < df + 5 * np.sqrt(2 * df)

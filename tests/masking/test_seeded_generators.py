"""Generators that are seeded at once draw what NumPy's draw that are seeded one by one."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from eegssl.masking.seeded_generators import generators_of

SEEDS = st.one_of(st.integers(0, 3), st.integers(0, 2**32), st.integers(0, 2**130))
NUMBERS = st.one_of(st.integers(0, 3), st.integers(0, 2**32 - 1))


@given(st.lists(SEEDS, max_size=3), st.lists(NUMBERS, max_size=5), SEEDS)
@example([0, 0], [0, 2**32 - 1], 0)
@example([7], [2**32, 5], 1)
def test_all_draw_the_same_numbers(before: list[int], numbers: list[int], behind: int) -> None:
    places = np.array(numbers, np.int64)
    for number, ours in zip(numbers, generators_of(before, places, behind), strict=True):
        theirs = np.random.default_rng([*before, number, behind])
        assert ours.bit_generator.state == theirs.bit_generator.state
        np.testing.assert_array_equal(ours.permutation(9), theirs.permutation(9))
        np.testing.assert_array_equal(ours.random(4), theirs.random(4))

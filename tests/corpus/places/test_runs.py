"""Runs of places count, find and split as the lists that they stand for."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eegssl.corpus.places.runs import Runs, listed_runs, runs_of
from eegssl.corpus.places.tilings import EvenStarts, ListedStarts

LENGTHS = st.lists(st.integers(0, 5), min_size=1, max_size=12)


def listed(runs: Runs) -> list[int]:
    return runs.at(np.arange(len(runs))).tolist()


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_runs_stand_for_their_places(places: set[int], others: set[int]) -> None:
    runs = listed_runs(np.array(sorted(places), dtype=np.int64))
    assert listed(runs) == sorted(places)
    assert len(runs.first) == sum(place - 1 not in places for place in places)
    shared = runs.of(np.array(sorted(others), dtype=np.int64))
    assert shared.tolist() == sorted(places & others)
    assert listed(runs.without(shared)) == sorted(places - others)


@given(LENGTHS, st.integers(0, 3))
def test_neighbours_are_joined_and_empty_runs_left_out(lengths: list[int], gap: int) -> None:
    starts = np.cumsum([0, *(n + gap for n in lengths)])[:-1]
    runs = runs_of(starts, starts + lengths)
    wanted = [s + k for s, n in zip(starts.tolist(), lengths, strict=True) for k in range(n)]
    assert listed(runs) == wanted
    assert (runs.first[1:] > runs.stop[:-1]).all()


@given(st.lists(st.integers(1, 6), min_size=1, max_size=9), st.integers(1, 5))
def test_an_even_tiling_is_the_list_that_it_stands_for(counts: list[int], step: int) -> None:
    even = EvenStarts(np.cumsum(counts), step)
    owner = np.repeat(np.arange(len(counts)), counts)
    start = np.concatenate([np.arange(n) * step for n in counts])
    plain = ListedStarts(owner, start)
    assert len(even) == len(plain) == sum(counts)
    for one, other in zip(even.locate(np.arange(len(even))), (owner, start), strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(even.stretches(), plain.stretches(), strict=True):
        np.testing.assert_array_equal(one, other)

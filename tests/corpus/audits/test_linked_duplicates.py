"""N copies of one signal are N - 1 pairs, which link them all and show the worst kind of them."""

from itertools import combinations
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eegssl.corpus.audits.duplicates import ACROSS, find_duplicates
from eegssl.signal.waveform import Sketches

Row = dict[str, Any]


def sketch(signal: int, changed: int) -> np.ndarray:
    """A sketch of 64 hashes; those of one signal share all but the last ``changed``."""
    own = np.random.default_rng(signal).integers(0, 2**32, 64, dtype=np.uint32)
    other = np.random.default_rng([signal, changed]).integers(0, 2**32, changed, dtype=np.uint32)
    return np.unique(np.concatenate([own[: 64 - changed], other]))


PEOPLE = {"s-1": "train", "s-2": "train", "s-3": "test"}
CORPORA = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([0, 0, 3, 9]), st.sampled_from(sorted(PEOPLE))),
    max_size=14,
)


def rows_of(corpus: list[tuple[int, int, str]]) -> list[Row]:
    return [
        {"recording": f"r-{k:02d}", "subject": subject, "file": "", "sketch": sketch(*signal)}
        for k, (*signal, subject) in enumerate(corpus)
    ]


def groups(ids: list[str], pairs: list[tuple[str, str]]) -> set[frozenset[str]]:
    """What pairs link, by brute force."""
    found = [{id_} for id_ in ids]
    for pair in pairs:
        linked = [group for group in found if group & set(pair)]
        found = [group for group in found if group not in linked] + [set().union(*linked)]
    return {frozenset(group) for group in found}


@given(CORPORA)
def test_pairs_link_what_all_pairs_link_and_are_as_few_as_can_be(
    corpus: list[tuple[int, int, str]],
) -> None:
    rows = rows_of(corpus)
    found = find_duplicates(rows, PEOPLE, "subject")
    ids = [row["recording"] for row in rows]
    every = list(Sketches({row["recording"]: row["sketch"] for row in rows}).pairs())
    shared = {(one, other): n for one, other, n in every}
    linked = groups(ids, [(d.recording, d.same_as) for d in found])
    assert linked == groups(ids, list(shared))
    assert len(found) == len(ids) - len(linked)
    for pair in found:
        assert pair.n_shared == shared[pair.recording, pair.same_as]


@given(CORPORA)
def test_the_worst_kind_within_a_group_is_among_its_pairs(
    corpus: list[tuple[int, int, str]],
) -> None:
    rows = rows_of(corpus)
    found = find_duplicates(rows, PEOPLE, "subject")
    of = {row["recording"]: row["subject"] for row in rows}

    def across(one: str, other: str) -> str:
        if PEOPLE[of[one]] != PEOPLE[of[other]]:
            return "splits"
        return "neither" if of[one] == of[other] else "subjects"

    severity = list(ACROSS)
    for group in groups(list(of), [(d.recording, d.same_as) for d in found]):
        kinds = [across(*pair) for pair in combinations(sorted(group), 2)]
        told = [d.across for d in found if d.recording in group]
        if kinds:
            assert min(told, key=severity.index) == min(kinds, key=severity.index)


def test_ten_thousand_copies_are_as_many_rows() -> None:
    """As pairs they would be 50 million."""
    one = sketch(0, 0)
    rows = [
        {"recording": f"r-{k:05d}", "subject": f"s-{1 + k % 3}", "file": "", "sketch": one}
        for k in range(10_000)
    ]
    found = find_duplicates(rows, PEOPLE, "subject")
    assert len(found) == 9999
    assert {d.same_as for d in found} | {d.recording for d in found} == {
        row["recording"] for row in rows
    }


def test_signals_with_few_hashes_are_no_copies() -> None:
    rows = [
        {"recording": f"r-{k}", "subject": "s-1", "file": "", "sketch": np.arange(n, dtype="u4")}
        for k, n in enumerate([0, 0, 5, 5])
    ]
    assert find_duplicates(rows, PEOPLE, "subject") == []

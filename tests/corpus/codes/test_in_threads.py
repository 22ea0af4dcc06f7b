"""Work in threads: results come in order, not too far ahead, and a failure ends it."""

import threading
from collections.abc import Iterator

import pytest

from eegssl.corpus.codes.in_threads import in_order


def test_results_come_in_the_order_of_the_parts_and_are_not_hoarded() -> None:
    taken = 0

    def parts() -> Iterator[int]:
        for k in range(100):
            assert k - taken <= 2 * 3 + 1, "parts are begun far ahead of what is taken"
            yield k

    later = threading.Event()

    def work(k: int) -> int:
        if k == 0:
            later.wait()  # the first ends last
        later.set() if k == 2 else None
        return k * k

    for k, square in in_order(work, parts(), 3):
        assert (k, square) == (taken, taken**2)
        taken += 1
    assert taken == 100


def test_each_thread_begins_once() -> None:
    begun: list[int] = []
    both = threading.Barrier(2)
    made = in_order(lambda k: both.wait(), range(2), 2, lambda: begun.append(threading.get_ident()))
    assert len(list(made)) == 2
    assert len(set(begun)) == len(begun) == 2


def test_the_first_failure_is_raised_and_nothing_more_is_begun() -> None:
    done = []

    def work(k: int) -> int:
        if k == 3:
            raise ValueError("part 3")
        done.append(k)
        return k

    with pytest.raises(ValueError, match="part 3"):
        list(in_order(work, range(1000), 1))
    assert len(done) < 10

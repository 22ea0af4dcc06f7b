"""Stretches of time are joined, cut and compared by their seconds."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from eegssl.io.spans import Sweep, agree, joined, overlap_s, touches_any, without

SPAN = st.tuples(st.integers(0, 40), st.integers(1, 10)).map(lambda s: (s[0], s[0] + s[1]))


def seconds(spans):
    return {second for start, end in spans for second in range(start, end)}


@given(st.lists(SPAN))
def test_joined_spans_hold_the_same_seconds_and_lie_apart(spans):
    result = joined(spans)
    assert seconds(result) == seconds(spans)
    assert all(a[1] < b[0] for a, b in pairwise(result))


@given(SPAN, st.lists(SPAN))
def test_a_span_without_its_holes_holds_the_other_seconds(span, holes):
    left = without(span, joined(holes))
    assert seconds(left) == seconds([span]) - seconds(holes)
    assert all(start < end for start, end in left)


@given(SPAN, SPAN)
def test_the_overlap_of_two_spans_is_their_common_seconds(a, b):
    assert overlap_s(a, b) == overlap_s(b, a) == len(seconds([a]) & seconds([b]))


@given(st.lists(SPAN), st.floats(0, 3))
def test_a_list_agrees_with_itself_and_with_one_moved_within_the_tolerance(spans, tolerance_s):
    moved = [(start + tolerance_s, end + tolerance_s) for start, end in spans]
    assert agree(spans, spans, tolerance_s)
    assert agree(spans, moved, tolerance_s + 1e-6)
    assert not agree(spans, [*spans, (1000, 1010)], tolerance_s)


@given(st.lists(SPAN), st.lists(SPAN))
def test_a_sweep_finds_what_a_look_at_all_finds(items, stretches):
    sweep = Sweep(items, lambda span: span)
    for start, end in joined(stretches):
        slow = [item for item in items if item[1] >= start and item[0] <= end]
        assert sweep.touching(start, end) == slow


@given(SPAN, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9))))
def test_a_span_touches_what_a_look_at_all_says(span, lengths):
    others = joined([(start, start + length) for start, length in lengths])
    assert touches_any(span, others) == any(overlap_s(span, other) > 0 for other in others)


class Counted(float):
    """A time that counts how often it is compared."""

    n = 0

    def __lt__(self, other):
        Counted.n += 1
        return float(self) < float(other)

    def __le__(self, other):
        Counted.n += 1
        return float(self) <= float(other)

    def __ge__(self, other):
        Counted.n += 1
        return float(self) >= float(other)


def comparisons(n):
    """How many a sweep takes for n events, one of them as long as the file, and n stretches."""
    items = [(Counted(k), Counted(k + 0.5)) for k in range(n)] + [(Counted(0), Counted(n))]
    Counted.n = 0
    sweep = Sweep(items, lambda span: span)
    for k in range(n):
        sweep.touching(k, k + 0.9)
    return Counted.n


def test_a_sweep_takes_as_many_steps_as_there_are_events_and_stretches():
    few, many = comparisons(200), comparisons(2000)
    assert many < 12 * few
    assert many < 20 * 2000

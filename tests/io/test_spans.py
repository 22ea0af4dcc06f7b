"""Stretches of time are joined, cut and compared by their seconds."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from eegssl.io.spans import agree, joined, overlap_s, without

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

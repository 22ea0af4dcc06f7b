"""Join, cut and compare stretches of time, (start, end) in seconds."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import islice

Span = tuple[float, float]


def joined(spans: Sequence[Span], gap_s: float = 0.0) -> list[Span]:
    """Spans in order, those that overlap or lie at most ``gap_s`` seconds apart made one."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1] + gap_s:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def without(span: Span, holes: Sequence[Span]) -> list[Span]:
    """Cut holes, which lie in order and apart (see `joined`), out of a span."""
    left: list[Span] = []
    start, end = span
    first = bisect_right(holes, start, key=lambda hole: hole[1])
    for hole_start, hole_end in islice(holes, first, None):
        if hole_start >= end:
            break
        if start < hole_start:
            left.append((start, hole_start))
        start = hole_end
    return [*left, (start, end)] if start < end else left


def overlap_s(a: Span, b: Span) -> float:
    """Seconds that two spans share, 0 where they share none."""
    return max(0.0, min(a[1], b[1]) - max(a[0], b[0]))


def agree(a: Sequence[Span], b: Sequence[Span], tolerance_s: float) -> bool:
    """Whether two lists tell of the same stretches, edges within a tolerance.

    Stretches that lie closer to each other than the tolerance count as one.
    """
    one, other = joined(a, tolerance_s), joined(b, tolerance_s)
    return len(one) == len(other) and all(
        abs(x - y) <= tolerance_s
        for first, second in zip(one, other, strict=True)
        for x, y in zip(first, second, strict=True)
    )

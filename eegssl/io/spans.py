"""Join, cut and compare stretches of time, (start, end) in seconds."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

Span = tuple[float, float]
T = TypeVar("T")


class Sweep(Generic[T]):
    """Finds what touches stretches that are asked for in order, none before the last one.

    Each item is looked at when its time comes and while it lasts: the cost grows with items and
    stretches, and with what is found, not with their product.
    """

    def __init__(self, items: Sequence[T], span_of: Callable[[T], Span]) -> None:
        self._spans = [span_of(item) for item in items]
        self._items = items
        self._waiting = sorted(range(len(items)), key=lambda k: self._spans[k][0], reverse=True)
        self._open: list[int] = []

    def touching(self, start_s: float, end_s: float) -> list[T]:
        """The items that overlap a stretch or share an edge with it, in their own order."""
        while self._waiting and self._spans[self._waiting[-1]][0] <= end_s:
            self._open.append(self._waiting.pop())
        self._open = [k for k in self._open if self._spans[k][1] >= start_s]
        return [self._items[k] for k in sorted(self._open)]


def touches_any(span: Span, others: Sequence[Span]) -> bool:
    """Whether a span shares time with one of others, which lie in order and apart."""
    for other in islice(others, bisect_right(others, span[0], key=lambda one: one[1]), None):
        if overlap_s(span, other) > 0:
            return True
        if other[0] >= span[1]:
            break
    return False


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

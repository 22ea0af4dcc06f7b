"""Map parts of recordings in threads, in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Part = TypeVar("Part")
Made = TypeVar("Made")
_AHEAD = 2
"""Parts for each thread that are begun before they are asked for; they bound the memory. Ours."""


def in_order(
    work: Callable[[Part], Made],
    parts: Iterable[Part],
    n_threads: int,
    begin: Callable[[], object] = lambda: None,
) -> Iterator[tuple[Part, Made]]:
    """Each part and what ``work`` makes of it, in the order of the parts.

    Each thread calls ``begin`` first. Raises what the first part that failed raised; parts that
    are not begun by then never are.
    """
    waiting: deque[tuple[Part, Future[Made]]] = deque()
    pool = ThreadPoolExecutor(n_threads, initializer=begin)
    try:
        for part in parts:
            waiting.append((part, pool.submit(work, part)))
            if len(waiting) > _AHEAD * n_threads:
                first, made = waiting.popleft()
                yield first, made.result()
        while waiting:
            first, made = waiting.popleft()
            yield first, made.result()
    finally:
        pool.shutdown(cancel_futures=True)

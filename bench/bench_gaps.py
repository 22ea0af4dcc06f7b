"""Time of giving events to the segments of a file with many gaps, and how it grows.

Run ``python bench/bench_gaps.py``; prints Markdown. Events and gaps are made up (seeded); one event
is as long as the file. Beside it: a look at every event for every segment, at a tenth of the size.
The ratio of times between a size and twice the size is near 2 where the cost is linear, and 4 where
it grows with the product.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from eegssl.io.spans import Span, Sweep

N_EVENTS, N_GAPS = 2_000, 200_000


def made(n_events: int, n_gaps: int) -> tuple[list[Span], list[Span]]:
    """Events of 0 to 60 s, one of them as long as the file, and a segment of 9 s every 10 s."""
    rng = np.random.default_rng(0)
    segments = [(10.0 * k, 10.0 * k + 9.0) for k in range(n_gaps + 1)]
    onsets = np.sort(rng.uniform(0, segments[-1][1], n_events - 1))
    events = [
        (float(a), float(a + d))
        for a, d in zip(onsets, rng.uniform(0, 60, n_events - 1), strict=True)
    ]
    return [(0.0, segments[-1][1]), *events], segments


def swept(events: list[Span], segments: list[Span]) -> int:
    """Events inside segments, by one pass."""
    sweep = Sweep(events, lambda span: span)
    return sum(len(sweep.touching(*segment)) for segment in segments)


def looked_at(events: list[Span], segments: list[Span]) -> int:
    """The same by a look at every event for every segment."""
    return sum(a <= end and b >= start for start, end in segments for a, b in events)


def seconds(work: Callable[[list[Span], list[Span]], int], n_events: int, n_gaps: int) -> float:
    """Seconds of processor time that it takes."""
    events, segments = made(n_events, n_gaps)
    begin = time.process_time()
    work(events, segments)
    return time.process_time() - begin


def main() -> None:
    """Print seconds and ratios."""
    print("| work | events | gaps | s | twice of both | ratio |\n|---|---|---|---|---|---|")
    small = (N_EVENTS // 10, N_GAPS // 100)
    for name, work, size in (
        ("one pass", swept, (N_EVENTS, N_GAPS)),
        ("each event for each gap", looked_at, small),
    ):
        once, twice = seconds(work, *size), seconds(work, 2 * size[0], 2 * size[1])
        print(f"| {name} | {size[0]} | {size[1]} | {once:.2f} | {twice:.2f} | {twice / once:.1f} |")


if __name__ == "__main__":
    main()

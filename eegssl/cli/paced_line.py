"""Tell when a line of progress is due."""

import time
from collections.abc import Callable

SECONDS_BETWEEN_LINES = 600.0
"""Ours: work of days is heard of every ten minutes at least."""


class PacedLine:
    """Progress in lines: at each tenth of the work, and every ten minutes."""

    def __init__(self, label: str, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._clock, self._label = total, clock, label
        self._tenth = -1
        self._first: tuple[int, float] | None = None
        self._told_s = clock()

    def _due(self, done: int) -> tuple[str, int, float] | None:
        """The line's first words, work and seconds since the first line; None if none is due."""
        now_s = self._clock()
        first_done, first_s = self._first = self._first or (done, now_s)
        tenth = 10 * done // max(1, self._total)
        if tenth <= self._tenth and now_s - self._told_s < SECONDS_BETWEEN_LINES:
            return None
        self._tenth, self._told_s = max(tenth, self._tenth), now_s
        return f"{self._label}: {done}/{self._total}", done - first_done, now_s - first_s


def lasting(seconds: float) -> str:
    """A time in the two units that a person would say."""
    minutes, hours = seconds / 60, seconds / 3600
    if seconds < 60:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes:.0f} min"
    return f"{hours:.0f} h" if hours >= 10 else f"{int(hours)} h {int(minutes) % 60} min"

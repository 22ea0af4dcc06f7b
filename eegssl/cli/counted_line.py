"""Word how much work is done where no bar can be drawn."""

import time
from collections.abc import Callable

from eegssl.cli.training_line import SECONDS_BETWEEN_LINES, lasting

SECONDS_BEFORE_A_GUESS = 10.0
"""Ours: what was done by then says little of what is left."""


class CountedLine:
    """Lines with the number done and time left: at each tenth, and every ten minutes."""

    def __init__(self, label: str, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._label, self._total, self._clock = label, total, clock
        self._tenth = -1
        self._first: tuple[int, float] | None = None
        self._told_s = clock()

    def line(self, done: int) -> str | None:
        """The line when so much is done, None where none is due."""
        now_s = self._clock()
        first_done, first_s = self._first = self._first or (done, now_s)
        tenth = 10 * done // max(1, self._total)
        if tenth <= self._tenth and now_s - self._told_s < SECONDS_BETWEEN_LINES:
            return None
        self._tenth, self._told_s = max(tenth, self._tenth), now_s
        words = f"{self._label}: {done}/{self._total}"
        elapsed_s, more = now_s - first_s, done - first_done
        if more <= 0 or elapsed_s < SECONDS_BEFORE_A_GUESS or done >= self._total:
            return words
        return f"{words}, about {lasting((self._total - done) * elapsed_s / more)} left"

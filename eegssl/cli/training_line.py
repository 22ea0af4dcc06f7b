"""Word the progress of a training where no bar can be drawn."""

import time
from collections.abc import Callable

SECONDS_BETWEEN_LINES = 600.0
"""Ours: a training of days is heard of every ten minutes at least."""


class TrainingLine:
    """Lines with loss, rate and time left: at each tenth of the steps, and every ten minutes."""

    def __init__(self, label: str, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._label, self._total, self._clock = label, total, clock
        self._tenth = -1
        self._first: tuple[int, float] | None = None
        self._told_s = clock()

    def line(self, done: int, loss: float) -> str | None:
        """The line after so many steps, None where none is due."""
        now_s = self._clock()
        first_done, first_s = self._first = self._first or (done, now_s)
        tenth = 10 * done // max(1, self._total)
        if tenth <= self._tenth and now_s - self._told_s < SECONDS_BETWEEN_LINES:
            return None
        self._tenth, self._told_s = max(tenth, self._tenth), now_s
        words = f"{self._label}: {done}/{self._total}, loss {loss:.4g}"
        elapsed_s, steps = now_s - first_s, done - first_done
        if steps <= 0 or elapsed_s <= 0:
            return words
        rate = steps / elapsed_s
        left = f", {lasting((self._total - done) / rate)} left" if done < self._total else ""
        return f"{words}, {rate:.3g} steps/s{left}"


def lasting(seconds: float) -> str:
    """A time in the two units that a person would say."""
    minutes, hours = seconds / 60, seconds / 3600
    if seconds < 60:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes:.0f} min"
    return f"{hours:.0f} h" if hours >= 10 else f"{int(hours)} h {int(minutes) % 60} min"

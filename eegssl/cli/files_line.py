"""Word how far the work on files is, by hours of EEG."""

import time
from collections.abc import Callable

from eegssl.cli.counted_line import SECONDS_BEFORE_A_GUESS
from eegssl.cli.paced_line import PacedLine, lasting


class FilesLine(PacedLine):
    """Lines with files, hours of EEG, hours a second, refusals and time left.

    The time left follows from hours: the largest files come first.
    """

    def __init__(
        self, label: str, total: int, hours: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(label, total, clock)
        self._hours = hours
        self._before: float | None = None

    def line(self, done: int, hours: float, refused: int) -> str | None:
        """The line when so much is done, None where none is due."""
        self._before = hours if self._before is None else self._before
        more = hours - self._before
        if (due := self._due(done)) is None:
            return None
        words, _, elapsed_s = due
        parts = [words, hours_in_words(hours, self._hours)]
        if more > 0 and elapsed_s > 0:
            parts.append(f"{more / elapsed_s:.2g} h/s")
        if refused:
            parts.append(f"{refused} refused")
        if more > 0 and elapsed_s >= SECONDS_BEFORE_A_GUESS and done < self._total:
            left_s = max(0.0, self._hours - hours) * elapsed_s / more
            parts.append(f"about {lasting(left_s)} left")
        return ", ".join(parts)


def hours_in_words(hours: float, total: float) -> str:
    """Hours of EEG that are done, of all of them."""
    return f"{hours:.3g} of {total:.3g} h of EEG"

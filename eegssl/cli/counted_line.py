"""Word how much work is done where no bar can be drawn."""

from eegssl.cli.paced_line import PacedLine, lasting

SECONDS_BEFORE_A_GUESS = 10.0
"""Ours: what was done by then says little of what is left."""


class CountedLine(PacedLine):
    """Lines with the number done and time left."""

    def line(self, done: int) -> str | None:
        """The line when so much is done, None where none is due."""
        if (due := self._due(done)) is None:
            return None
        words, more, elapsed_s = due
        if more <= 0 or elapsed_s < SECONDS_BEFORE_A_GUESS or done >= self._total:
            return words
        return f"{words}, about {lasting((self._total - done) * elapsed_s / more)} left"

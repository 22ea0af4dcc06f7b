"""Word the progress of a training where no bar can be drawn."""

from eegssl.cli.paced_line import PacedLine, lasting


class TrainingLine(PacedLine):
    """Lines with loss, rate and time left."""

    def line(self, done: int, loss: float) -> str | None:
        """The line after so many steps, None where none is due."""
        if (due := self._due(done)) is None:
            return None
        words, steps, elapsed_s = due
        words = f"{words}, loss {loss:.4g}"
        if steps <= 0 or elapsed_s <= 0:
            return words
        rate = steps / elapsed_s
        left = f", {lasting((self._total - done) / rate)} left" if done < self._total else ""
        return f"{words}, {rate:.3g} steps/s{left}"

"""Log, draw and track a training while it runs."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from eegssl.artifacts.manifest import PROGRESS, SPEED
from eegssl.training.history import METRICS
from eegssl.training.live.health_concerns import health_concerns
from eegssl.training.live.trackers import Tracker
from eegssl.training.live.training_rows import append_row, read_rows_so_far

FIRST_PICTURE_S = 30.0
"""Ours: shorter trainings are over before anybody looks, and load no library of figures."""
SECONDS_BETWEEN_PICTURES = 60.0
LARGEST_SHARE_OF_TIME = 0.01
"""Ours: of a training's time at most so much goes into its pictures."""
_FAILURES = (OSError, ValueError, RuntimeError, ImportError)
"""Errors of a full disk, a file that is damaged, or a library of figures."""


class LiveLog:
    """Receives the rows of a training on its first rank; none of its failures ends the training.

    ``draw`` makes the picture of the folder's logs; ``warn`` is told what failed, once.
    """

    def __init__(
        self,
        folder: Path,
        *,
        draw: Callable[[Path], None] | None = None,
        trackers: Sequence[Tracker] = (),
        warn: Callable[[str], object] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._draw, self._trackers = folder, draw, list(trackers)
        self._warn, self._clock = warn, clock
        self._logs_speed = True
        self._concerns: set[str] = set()
        self._next_picture_s = clock() + FIRST_PICTURE_S
        self._drawn = False

    def on_row(
        self, metrics: Mapping[str, float | None], speed: Mapping[str, float | None]
    ) -> None:
        """Take a row of ``metrics.jsonl``, which is written already, and one of the clock."""
        if self._logs_speed:
            self._logs_speed = self._survives(
                SPEED, partial(append_row, self._folder / SPEED, speed), _FAILURES
            )
        if self._draw and self._clock() >= self._next_picture_s:
            self._picture()
        if any(name.startswith("val_") for name in metrics):
            self._survives(METRICS, self._tell_concerns, _FAILURES)
        row = {name: value for name, value in metrics.items() if value is not None}
        row |= {f"speed/{n}": v for n, v in speed.items() if v is not None and n != "step"}
        for tracker in list(self._trackers):
            self._hand(tracker, partial(tracker.log, row))

    def close(self) -> None:
        """End the trackers, and draw the last picture of a training that had one."""
        if self._drawn:
            self._picture()
        for tracker in list(self._trackers):
            self._hand(tracker, tracker.close)
        self._trackers = []

    def _tell_concerns(self) -> None:
        """Warn of what the log says against the embeddings, once of each kind."""
        for concern in health_concerns(read_rows_so_far(self._folder / METRICS)):
            kind = concern.partition(":")[0]
            if kind not in self._concerns:
                self._warn(concern)
            self._concerns.add(kind)

    def _picture(self) -> None:
        begin_s, draw = self._clock(), self._draw
        if draw is None:
            return
        if not self._survives(PROGRESS, partial(draw, self._folder), _FAILURES):
            self._draw = None
        self._drawn = self._draw is not None
        end_s = self._clock()
        wait_s = max(SECONDS_BETWEEN_PICTURES, (end_s - begin_s) / LARGEST_SHARE_OF_TIME)
        self._next_picture_s = end_s + wait_s

    def _hand(self, tracker: Tracker, action: Callable[[], None]) -> None:
        """Let a tracker do something; one that fails is asked no more."""
        if not self._survives(tracker.name, action, (*_FAILURES, *tracker.errors)):
            self._trackers.remove(tracker)

    def _survives(
        self, name: str, action: Callable[[], None], errors: tuple[type[Exception], ...]
    ) -> bool:
        try:
            action()
        except errors as error:
            self._warn(
                f"{name} is given up, since {type(error).__name__}: {error}; the training goes on"
            )
            return False
        return True

"""A training is logged, drawn and tracked; none of that can end it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from eegssl.artifacts.manifest import SPEED
from eegssl.training.history import METRICS as LOG
from eegssl.training.live.live_log import (
    FIRST_PICTURE_S,
    LARGEST_SHARE_OF_TIME,
    SECONDS_BETWEEN_PICTURES,
    LiveLog,
)
from eegssl.training.live.training_rows import append_row


@dataclass
class Clock:
    """A clock that a test moves."""

    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Fake:
    """A tracker that keeps its rows, and fails when told to."""

    name: str = "fake"
    errors: tuple[type[Exception], ...] = (LookupError,)
    fails: Exception | None = None
    rows: list[dict[str, float]] = field(default_factory=list)
    closed: bool = False

    def log(self, row: Mapping[str, float]) -> None:
        if self.fails:
            raise self.fails
        self.rows.append(dict(row))

    def close(self) -> None:
        self.closed = True


METRICS = {"step": 20, "train_loss": 1.5, "val_auroc": None}
TIMES = {"step": 20, "windows_per_s": 90.0, "mfu": None}


def test_each_row_of_the_clock_is_appended(tmp_path: Path) -> None:
    log = LiveLog(tmp_path)
    log.on_row(METRICS, TIMES)
    log.on_row(METRICS | {"step": 40}, TIMES | {"step": 40})
    lines = (tmp_path / SPEED).read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [20, 40]


def test_trackers_get_the_known_numbers_and_the_end(tmp_path: Path) -> None:
    tracker = Fake()
    log = LiveLog(tmp_path, trackers=[tracker])
    log.on_row(METRICS, TIMES)
    log.close()
    assert tracker.rows == [{"step": 20, "train_loss": 1.5, "speed/windows_per_s": 90.0}]
    assert tracker.closed


def test_pictures_are_far_apart_and_short_trainings_have_none(tmp_path: Path) -> None:
    clock, times = Clock(), []

    def draw(folder: Path) -> None:
        times.append(clock.now_s)

    log = LiveLog(tmp_path, draw=draw, clock=clock)
    for _ in range(int(2 * SECONDS_BETWEEN_PICTURES + FIRST_PICTURE_S)):
        log.on_row(METRICS, TIMES)
        clock.now_s += 1
    first, second = FIRST_PICTURE_S, FIRST_PICTURE_S + SECONDS_BETWEEN_PICTURES
    assert times == [first, second]
    log.close()
    assert len(times) == 3
    brief = LiveLog(tmp_path, draw=draw, clock=clock)
    brief.on_row(METRICS, TIMES)
    brief.close()
    assert len(times) == 3


def test_slow_pictures_take_a_small_share_of_the_time(tmp_path: Path) -> None:
    clock, drawn_s, slow_s = Clock(), 0.0, 10.0

    def draw(folder: Path) -> None:
        nonlocal drawn_s
        clock.now_s += slow_s
        drawn_s += slow_s

    log = LiveLog(tmp_path, draw=draw, clock=clock)
    for _ in range(5000):
        log.on_row(METRICS, TIMES)
        clock.now_s += 1
    assert drawn_s <= LARGEST_SHARE_OF_TIME * clock.now_s + slow_s


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), LookupError("gone"), ImportError("no x")]
)
def test_a_tracker_that_fails_is_told_once_and_dropped(tmp_path: Path, error: Exception) -> None:
    warnings: list[str] = []
    good, bad = Fake(), Fake(name="bad", fails=error)
    log = LiveLog(tmp_path, trackers=[bad, good], warn=warnings.append)
    log.on_row(METRICS, TIMES)
    log.on_row(METRICS, TIMES)
    log.close()
    (warning,) = warnings
    assert "bad is given up" in warning
    assert "the training goes on" in warning
    assert (len(good.rows), good.closed, bad.closed) == (2, True, False)


def test_a_picture_or_log_that_fails_is_told_once(tmp_path: Path) -> None:
    warnings: list[str] = []
    clock = Clock()

    def draw(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    log = LiveLog(tmp_path / "gone", draw=draw, warn=warnings.append, clock=clock)
    for _ in range(3):
        clock.now_s += 1000
        log.on_row(METRICS, TIMES)
    log.close()
    assert [warning.split()[0] for warning in warnings] == ["speed.jsonl", "progress.png"]


def test_collapsing_embeddings_are_told_once_while_it_runs(tmp_path: Path) -> None:
    warnings: list[str] = []
    log = LiveLog(tmp_path, warn=warnings.append)
    for step, rank in ((20, 8.0), (40, 1.2), (60, 1.1)):
        row = {"step": step, "val_effective_rank": rank}
        append_row(tmp_path / LOG, row)
        log.on_row(row, TIMES | {"step": step})
    (warning,) = warnings
    assert "the embeddings collapse: their effective rank is 1.20" in warning

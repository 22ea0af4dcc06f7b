"""Where no bar can be drawn, a training says its loss, its rate and the time left."""

import pytest

from eegssl.cli.paced_line import lasting
from eegssl.cli.training_line import TrainingLine
from eegssl.training.eeg_seen import eeg_seen


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_line_at_each_tenth_has_loss_rate_and_time_left() -> None:
    clock, lines = Clock(), []
    progress = TrainingLine("encoder", 100, clock)
    for step in range(1, 101):
        clock.now_s += 2.0
        lines.append(progress.line(step, 5 - step / 50))
    told = [line for line in lines if line]
    assert told[0] == "encoder: 1/100, loss 4.98"
    assert told[1] == "encoder: 10/100, loss 4.8, 0.5 steps/s, 3 min left"
    assert told[-1] == "encoder: 100/100, loss 3, 0.5 steps/s"
    assert len(told) == 11


def test_a_slow_training_is_heard_of_before_its_next_tenth() -> None:
    clock = Clock()
    progress = TrainingLine("encoder", 1_000_000, clock)
    lines = []
    for step in range(500_001, 500_100):  # resumed
        clock.now_s += 30.0
        lines.append(progress.line(step, 1.0))
    told = [line for line in lines if line]
    assert len(told) == 1 + 98 * 30 // 600
    assert "0.0333 steps/s" in told[1]
    assert told[1].endswith("4166 h left")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "5 s"), (150, "2 min"), (5400, "1 h 30 min"), (36_000, "10 h")],
)
def test_times_are_said_as_people_do(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


def test_the_eeg_of_a_training_is_said_in_hours_and_passes() -> None:
    seen = eeg_seen(100_000, 32, 9_720_000, 10.0)
    assert seen.in_words == "8,889 h of EEG, 33 % of one pass over 27,000 h"
    assert eeg_seen(10, 4, 10, 90.0).in_words == "1 h of EEG, 4.0 passes over 0.25 h"
    assert eeg_seen(10, 4, 10, 90.0).as_facts() == {"hours": 1.0, "passes": 4.0}

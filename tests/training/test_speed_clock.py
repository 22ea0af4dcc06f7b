"""Speed is that of the steps: a validation's time is left out, waiting for data is counted."""

from collections.abc import Iterator

import pytest
import torch

from eegssl.training.fitting import speed_clock
from eegssl.training.fitting.speed_clock import Clock


class Hands:
    """A clock that goes on when it is told to."""

    now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


def test_rates_are_of_the_steps_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Hands()
    monkeypatch.setattr(speed_clock, "time", hands)

    def batches() -> Iterator[int]:
        for size in (16, 16):
            hands.now_s += 1.0  # to read one
            yield size

    clock = Clock(torch.device("cpu"), 10.0)
    for size in clock.waiting(batches()):
        hands.now_s += 3.0  # to take a step
        clock.count(size)
    with clock.paused():
        hands.now_s += 100.0  # to validate
    row = clock.row(2)
    assert row["windows_per_s"] == pytest.approx(4)
    assert row["eeg_h_per_s"] == pytest.approx(40 / 3600)
    assert row["step_s"] == pytest.approx(4)
    assert row["data_wait"] == pytest.approx(0.25)

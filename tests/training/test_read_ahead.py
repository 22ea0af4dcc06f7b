"""Parts that are read ahead, and processes that read them."""

import time
from multiprocessing import active_children

import pytest
import torch
from torch import Tensor

from eegssl.errors import ConfigError
from eegssl.training.fitting import loader
from eegssl.training.fitting.loader import read_ahead
from eegssl.training.fitting.steps import Part, Steps

CPU = torch.device("cpu")


class Numbers(Steps):
    """Parts that hold the number of their step; ``hangs`` never ends."""

    def __init__(self, hangs: int | None = None) -> None:
        self.hangs = hangs

    def read(self, step: int) -> list[Part]:
        if step == self.hangs:
            time.sleep(3600)
        return [Part((torch.tensor(step),), 1.0)]

    def terms(self, *inputs: Tensor) -> dict[str, Tensor]:
        return {"loss": inputs[0]}

    def names(self, step: int) -> list[str]:
        return [f"r-{step}"]


@pytest.mark.parametrize("n_workers", [0, 1, 2])
def test_parts_come_in_the_order_of_their_steps(n_workers: int) -> None:
    ahead = read_ahead(Numbers(), 2, 9, CPU, n_workers)
    assert [int(part.inputs[0]) for (part,) in ahead] == list(range(2, 9))
    assert active_children() == []


def test_one_that_is_closed_early_leaves_no_process() -> None:
    ahead = read_ahead(Numbers(), 0, 100, CPU, 2)
    next(ahead)
    assert len(active_children()) == 2
    ahead.close()
    assert active_children() == []


def test_a_hung_worker_is_named_and_does_not_outlive_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "WORKER_TIMEOUT_S", 1)
    ahead = read_ahead(Numbers(hangs=3), 0, 9, CPU, 2)
    with pytest.raises(
        ConfigError, match=r"worker 2 of 2, which reads step 3 of r-3, gave nothing"
    ):
        list(ahead)
    assert active_children() == []

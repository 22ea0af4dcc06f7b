"""A scheduler's signals reach data workers too, and are the training's to answer."""

import os
import signal

import pytest
import torch
from torch import Tensor

from eegssl.training.fitting.loader import read_ahead
from eegssl.training.fitting.preemption import SIGNALS, on_sigterm
from eegssl.training.fitting.steps import Part, Steps


class WhoReads(Steps):
    """Parts that hold the number of the process that read them."""

    def read(self, step: int) -> list[Part]:
        return [Part((torch.tensor(os.getpid()), torch.tensor(step)), 1.0)]

    def terms(self, *inputs: Tensor) -> dict[str, Tensor]:
        raise NotImplementedError


@pytest.mark.parametrize("number", SIGNALS)
def test_a_worker_reads_on(number: signal.Signals) -> None:
    heard: list[int] = []
    with on_sigterm(lambda: heard.append(1)):
        batches = read_ahead(WhoReads(), 0, 40, torch.device("cpu"), 1)
        ((worker, _),) = (part.inputs for part in next(batches))
        assert int(worker) != os.getpid()
        os.kill(int(worker), number)
        steps = [int(part.inputs[1]) for parts in batches for part in parts]
    assert steps == list(range(1, 40))
    assert heard == []

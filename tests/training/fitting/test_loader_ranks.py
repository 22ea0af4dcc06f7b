"""A data worker reads the part of its rank, however it was started."""

import pytest
import torch

from eegssl.tokenizer import ranks
from eegssl.training.fitting.loader import _Reading
from eegssl.training.fitting.steps import OneBatch, of_this_rank


def test_a_worker_that_knows_no_ranks_takes_the_parts_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ranks, "_served", None)
    assert of_this_rank(range(6)) == [0, 1, 2, 3, 4, 5]
    reading = _Reading(OneBatch(lambda step: {"loss": torch.zeros(())}), rank=1, of=3)
    reading.start(0)
    assert of_this_rank(range(6)) == [1, 4]
    assert ranks.own_rank() == 1
    assert not ranks.is_first()

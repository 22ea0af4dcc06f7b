"""Weights that are spread over the ranks learn what whole ones do, and are hard to kill.

The quick one of both promises is ``test_rank_fits.py``.
"""

from pathlib import Path

import pytest
import torch
from fitted_ranks import start, trained
from torch import Tensor

from eegssl.errors import ConfigError
from eegssl.training.config import TrainingConfig
from eegssl.training.fitting.sharded_checkpoint import FOLDER, PREVIOUS_FOLDER, UNFINISHED
from eegssl.training.fitting.sharding import require_shardable


def require_alike(weights: dict[str, Tensor], others: dict[str, Tensor]) -> None:
    assert weights.keys() == others.keys()
    for name, one in weights.items():
        torch.testing.assert_close(others[name], one, atol=1e-6, rtol=0, msg=name)


@pytest.mark.slow
def test_bytes_of_a_run_that_is_killed_and_damaged(tmp_path: Path) -> None:
    """Equal those of a run that nothing stopped; DDP and two more ranks equal to rounding."""
    whole, spread, damaged, more = (tmp_path / n for n in ("whole", "spread", "damaged", "more"))
    expected, _ = trained(spread, 2, shard="fsdp2")
    require_alike(expected, trained(whole, 2)[0])
    start(damaged, 2, shard="fsdp2", stop=8)
    (damaged / FOLDER).rename(damaged / UNFINISHED)  # as if killed before it took its place
    assert (damaged / PREVIOUS_FOLDER).exists()
    trained(damaged, 2, shard="fsdp2")
    left, right = (folder / "weights.safetensors" for folder in (spread, damaged))
    assert left.read_bytes() == right.read_bytes()
    start(more, 2, shard="fsdp2", stop=8)
    weights, _ = trained(more, 4, shard="fsdp2")
    require_alike(expected, weights)


@pytest.mark.slow
def test_a_tokenizer_learns_the_same_codebook(tmp_path: Path) -> None:
    """Its codebook is whole on every rank; the blocks of its context are spread."""
    alone, log = trained(tmp_path / "alone", 1, model="tokenizer")
    spread, log_of_two = trained(tmp_path / "spread", 2, shard="fsdp2", model="tokenizer")
    require_alike(alone, spread)
    for row, other in zip(log, log_of_two, strict=True):
        assert other == pytest.approx(row, abs=1e-6, rel=1e-6)


def test_one_rank_has_nothing_to_spread() -> None:
    with pytest.raises(ConfigError, match=r"needs several ranks.*leave training\.shard out"):
        require_shardable(TrainingConfig(shard="fsdp2"), 1)
    require_shardable(TrainingConfig(shard="fsdp2"), 2)
    require_shardable(TrainingConfig(), 1)

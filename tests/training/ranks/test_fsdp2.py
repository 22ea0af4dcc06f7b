"""Weights that are spread over the ranks learn what whole ones do, and are hard to kill."""

from pathlib import Path

import pytest
import torch
from fitted_ranks import start, trained
from torch import Tensor

from eegssl.errors import ConfigError
from eegssl.training.config import TrainingConfig
from eegssl.training.fitting.sharded_checkpoint import FOLDER, PREVIOUS_FOLDER, UNFINISHED
from eegssl.training.fitting.sharding import require_shardable

PICKLES = b"PK", b"\x80"
"""How files by ``torch.save`` and ``pickle`` begin."""


def require_alike(weights: dict[str, Tensor], others: dict[str, Tensor]) -> None:
    assert weights.keys() == others.keys()
    for name, one in weights.items():
        torch.testing.assert_close(others[name], one, atol=1e-6, rtol=0, msg=name)


def require_no_pickle(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".safetensors", ".json"}
    assert not any(path.read_bytes().startswith(PICKLES) for path in files)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Tensor], list[dict]]:
    """Weights and log of one process."""
    return trained(tmp_path_factory.mktemp("alone"), 1)


def test_spread_over_two_ranks_and_preempted(
    alone: tuple[dict[str, Tensor], list[dict]], tmp_path: Path
) -> None:
    """Two parts a rank and step, of other montages, validated by rank 0 between steps."""
    weights, log = alone
    assert 0 not in start(tmp_path, 2, shard="fsdp2", stop=8)
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == [
        "manifest.json",
        "shard-00001-model-00001-of-00001.safetensors",
        "shard-00002-model-00001-of-00001.safetensors",
    ]
    require_no_pickle(tmp_path / FOLDER)
    resumed, log_of_two = trained(tmp_path, 2, shard="fsdp2")
    require_alike(weights, resumed)
    assert len(log) == len(log_of_two) == 20
    for row, other in zip(log, log_of_two, strict=True):
        assert other == pytest.approx(row, abs=1e-6, rel=1e-6)


@pytest.mark.slow
def test_bytes_of_a_run_that_is_killed_and_damaged(tmp_path: Path) -> None:
    """Equal DDP's and those of a run that nothing stopped; two more ranks equal to rounding."""
    whole, spread, damaged, more = (tmp_path / n for n in ("whole", "spread", "damaged", "more"))
    trained(whole, 2)
    trained(spread, 2, shard="fsdp2")
    start(damaged, 2, shard="fsdp2", stop=8)
    (damaged / FOLDER).rename(damaged / UNFINISHED)  # as if killed before it took its place
    assert (damaged / PREVIOUS_FOLDER).exists()
    trained(damaged, 2, shard="fsdp2")
    expected = (spread / "weights.safetensors").read_bytes()
    assert (damaged / "weights.safetensors").read_bytes() == expected
    assert (whole / "weights.safetensors").read_bytes() == expected
    start(more, 2, shard="fsdp2", stop=8)
    weights, _ = trained(more, 4, shard="fsdp2")
    require_alike(weights, trained(spread, 2, shard="fsdp2")[0])


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

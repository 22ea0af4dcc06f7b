"""Two ranks learn by an objective what one learns from the same grains, to rounding."""

from pathlib import Path

import pytest
import torch
from fitted_ranks import start, trained
from rank_fits import OBJECTIVES


@pytest.mark.parametrize("name", OBJECTIVES)
def test_two_ranks_learn_what_one_does(name: str, tmp_path: Path) -> None:
    alone, log = trained(tmp_path / "one", 1, model=name)
    two, log_of_two = trained(tmp_path / "two", 2, model=name)
    for row, other in zip(log, log_of_two, strict=True):
        for term in (n for n in row if n.startswith(("train_", "grad_"))):
            assert other[term] == pytest.approx(row[term], abs=1e-6, rel=1e-6), term
    assert log[-1]["train_loss"] != log[0]["train_loss"]
    for key, weights in alone.items():
        torch.testing.assert_close(two[key], weights, atol=1e-6, rtol=0, msg=key)


@pytest.mark.slow
@pytest.mark.parametrize("name", OBJECTIVES)
def test_losses_in_float32_are_those_of_one_rank_to_its_rounding(name: str, tmp_path: Path) -> None:
    """In float32 the loss counts: Adam magnifies rounding where a gradient is only that."""
    logs = [trained(tmp_path / str(n), n, "float32", model=name)[1] for n in (1, 2)]
    losses = [[row["train_loss"] for row in log] for log in logs]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_preempted_training_ends_in_the_same_bytes(name: str, tmp_path: Path) -> None:
    whole, log = trained(tmp_path / "whole", 1, model=name)
    assert start(tmp_path / "parts", 1, model=name, stop=8) != [0]
    parts, log_of_parts = trained(tmp_path / "parts", 1, model=name)
    assert log == log_of_parts
    for key, weights in whole.items():
        assert torch.equal(parts[key], weights), key


@pytest.mark.slow
def test_weights_spread_over_two_ranks_learn_without_a_teacher_what_one_rank_does(
    tmp_path: Path,
) -> None:
    """The statistic of the whole batch, of embeddings that no `forward` of the encoder gives."""
    alone, _ = trained(tmp_path / "one", 1, model="latent:teacher=none")
    two, _ = trained(tmp_path / "two", 2, shard="fsdp2", model="latent:teacher=none")
    for key, weights in alone.items():
        torch.testing.assert_close(two[key], weights, atol=1e-6, rtol=0, msg=key)

"""Two ranks learn by an objective what one learns from the same grains, to rounding."""

from pathlib import Path

import pytest
import torch
from fitted_ranks import Run, start, trained, trained_each
from rank_fits import OBJECTIVES


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Trainings by one process."""
    return trained_each(tmp_path_factory.mktemp("one"), 1, "float64", OBJECTIVES)


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Trainings by two."""
    return trained_each(tmp_path_factory.mktemp("two"), 2, "float64", OBJECTIVES)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_two_ranks_learn_what_one_does(
    name: str, alone: dict[str, Run], of_two: dict[str, Run]
) -> None:
    (one, log), (two, log_of_two) = alone[name], of_two[name]
    for row, other in zip(log, log_of_two, strict=True):
        for term in (n for n in row if n.startswith(("train_", "grad_"))):
            assert other[term] == pytest.approx(row[term], abs=1e-6, rel=1e-6), term
    assert log[-1]["train_loss"] != log[0]["train_loss"]
    for key, weights in one.items():
        torch.testing.assert_close(two[key], weights, atol=1e-6, rtol=0, msg=key)


@pytest.mark.slow
def test_losses_in_float32_are_those_of_one_rank_to_its_rounding(tmp_path: Path) -> None:
    """In float32 the loss counts: Adam magnifies rounding where a gradient is only that."""
    one, two = (trained_each(tmp_path / str(n), n, "float32", OBJECTIVES) for n in (1, 2))
    for name in OBJECTIVES:
        losses = [[row["train_loss"] for row in run[name][1]] for run in (one, two)]
        assert losses[1] == pytest.approx(losses[0], rel=1e-5), name


@pytest.mark.slow
@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_preempted_training_ends_in_the_same_bytes(
    name: str, alone: dict[str, Run], tmp_path: Path
) -> None:
    whole, log = alone[name]
    assert start(tmp_path, 1, models=[name], stop=8) != [0]
    parts, log_of_parts = trained(tmp_path, 1, model=name)
    assert log == log_of_parts
    for key, weights in whole.items():
        assert torch.equal(parts[key], weights), key


@pytest.mark.slow
def test_weights_spread_over_two_ranks_learn_without_a_teacher_what_one_rank_does(
    tmp_path: Path,
) -> None:
    """The statistic of the whole batch, of embeddings that no `forward` of the encoder gives."""
    one, _ = trained(tmp_path / "one", 1, model="latent:teacher=none")
    two, _ = trained(tmp_path / "two", 2, shard="fsdp2", model="latent:teacher=none")
    for key, weights in one.items():
        torch.testing.assert_close(two[key], weights, atol=1e-6, rtol=0, msg=key)

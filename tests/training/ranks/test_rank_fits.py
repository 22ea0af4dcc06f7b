"""Two ranks learn what one learns from the same grains, to rounding."""

from pathlib import Path

import pytest
import torch
from fitted_ranks import Run, start, trained

TOLERANCE = {"float64": 1e-6, "float32": 1e-5}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A training by one process."""
    return trained(tmp_path_factory.mktemp("alone"), 1)


def require_alike(run: Run, other_run: Run, dtype: str = "float64") -> None:
    """In float32 the loss counts: Adam magnifies rounding where a gradient is only that."""
    (alone, log), (two, log_of_two) = run, other_run
    assert len(log) == len(log_of_two) == 12
    for row, other in zip(log, log_of_two, strict=True):
        for name in ("train_loss", "train_accuracy", "train_ratio", "grad_norm"):
            assert other[name] == pytest.approx(row[name], abs=TOLERANCE[dtype], rel=1e-5), name
    assert log[-1]["train_loss"] < log[0]["train_loss"]
    if dtype == "float64":
        for name, weights in alone.items():
            torch.testing.assert_close(two[name], weights, atol=1e-6, rtol=0, msg=name)


def test_two_ranks_learn_what_one_does(alone: Run, tmp_path: Path) -> None:
    require_alike(alone, trained(tmp_path, 2))


@pytest.mark.slow
def test_in_float32_to_its_rounding(tmp_path: Path) -> None:
    one = trained(tmp_path / "one", 1, "float32")
    require_alike(one, trained(tmp_path / "two", 2, "float32"), "float32")


def test_weights_spread_over_two_ranks_that_are_preempted(alone: Run, tmp_path: Path) -> None:
    """Two parts a rank and step, of other montages; rank 0 validates between steps."""
    assert 0 not in start(tmp_path, 2, shard="fsdp2", stop=8)
    files = [path for path in (tmp_path / "checkpoint").iterdir() if path.is_file()]
    assert sorted(path.name for path in files) == [
        "manifest.json",
        "shard-00001-model-00001-of-00001.safetensors",
        "shard-00002-model-00001-of-00001.safetensors",
    ]
    pickles = b"PK", b"\x80"
    assert not any(path.read_bytes().startswith(pickles) for path in files)
    require_alike(alone, trained(tmp_path, 2, shard="fsdp2"))

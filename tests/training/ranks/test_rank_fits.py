"""Two ranks learn what one learns from the same grains, to rounding."""

from pathlib import Path

import pytest
import torch
from fitted_ranks import trained

TOLERANCE = {"float64": 1e-6, "float32": 1e-5}


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
def test_two_ranks_learn_what_one_does(tmp_path: Path, dtype: str) -> None:
    """In float32 the loss counts: Adam magnifies rounding where a gradient is only that."""
    alone, log = trained(tmp_path / "one", 1, dtype)
    two, log_of_two = trained(tmp_path / "two", 2, dtype)
    assert len(log) == len(log_of_two) == 20
    for row, other in zip(log, log_of_two, strict=True):
        for name in ("train_loss", "train_accuracy", "train_ratio", "grad_norm"):
            assert other[name] == pytest.approx(row[name], abs=TOLERANCE[dtype], rel=1e-5), name
    assert log[-1]["train_loss"] < log[0]["train_loss"]
    if dtype == "float64":
        for name, weights in alone.items():
            torch.testing.assert_close(two[name], weights, atol=1e-6, rtol=0, msg=name)

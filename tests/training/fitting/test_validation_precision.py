"""Validations go forward in the precision of the training; outside, precision is as before."""

from pathlib import Path
from typing import Literal

import pytest
import torch
from smalltraining import PLAN, Regressor, rows, step_of

from eegssl.training.fitting.loop import fit


@pytest.mark.parametrize(
    ("precision", "dtype"), [("bfloat16", torch.bfloat16), ("float32", torch.float32)]
)
def test_validation_is_in_the_precision_of_training(
    tmp_path: Path, precision: Literal["bfloat16", "float32"], dtype: torch.dtype
) -> None:
    model, x = Regressor(), torch.ones(3, 4)
    seen: list[torch.dtype] = []

    def validate() -> dict[str, float]:
        answer = model(x)
        seen.append(answer.dtype)
        return {"score": float(answer.float().sum())}

    plan = PLAN.model_copy(update={"precision": precision})
    metrics = tmp_path / "metrics.jsonl"
    step = step_of(model)
    fit(model, step, plan, seed=7, folder=tmp_path, metrics=metrics, validate=validate)
    assert seen == [dtype] * 4
    model.eval()
    exact = float(model(x).detach().sum())
    assert model(x).dtype == torch.float32
    last = rows(tmp_path)[-1]["val_score"]
    assert last == pytest.approx(exact, rel=0.02)
    assert (last == exact) == (precision == "float32")

"""What one step of training does: its rate, its clipping, its decay; and the curve that follows."""

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from eegssl.errors import ConfigError
from eegssl.training.config import TrainingConfig
from eegssl.training.fitting.devices import choose_device
from eegssl.training.fitting.loop import fit, weight_groups

PLAN = TrainingConfig(steps=20, lr=0.05, log_every=4, device="cpu")
LOSSES = [1.824989, 1.175976, 0.654298, 0.237959, 0.287678]
RATES = [0.0496202, 0.0410667, 0.025, 0.0089333, 0.0003798]


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_the_loss_curve_is_the_recorded_one(tmp_path: Path) -> None:
    """AdamW, warm-up, cosine, clipping: what a refactoring has to reproduce."""
    model = nn.Linear(4, 1)
    with torch.no_grad():
        model.weight.fill_(0.25)
        model.bias.zero_()

    def step(k: int) -> dict[str, Tensor]:
        x = torch.from_numpy(np.random.default_rng([3, k]).standard_normal((16, 4))).float()
        return {"loss": ((model(x)[:, 0] - x.sum(dim=1)) ** 2).mean()}

    plan = PLAN.model_copy(update={"clip_norm": 1.0})
    fit(model, step, plan, seed=0, folder=tmp_path, metrics=tmp_path / "metrics.jsonl")
    found = rows(tmp_path)
    np.testing.assert_allclose([row["train_loss"] for row in found], LOSSES, rtol=1e-3)
    np.testing.assert_allclose([row["lr"] for row in found], RATES, rtol=1e-3)


def check_rates(folder: Path, steps: int, warmup: float) -> None:
    """The rate rises to its peak and falls to nearly nothing."""
    model = nn.Linear(1, 1)
    plan = PLAN.model_copy(
        update={"steps": steps, "warmup": warmup, "log_every": 1, "checkpoint_every": 10**6}
    )
    fit(
        model,
        lambda _: {"loss": (model(torch.ones(1, 1)) ** 2).sum()},
        plan,
        seed=0,
        folder=folder,
        metrics=folder / "metrics.jsonl",
    )
    rates = [row["lr"] for row in rows(folder)]
    warm = round(warmup * steps)
    assert len(rates) == steps
    assert max(rates) <= 0.05 * (1 + 1e-9)
    assert all(a < b for a, b in pairwise(rates[:warm]))
    assert all(a > b for a, b in pairwise(rates[warm:]))
    assert max(rates) == pytest.approx(0.05)


@given(st.integers(1, 40), st.floats(0, 0.9))
@examples(10)
def test_the_rate_rises_to_its_peak_and_falls_to_nearly_nothing(
    tmp_path_factory: pytest.TempPathFactory, steps: int, warmup: float
) -> None:
    check_rates(tmp_path_factory.mktemp("lr"), steps, warmup)


@pytest.mark.slow
@given(st.integers(1, 200), st.floats(0, 0.9))
@examples(25)
def test_so_does_the_rate_of_longer_trainings(
    tmp_path_factory: pytest.TempPathFactory, steps: int, warmup: float
) -> None:
    check_rates(tmp_path_factory.mktemp("lr"), steps, warmup)


def test_gradients_are_clipped(tmp_path: Path) -> None:
    """However large the loss: the norm of all gradients together is cut to ``clip_norm``."""
    model = nn.Linear(1, 1)
    start = model.weight.item()
    norms = []

    def step(_: int) -> dict[str, Tensor]:
        return {"loss": 1e6 * (model(torch.ones(1, 1)) - 5).abs().sum()}

    for parameter in model.parameters():
        parameter.register_post_accumulate_grad_hook(lambda p: norms.append(p.grad.norm().item()))
    plan = PLAN.model_copy(update={"steps": 2, "clip_norm": 0.5})
    fit(model, step, plan, seed=0, folder=tmp_path, metrics=tmp_path / "metrics.jsonl")
    assert max(norms) > 1e5
    assert all(p.grad is not None for p in model.parameters())
    total = math.sqrt(
        sum(float((p.grad**2).sum()) for p in model.parameters() if p.grad is not None)
    )
    assert total == pytest.approx(0.5, rel=1e-4)
    assert model.weight.item() != start


def test_frozen_weights_do_not_move_and_vectors_do_not_decay() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    model[0].requires_grad_(False)
    groups = weight_groups(model, PLAN)
    trained = [p for group in groups for p in group["params"]]
    assert {id(p) for p in trained} == {id(p) for p in model[2].parameters()}
    for group in groups:
        for p in group["params"]:
            assert group["weight_decay"] == (PLAN.weight_decay if p.ndim > 1 else 0.0)


def test_a_device_that_is_not_there_is_named() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    if not torch.mps.is_available():
        with pytest.raises(ConfigError, match="mps"):
            choose_device("mps")

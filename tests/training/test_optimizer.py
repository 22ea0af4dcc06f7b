"""Our AdamW is torch's bit for bit, and doesn't load torch's compiler."""

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from eegssl.training.fitting.optimizer import LightAdamW, TorchAdamW

BETAS = (0.9, 0.98)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.LayerNorm(7), nn.GELU(), nn.Linear(7, 3))


def groups(model: nn.Sequential) -> list[dict[str, object]]:
    """Two groups with a rate and a decay of their own; the first layer is never used."""
    return [
        {"params": list(model[0].parameters()), "lr": 1e-2, "weight_decay": 0.3, "name": "first"},
        {"params": list(model[1:].parameters()), "weight_decay": 0.0},
    ]


def train(model: nn.Sequential, optimizer: Any, steps: range) -> None:
    for k in steps:
        torch.manual_seed(100 + k)
        start = 0 if k % 3 else 1  # at every third step the first layer has no gradient
        batch = torch.randn(4, 7 if start else 5)
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 / (1 + k)
        optimizer.zero_grad()
        model[start:](batch).square().sum().backward()
        optimizer.step()


def weights(model: nn.Sequential) -> list[Tensor]:
    return [p.detach().clone() for p in model.parameters()]


@pytest.mark.parametrize("made", [LightAdamW, TorchAdamW])
def test_its_updates_are_those_of_torch_bit_for_bit(made: Any) -> None:
    ours, theirs = network(), network()
    before = weights(ours)
    train(ours, made(groups(ours), lr=1e-2, betas=BETAS), range(8))
    train(theirs, torch.optim.AdamW(groups(theirs), lr=1e-2, betas=BETAS), range(8))
    pairs = list(zip(weights(ours), weights(theirs), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not any(torch.equal(a, b) for (a, _), b in zip(pairs, before, strict=True))


@pytest.mark.parametrize("made", [LightAdamW, TorchAdamW])
def test_it_goes_on_from_its_state_as_if_it_had_never_stopped(made: Any) -> None:
    whole, parts = network(), network()
    train(whole, made(groups(whole), lr=1e-2, betas=BETAS), range(6))
    first = made(groups(parts), lr=1e-2, betas=BETAS)
    train(parts, first, range(4))
    second = made(groups(parts), lr=1e-2, betas=BETAS)
    second.load_state(first.state)
    train(parts, second, range(4, 6))
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(parts), strict=True))


@pytest.mark.slow
def test_a_training_loop_never_loads_the_compiler(tmp_path) -> None:
    code = f"""
import sys
from pathlib import Path
import torch
from eegssl.training.config import TrainingConfig
from eegssl.training.fitting.loop import fit
model = torch.nn.Linear(3, 1)
step = lambda k: {{"loss": model(torch.ones(2, 3)).square().mean()}}
config = TrainingConfig(steps=3, checkpoint_every=1, validate_every=1)
folder = Path({str(tmp_path)!r})
fit(model, step, config, seed=0, folder=folder, metrics=folder / "metrics.jsonl",
    validate=lambda: {{"score": 1.0}}, monitor="score")
assert "torch._dynamo" not in sys.modules, "torch._dynamo was imported"
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr

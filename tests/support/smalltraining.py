"""A small network that is trained by the one loop, stopped and gone on with."""

import json
import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from eegssl.training.config import TrainingConfig
from eegssl.training.fitting.loop import fit
from eegssl.training.history import History

Step = Callable[[int], dict[str, Tensor]]
PLAN = TrainingConfig(
    steps=20, lr=0.05, log_every=3, validate_every=5, checkpoint_every=4, device="cpu"
)


class Regressor(nn.Module):
    """A small network with dropout, so that a resumed run needs the generator's state right."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.layers = nn.Sequential(
                nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1)
            )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out


def step_of(model: nn.Module, bad_at: int | None = None) -> Step:
    """A pure function of the weights and of the step: the batch is drawn from the step."""

    def step(k: int) -> dict[str, Tensor]:
        x = torch.from_numpy(np.random.default_rng([3, k]).standard_normal((16, 4))).float()
        error = model(x)[:, 0] - x.sum(dim=1)
        loss = (error**2).mean()
        return {"loss": loss * (math.nan if k == bad_at else 1.0), "mae": error.abs().mean()}

    return step


def run(
    folder: Path, plan: TrainingConfig = PLAN, stop: int | None = None, **more: Any
) -> tuple[Regressor, History]:
    """Train; with ``stop`` a SIGTERM comes during that step (counted from 1)."""
    model = Regressor()
    folder.mkdir(parents=True, exist_ok=True)

    def on_step(k: int) -> None:
        if k == stop:
            os.kill(os.getpid(), signal.SIGTERM)

    options: dict[str, Any] = {"seed": 7, "step": step_of(model)} | more
    history = fit(
        model,
        config=plan,
        folder=folder,
        metrics=folder / "metrics.jsonl",
        on_step=on_step,
        **options,
    )
    return model, history


def bits(model: nn.Module) -> dict[str, bytes]:
    return {name: t.numpy().tobytes() for name, t in model.state_dict().items()}


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]

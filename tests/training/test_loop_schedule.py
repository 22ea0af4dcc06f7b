"""The loop's schedule: patience ends it early and resumably, later groups begin on their own."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from eegssl.training.config import TrainingConfig
from eegssl.training.history import History
from eegssl.training.loop import fit

PLAN = TrainingConfig(
    steps=40, lr=0.01, log_every=4, validate_every=4, checkpoint_every=4, device="cpu"
)


def run(folder: Path, scores: list[float | None], plan: TrainingConfig = PLAN) -> History:
    """Train one weight; validations give ``scores`` in turn, by how often it was asked."""
    model = nn.Linear(1, 1, bias=False)
    seen = iter(scores)
    folder.mkdir(exist_ok=True)
    return fit(
        model,
        lambda k: {"loss": model(torch.ones(1)).sum() ** 2},
        plan,
        seed=0,
        folder=folder,
        metrics=folder / "metrics.jsonl",
        validate=lambda: {"auroc": next(seen)},
        monitor="auroc",
    )


@pytest.mark.parametrize(
    ("scores", "best", "last"),
    [
        ([0.5, 0.6, 0.6, 0.55, 0.9], 8, 16),  # an equal score is no better one
        ([0.5, 0.4, 0.6, 0.5, 0.4, 0.9], 12, 20),
        ([None, None, 0.9], 0, 8),  # never defined: nothing to wait for
    ],
)
def test_patience_counts_validations_after_the_best(
    tmp_path: Path, scores: list[float | None], best: int, last: int
) -> None:
    history = run(tmp_path, scores, PLAN.model_copy(update={"patience": 2}))
    assert (history.best_step, history.rows[-1]["step"]) == (best, last)


def test_a_run_whose_patience_ended_stays_ended_when_it_is_started_again(tmp_path: Path) -> None:
    plan = PLAN.model_copy(update={"patience": 1})
    first = run(tmp_path, [0.5, 0.4], plan)
    again = run(tmp_path, [], plan)  # asks for no validation
    assert again.rows == first.rows


def test_without_patience_all_steps_are_taken(tmp_path: Path) -> None:
    assert run(tmp_path, [0.5] * 10).rows[-1]["step"] == PLAN.steps


def test_a_group_that_joins_later_warms_up_from_its_own_first_step(tmp_path: Path) -> None:
    early, late = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(()))
    model = nn.ParameterList([early, late])
    groups: list[dict[str, Any]] = [
        {"params": [early], "weight_decay": 0.0},
        {"params": [late], "weight_decay": 0.0, "first_step": 20},
    ]
    moves: list[tuple[float, float]] = []
    at = (0.0, 0.0)

    def moved(done: int) -> None:
        nonlocal at
        now = (early.item(), late.item())
        moves.append((abs(now[0] - at[0]), abs(now[1] - at[1])))
        at = now

    fit(
        model,
        lambda k: {"loss": early + late},  # a steady gradient: AdamW moves by its rate
        PLAN,
        seed=0,
        folder=tmp_path,
        metrics=tmp_path / "metrics.jsonl",
        parameters=groups,
        on_step=moved,
    )
    first, second = zip(*moves, strict=True)
    assert max(second[:20]) == 0
    assert second[20] == pytest.approx(PLAN.lr / 2, rel=1e-3)  # warm-up of 2 of its 20 steps
    assert second[21] == pytest.approx(PLAN.lr, rel=1e-3)
    assert second[39] < second[30] < second[22]
    assert first[21] < first[4]  # long past its own peak

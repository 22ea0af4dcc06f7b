"""The loop's schedule: patience ends it early and resumably, later groups begin on their own."""

from pathlib import Path

import pytest
import torch
from torch import nn

from eegssl.training.config import TrainingConfig
from eegssl.training.fitting.loop import fit
from eegssl.training.history import History

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

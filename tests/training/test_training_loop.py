"""The one loop: a killed run goes on to the same bits; logs have no gap; the best weights stay."""

import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from smalltraining import PLAN, Regressor, Step, bits, rows, run, step_of
from torch import Tensor, nn

from eegssl.errors import ConfigError, Preempted
from eegssl.training.config import TrainingConfig
from eegssl.training.fitting.devices import chosen_precision
from eegssl.training.fitting.loop import fit


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], str]:
    """Weights and metrics of a run without interruption."""
    folder = tmp_path_factory.mktemp("whole")
    return bits(run(folder)[0]), (folder / "metrics.jsonl").read_text()


@pytest.mark.parametrize("stop", [1, 3, 4, 5, 8, 19])
def test_a_preempted_run_goes_on_to_the_same_bits(
    whole: tuple[dict[str, bytes], str], tmp_path: Path, stop: int
) -> None:
    with pytest.raises(Preempted, match="same command"):
        run(tmp_path, stop=stop)
    model, _ = run(tmp_path)
    assert bits(model) == whole[0]
    assert (tmp_path / "metrics.jsonl").read_text() == whole[1]


def test_preemption_after_preemption_costs_nothing(
    whole: tuple[dict[str, bytes], str], tmp_path: Path
) -> None:
    for stop in (2, 7, 8, 15):
        with pytest.raises(Preempted):
            run(tmp_path, stop=stop)
    assert bits(run(tmp_path)[0]) == whole[0]
    assert (tmp_path / "metrics.jsonl").read_text() == whole[1]


@pytest.mark.parametrize("dies", [2, 6, 11, 17])
def test_a_crash_between_checkpoints_costs_nothing_but_time(
    whole: tuple[dict[str, bytes], str], tmp_path: Path, dies: int
) -> None:
    """Rows logged since the last checkpoint are taken back, not written twice."""
    model = Regressor()
    inner = step_of(model)

    def step(k: int) -> dict[str, Tensor]:
        if k == dies:
            raise KeyboardInterrupt
        return inner(k)

    with pytest.raises(KeyboardInterrupt):
        fit(
            *(model, step, PLAN),
            seed=7,
            folder=tmp_path,
            metrics=tmp_path / "metrics.jsonl",
        )
    assert bits(run(tmp_path)[0]) == whole[0]
    assert (tmp_path / "metrics.jsonl").read_text() == whole[1]


def test_metrics_are_means_since_the_last_row_without_a_gap(tmp_path: Path) -> None:
    losses: list[float] = []
    model = Regressor()
    inner = step_of(model)

    def step(k: int) -> dict[str, Tensor]:
        terms = inner(k)
        losses.append(terms["loss"].item())
        return terms

    fit(model, step, PLAN, seed=7, folder=tmp_path, metrics=tmp_path / "metrics.jsonl")
    found = rows(tmp_path)
    assert [row["step"] for row in found] == [3, 6, 9, 12, 15, 18, 20]
    ends = [0, *(row["step"] for row in found)]
    for row, a, b in zip(found, ends, ends[1:], strict=False):
        assert row["train_loss"] == pytest.approx(np.mean(losses[a:b]))
        assert row["train_mae"] > 0


def validation(values: list[float]) -> Callable[[], dict[str, float]]:
    """Scores in this order, whatever the weights."""
    left = iter(values)
    return lambda: {"score": next(left)}


@pytest.mark.parametrize(
    ("values", "best"),
    [([0.1, 0.9, 0.3, 0.2], 10), ([0.1, 0.2, 0.3, 0.4], 20), ([0.5, 0.5, 0.5, 0.5], 5)],
)
def test_with_a_monitor_the_best_weights_are_kept(
    tmp_path: Path, values: list[float], best: int
) -> None:
    model, history = run(tmp_path / "a", validate=validation(values), monitor="score")
    assert (history.best_step, history.best_value) == (best, max(values))
    assert [row["val_score"] for row in rows(tmp_path / "a") if "val_score" in row] == values
    assert bits(model) == bits(stopped_at(tmp_path / "b", best))


def stopped_at(folder: Path, step: int) -> Regressor:
    """The weights after ``step`` of the same training."""
    model = Regressor()
    seen: dict[str, Tensor] = {}

    def on_step(k: int) -> None:
        if k == step:
            seen.update({n: t.detach().clone() for n, t in model.state_dict().items()})

    folder.mkdir()
    fit(
        *(model, step_of(model), PLAN),
        seed=7,
        folder=folder,
        metrics=folder / "metrics.jsonl",
        on_step=on_step,
    )
    model.load_state_dict(seen)
    return model


def test_the_best_weights_outlive_a_preemption(tmp_path: Path) -> None:
    with pytest.raises(Preempted):
        run(tmp_path / "a", stop=12, validate=validation([0.1, 0.9]), monitor="score")
    model, history = run(tmp_path / "a", validate=validation([0.3, 0.2]), monitor="score")
    assert (history.best_step, history.best_value) == (10, 0.9)
    assert bits(model) == bits(stopped_at(tmp_path / "b", 10))


def test_without_a_monitor_the_last_weights_stay(tmp_path: Path) -> None:
    model, _ = run(tmp_path / "a", validate=validation([0.1, 0.9, 0.3, 0.2]))
    assert bits(model) == bits(stopped_at(tmp_path / "b", 20))


def test_a_monitored_score_that_is_undefined_never_wins(tmp_path: Path) -> None:
    values: list[Any] = [None, 0.2, None, 0.1]
    _, history = run(tmp_path, validate=validation(values), monitor="score")
    assert (history.best_step, history.best_value) == (10, 0.2)


def test_validation_is_without_dropout_and_gradient(tmp_path: Path) -> None:
    model = Regressor()
    seen = []

    def validate() -> dict[str, float]:
        seen.append((model.training, torch.is_grad_enabled()))
        return {}

    model.train()
    fit(
        *(model, step_of(model), PLAN),
        seed=7,
        folder=tmp_path,
        metrics=tmp_path / "metrics.jsonl",
        validate=validate,
    )
    assert seen == [(False, False)] * 4
    assert model.training


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_too_many_losses_that_are_not_finite_end_it_with_their_step(
    tmp_path: Path, bad: float
) -> None:
    model = Regressor()
    before: list[dict[str, bytes]] = []
    inner = step_of(model)

    def step(k: int) -> dict[str, Tensor]:
        before.append(bits(model))
        terms = inner(k)
        return terms | {"loss": terms["loss"] * (bad if k == 6 else 1.0)}

    with pytest.raises(ConfigError, match=r"step 6.*Lower training\.lr"):
        run_with(model, step, tmp_path, PLAN.model_copy(update={"max_bad_steps": 0}))
    assert bits(model) == before[-1]


def run_with(model: nn.Module, step: Step, folder: Path, plan: TrainingConfig, **more: Any) -> None:
    folder.mkdir(exist_ok=True)
    fit(model, step, plan, seed=7, folder=folder, metrics=folder / "metrics.jsonl", **more)


class Poison(torch.autograd.Function):
    """A finite value whose gradient is not."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient * math.nan


def poisoned(model: nn.Module, seen: dict[int, dict[str, bytes]]) -> Step:
    """Steps of which two have a gradient that is not finite; ``seen`` gets the weights before."""
    inner = step_of(model)

    def step(k: int) -> dict[str, Tensor]:
        seen[k] = bits(model)
        terms = inner(k)
        return terms | {"loss": Poison.apply(terms["loss"])} if k in (3, 7) else terms

    return step


def test_a_gradient_that_is_not_finite_is_skipped_counted_and_reaches_no_checkpoint(
    tmp_path: Path,
) -> None:
    """Weights stay as they were at that step; a run that is stopped there goes on from there."""
    whole, news, seen = Regressor(), list[str](), dict[int, dict[str, bytes]]()
    run_with(whole, poisoned(whole, seen), tmp_path, PLAN, warn=news.append)
    assert seen[4] == seen[3] != seen[5]
    assert seen[8] == seen[7]
    assert [row["skipped"] for row in rows(tmp_path) if "lr" in row] == [0, 1, 2, 2, 2, 2, 2]
    assert ["step 3 is" in news[0], "step 7 is" in news[1], len(news)] == [True, True, 2]
    assert all(math.isfinite(row["train_loss"]) for row in rows(tmp_path))
    first, second = Regressor(), Regressor()
    with pytest.raises(Preempted):
        run_with(first, poisoned(first, {}), tmp_path / "b", PLAN, on_step=stop_after(4))
    run_with(second, poisoned(second, {}), tmp_path / "b", PLAN)
    assert (bits(second), rows(tmp_path / "b")) == (bits(whole), rows(tmp_path))


def stop_after(step: int) -> Callable[[int], None]:
    def on_step(k: int) -> None:
        if k == step:
            os.kill(os.getpid(), signal.SIGTERM)

    return on_step


def test_training_leaves_the_global_generator_as_it_was(tmp_path: Path) -> None:
    torch.manual_seed(123)
    wanted = torch.rand(3)
    torch.manual_seed(123)
    run(tmp_path)
    assert torch.equal(torch.rand(3), wanted)


def test_sigterm_is_ours_only_while_training(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    run(tmp_path / "a")
    assert signal.getsignal(signal.SIGTERM) is before
    with pytest.raises(Preempted):
        run(tmp_path / "b", stop=3)
    assert signal.getsignal(signal.SIGTERM) is before


def test_auto_takes_bfloat16_only_where_the_processor_has_instructions_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    auto, cpu = TrainingConfig(precision="auto"), torch.device("cpu")
    for has, wanted in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda has=has: has)
        assert chosen_precision(auto, cpu) == wanted
        assert chosen_precision(TrainingConfig(precision="float32"), cpu) == "float32"
    assert chosen_precision(auto, torch.device("mps")) == "float32"

"""Tasks of forecasting in matrices, in folds and scored again, beside each other."""

from pathlib import Path
from typing import Any

import pytest
from clirun import done, eegssl, manifest_of
from phasecorpus import SUBJECTS, copied_encoder
from resigned import with_fact
from slowparams import slow_except
from smallmatrix import results

MATRIX = """
recordings = ["recordings"]
adaptations = ["probe"]
baselines = ["band-power-summary"]

[encoders]
pretrained.path = "encoder"
random-init = {{ path = "encoder", weights = "random" }}

[tasks.short]
task = "forecast-short"

[tasks.short.overrides]
{times}
head.window_s = 4.0

[tasks.short.overrides.baselines]
methods = ["persistence", "mean", "ar", "dlinear"]
lookback_s = 1.0
{ar}
fit.steps = 2

[tasks.phase]
task = "frequency-phase"

[tasks.phase.overrides]
head.window_s = 4.0
head.windows = 2

[tasks.phase.overrides.forecast]
pairs_per_recording = 4
{times}
baselines.{ar}

[finetune.training]
steps = 4
batch_size = 4
validate_every = 2
device = "cpu"

[evaluate]
traces = 1
"""
TIMES = "context_s = 12.0\nhorizon_s = 3.0\nstride_s = 5.0"
AR = "autoregression = { max_order = 20, fit_s = 10.0 }"
ON_CLI = (
    *("--set", "task.context_s=12", "--set", "task.horizon_s=3", "--set", "task.stride_s=5"),
    *("--set", "task.head.window_s=4", "--set", "training.steps=2", "--set", "training.device=cpu"),
    *("--set", 'task.baselines.methods=["persistence", "ar"]'),
    *("--set", "task.baselines.autoregression.max_order=20"),
)


@pytest.fixture(scope="module")
def root(own_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of both phases and an encoder; read only."""
    root = copied_encoder(tmp_path_factory, "kinds")
    (root / "matrix.toml").write_text(MATRIX.format(times=TIMES, ar=AR))
    return root


@pytest.fixture(scope="module")
def benchmark(root: Path) -> Path:
    """Both tasks in one matrix."""
    done("benchmark", root / "matrix.toml", "--out", root / "benchmark")
    return root / "benchmark"


def rows_of(benchmark: Path, task: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(r["encoder"], r["adaptation"]): r for r in results(benchmark) if r["task"] == task}


def test_a_matrix_shows_each_model_and_every_baseline_once(benchmark: Path) -> None:
    models = {("pretrained", "probe"), ("random-init", "probe")}
    short = {(name, "baseline") for name in ("persistence", "mean", "ar", "dlinear")}
    phase = {(name, "baseline") for name in ("rotation", "ar")}
    assert set(rows_of(benchmark, "short")) == models | short
    assert set(rows_of(benchmark, "phase")) == models | phase
    assert len(results(benchmark)) == len(models | short) + len(models | phase)


def test_scores_of_a_matrix_are_those_of_its_evaluations(benchmark: Path) -> None:
    cell = benchmark / "cells/short/pretrained/probe/seed0/evaluation"
    told = manifest_of(cell)["facts"]["forecast"]
    rows = rows_of(benchmark, "short")
    assert rows["pretrained", "probe"]["mae_uv"] == told["model"]["uv"]["mae"]
    assert rows["ar", "baseline"]["mse_zscore"] == told["ar"]["zscore"]["mse"]
    assert rows["ar", "baseline"]["phase_mae_deg"] is None
    bands = manifest_of(benchmark / "cells/phase/pretrained/probe/seed0/evaluation")["facts"]
    mean = sum(one["mae_deg"] for one in bands["phase"]["ar"].values()) / len(bands["phase"]["ar"])
    assert rows_of(benchmark, "phase")["ar", "baseline"]["phase_mae_deg"] == pytest.approx(mean)


@pytest.mark.parametrize(
    ("task", "fact", "value"),
    [
        ("short", ("forecast", "model", "uv", "mae"), 0.0),
        ("short", ("stretches_s",), [[0.0, 1.0]]),
        ("short", ("recordings",), 10**6),
        ("phase", ("phase", "model", "alpha", "mae_deg"), 0.0),
        ("phase", ("subjects",), ["s-0123456789ab"]),
        ("phase", ("within_subject",), True),
    ],
)
def test_facts_that_are_not_of_the_scores_are_refused(
    benchmark: Path, tmp_path: Path, task: str, fact: tuple[str, ...], value: object
) -> None:
    made = benchmark / f"cells/{task}/pretrained/probe/seed0/evaluation"
    checked = eegssl("check", with_fact(made, tmp_path / "bad", fact, value))
    assert checked.code == 4
    assert f"facts.{fact[0]} are not those of its scores" in checked.err


def test_a_sine_is_foreseen_better_than_its_mean(benchmark: Path) -> None:
    rows = rows_of(benchmark, "short")
    assert rows["ar", "baseline"]["mae_uv"] < 0.5 * rows["mean", "baseline"]["mae_uv"]


def test_the_leaderboard_and_the_comparisons_speak_of_errors(benchmark: Path) -> None:
    page = (benchmark / "leaderboard.html").read_text()
    for words in ("Mean absolute error (µV)", "Phase error (°)", "Ranked by mean absolute error"):
        assert words in page, words
    compared = (benchmark / "comparisons.tsv").read_text()
    assert "mae_uv" in compared
    assert "phase_mae_deg" in compared


def test_baselines_of_labels_are_not_asked_to_forecast(benchmark: Path) -> None:
    assert "band-power-summary" not in (benchmark / "results.tsv").read_text()


def test_a_task_of_patients_has_no_place_in_a_matrix(root: Path, tmp_path: Path) -> None:
    text = (root / "matrix.toml").read_text().replace('"frequency-phase"', '"asm-efficacy"')
    text = text[: text.index("[tasks.phase.overrides]")] + text[text.index("[finetune.training]") :]
    (root / "patients.toml").write_text(text)
    ran = eegssl("benchmark", root / "patients.toml", "--out", tmp_path / "out")
    assert ran.code == 2, ran.err
    assert "leave the task out of the matrix" in ran.err


@pytest.mark.parametrize(
    "task", slow_except(["forecast-short", "frequency-phase"], "frequency-phase")
)
def test_folds_are_pooled_to_all_subjects(root: Path, tmp_path: Path, task: str) -> None:
    more: tuple[object, ...] = ON_CLI
    if task == "frequency-phase":
        more = ("--config", root / "settings.toml", "--set", "training.steps=2")
    out = tmp_path / "cv"
    call = ("finetune", root / "recordings", "--encoder", root / "encoder", "--task", task)
    document = done(*call, "--folds", 2, "--adapt", "scratch", "--out", out, *more)
    assert document["facts"]["folds"] == 2
    assert len(document["facts"]["subjects"]) == SUBJECTS
    assert "2 folds" in (out / "report.html").read_text()
    again = tmp_path / "again"
    whole = ("--folds", 2, "--adapt", "scratch", "--out", out, "--overwrite", "--dry-run")
    anew = done(*call, *whole, *more, "--set", "training.steps=3")
    assert anew["state"] == "would replace"
    scored = done("evaluate", "--rescore", out, "--out", again)
    assert scored["facts"]["subjects"] == document["facts"]["subjects"]
    assert (again / "metrics.json").read_bytes() == (out / "metrics.json").read_bytes()

"""Frequency and phase on the command line, on sines whose phase is known."""

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from clirun import done, eegssl, files_of, manifest_of
from phasecorpus import CHANNELS, SUBJECTS, copied_encoder, phase_rad
from slowparams import slow_except

from eegssl.artifacts.context import Context
from eegssl.config.stages import EvaluateConfig
from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.scoring.forecasts.circular import phase_error_deg
from eegssl.stages import rescore
from eegssl.tasks.phase.phase_rows import (
    PhasePredictions,
)
from eegssl.tasks.table import pool_tables, read_table, write_table

TASK = ("--task", "frequency-phase")


@dataclass(frozen=True)
class Made:
    """Folders of one run, and the settings that made them."""

    root: Path
    settings: Path

    def __truediv__(self, name: str) -> Path:
        return self.root / name

    def config(self) -> tuple[str, Path]:
        return "--config", self.settings


@pytest.fixture(scope="module")
def made(own_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Recordings of both phases, an encoder, a model and its evaluation; read only."""
    root = copied_encoder(tmp_path_factory, "phase")
    made = Made(root, root / "settings.toml")
    finetune(made, "model")
    evaluate(made, "model", "evaluation")
    return made


def test_a_model_of_phases_says_nothing_of_a_new_file(made: Made, tmp_path: Path) -> None:
    ran = eegssl("predict", made / "edf", "--model", made / "model", "--out", tmp_path / "out")
    assert ran.code == 2
    assert "read no new files" in ran.err


def finetune(made: Made, out: str, *more: object, recordings: str = "recordings") -> None:
    """A model by the settings of the corpus."""
    encoder = ("--encoder", made / "encoder")
    done("finetune", made / recordings, *encoder, *TASK, "--out", made / out, *made.config(), *more)


def evaluate(made: Made, model: str, out: str, *more: object) -> None:
    """Its evaluation."""
    done("evaluate", made / model, made / "recordings", "--out", made / out, *made.config(), *more)


def test_check_finds_model_and_evaluation_sound(made: Made) -> None:
    for name in ("model", "evaluation"):
        assert done("check", made / name)["problems"] == []


def table_of(made: Made, evaluation: str) -> PhasePredictions:
    return read_table(made / evaluation / "predictions.parquet", PhasePredictions)


def known_rad(table: PhasePredictions) -> np.ndarray:
    """The phase of the sine itself for each row [n, L]."""
    names = Pseudonyms(Path(os.environ["EEGSSL_PRIVATE"]))
    rows = []
    for subject, channel, t_s in zip(table.subject, table.channel, table.t_s, strict=True):
        k = int(re.search(r"\d+", names.name(subject)).group())
        rows.append(phase_rad(k, t_s + table.lead_s)[CHANNELS.index(channel)])
    return np.array(rows)


def in_band(table: PhasePredictions, band: str) -> np.ndarray:
    return np.array(table.band) == band


def test_a_sine_is_forecast_by_every_method_and_noise_by_none(made: Made) -> None:
    facts = manifest_of(made / "evaluation")["facts"]["phase"]
    assert set(facts) == {"rotation", "ar", "model"}
    for method, bands in facts.items():
        assert bands["alpha"]["mae_deg"] < (25 if method == "rotation" else 8), method
        assert bands["alpha"]["frequency_mae_hz"] < 0.1
        assert 70 < bands["theta"]["mae_deg"] < 110, method


@pytest.mark.usefixtures("undrawn")
def test_forecasts_of_causal_recordings_tell_the_phase_of_what_was_recorded_given_targets(
    made: Made,
) -> None:
    targets = ("--targets", made / "zero")
    finetune(made, "to-zero", *targets)
    evaluate(made, "to-zero", "of-zero", *targets)
    table = table_of(made, "of-zero")
    alpha = in_band(table, "alpha")
    known = known_rad(table)[alpha]
    assert np.abs(phase_error_deg(known, table.true_rad[alpha])).mean() < 3
    for name in ("ar", "model"):
        assert np.abs(phase_error_deg(known, table.methods[name].rad[alpha])).mean() < 8, name
    first = np.abs(phase_error_deg(known, table.methods["rotation"].rad[alpha]))[:, :10]
    assert first.mean() < 8
    own = table_of(made, "evaluation")
    late = np.abs(phase_error_deg(known_rad(own)[alpha], own.true_rad[alpha]))
    assert late.mean() > 20, "without targets the truth is late as the filters are"


def test_a_model_is_evaluated_with_targets_as_it_was_trained(made: Made) -> None:
    ran = eegssl(
        *("evaluate", made / "model", made / "recordings", "--out", made / "refused"),
        *("--targets", made / "zero"),
    )
    assert ran.code == 2
    assert "--targets" in ran.err
    ran = eegssl(
        *("finetune", made / "recordings", "--encoder", made / "encoder", *TASK),
        *("--out", made / "refused", "--targets", made / "recordings", *made.config()),
    )
    assert ran.code == 2
    assert "filter.phase=zero" in ran.err


def test_recordings_that_saw_their_future_are_refused_with_what_to_do(made: Made) -> None:
    encoder = ("--encoder", made / "encoder")
    ran = eegssl("finetune", made / "zero", *encoder, *TASK, "--out", made / "refused")
    assert ran.code == 2
    assert "filter.phase=causal" in ran.err
    assert not (made / "refused").exists()
    ran = eegssl("evaluate", made / "model", made / "zero", "--out", made / "refused")
    assert ran.code in (2, 4)


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (("--adapt", "prototypes"), "probe"),
        (("--labels", "0.5"), "labels"),
        (("--set", "task.forecast.head.kind=autoregressive"), "set head"),
        (("--set", "task.forecast.unit=zscore"), "forecast.unit"),
        (("--set", "task.forecast.baselines.fit.steps=9"), "autoregression"),
        (("--set", "task.forecast.context_s=600"), "long"),
    ],
)
def test_what_means_nothing_is_refused(made: Made, flags: tuple[str, ...], word: str) -> None:
    encoder = ("--encoder", made / "encoder")
    where = ("finetune", made / "recordings", *encoder, *TASK, "--out", made / "refused")
    ran = eegssl(*where, *made.config(), *flags)
    assert ran.code in (2, 3), ran.err
    assert word in ran.err


def test_what_lies_on_disk_says_what_it_is(made: Made) -> None:
    model, evaluation = manifest_of(made / "model"), manifest_of(made / "evaluation")
    assert {"model.safetensors", "model.json", "encoder.json", "task.json"} <= set(model["files"])
    task = json.loads((made / "model" / "task.json").read_text())
    assert task["kind"] == "phase"
    facts = model["facts"]
    assert facts["pairs"]["train"] <= 4 * 2
    assert set(facts["base"]) == set(task["phase"]["bands"])
    assert facts["val"]["model"]["error"] <= facts["val"]["base"]["error"]
    assert facts["statistics"]["base"]
    assert model["fitted_on"]["subjects"]
    names = {"predictions.parquet", "metrics.json", "report.html"}
    assert set(evaluation["files"]) == names
    scores = json.loads((made / "evaluation" / "metrics.json").read_text())
    alpha = scores["methods"]["model"]["alpha"]
    assert [one["to_s"] for one in alpha["per_horizon"]] == [0.125, 0.25, 0.5, 1.0, 2.0, 3.0]
    assert len(alpha["by_amplitude"]) == 4
    assert len(scores["per_subject"]) == evaluation["facts"]["windows"]["n"] // 4
    page = (made / "evaluation" / "report.html").read_text()
    assert "Content-Security-Policy" in page
    assert "<script" not in page
    assert "AR + Hilbert" in page
    assert "Frequency error" in page


def test_the_same_settings_give_the_same_bytes_also_after_a_stop(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    finetune(made, "again")
    assert files_of(made / "again") == files_of(made / "model")
    evaluate(made, "again", "evaluation-again")
    assert files_of(made / "evaluation-again") == files_of(made / "evaluation")
    from eegssl.tasks.phase import fit as phase

    real, steps = phase.loss_of, iter(range(6))

    def stops(*given: object) -> object:
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(phase, "loss_of", stops)
    encoder = ("--encoder", made / "encoder")
    where = (made / "recordings", *encoder, *TASK, "--out", made / "stopped", *made.config())
    assert eegssl("finetune", *where).code == 130
    assert (made / "stopped" / "work" / "checkpoint.safetensors").exists()
    monkeypatch.setattr(phase, "loss_of", real)
    assert done("finetune", *where)["state"] == "resumed"
    assert files_of(made / "stopped") == files_of(made / "model")


@pytest.mark.parametrize("kind", slow_except(["full", "scratch", "lora"], "lora"))
@pytest.mark.usefixtures("undrawn")
def test_an_encoder_can_be_trained_along(made: Made, kind: str) -> None:
    finetune(made, kind, "--adapt", kind, "--set", "training.steps=2")
    facts = manifest_of(made / kind)["facts"]
    assert facts["adaptation"] == kind
    assert facts["encoder_weights"] == ("random" if kind == "scratch" else "pretrained")
    evaluate(made, kind, f"{kind}-evaluation", "--set", "traces=0")


@pytest.mark.usefixtures("undrawn")
def test_random_weights_are_told_on_the_page(made: Made) -> None:
    finetune(made, "random", "--set", "encoder_weights=random")
    assert manifest_of(made / "random")["fitted_on"]["subjects"]
    evaluate(made, "random", "random-evaluation")
    assert "Random encoder" in (made / "random-evaluation" / "report.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_tested_subjects_of_training_are_a_leak(made: Made) -> None:
    where = ("evaluate", made / "model", made / "recordings", "--out", made / "leaky")
    everyone = ("--set", "split=all", *made.config())
    assert eegssl(*where, *everyone).code == 4
    assert done(*where, *everyone, "--allow-leak")["facts"]["leaks"]
    assert "Leak" in (made / "leaky" / "report.html").read_text()


def test_scores_follow_from_the_table_alone(made: Made, tmp_path: Path) -> None:
    source = shutil.copy(made / "evaluation" / "predictions.parquet", tmp_path)
    run = Context(tmp_path / "again", seed=0)
    result = rescore.run(EvaluateConfig(traces=2), Path(source), run)
    assert result.facts["phase"] == manifest_of(made / "evaluation")["facts"]["phase"]
    for name in ("metrics.json", "report.html"):
        there = (made / "evaluation" / name).read_bytes()
        assert (tmp_path / "again" / name).read_bytes() == there


@pytest.mark.usefixtures("undrawn")
def test_folds_are_pooled_and_rows_that_come_twice_are_refused(made: Made, tmp_path: Path) -> None:
    table = table_of(made, "evaluation")
    subjects = sorted(set(table.subject))
    halves = [table.subset(np.array(table.subject) == name) for name in subjects]
    both = pool_tables(halves)
    assert len(both) == len(table)
    assert both.about["folds"] == len(subjects)
    write_table(tmp_path / "both.parquet", both)
    result = rescore.run(EvaluateConfig(), tmp_path / "both.parquet", Context(tmp_path / "b"))
    before = manifest_of(made / "evaluation")["facts"]["phase"]["model"]
    for band, scores in result.facts["phase"]["model"].items():
        assert scores == pytest.approx(before[band])
    assert "Cross-validation" in (tmp_path / "b" / "report.html").read_text()
    write_table(tmp_path / "twice.parquet", pool_tables([table, table]))
    with pytest.raises(Exception, match="twice"):
        rescore.run(EvaluateConfig(), tmp_path / "twice.parquet", Context(tmp_path / "c"))


def test_the_task_is_explained(made: Made) -> None:
    alone = done("info", *TASK)
    assert alone["task"]["kind"] == "phase"
    short = made / "task.toml"
    short.write_text(
        'kind = "phase"\nname = "short"\n[forecast]\ncontext_s = 12\nhorizon_s = 3\nstride_s = 5\n'
    )
    found = done("info", "--task", short, made / "recordings")
    assert sum(part["subjects"] for part in found["splits"].values()) == SUBJECTS
    ran = eegssl("info", "--task", short, made / "zero", "--json")
    assert ran.code == 2
    assert "causal" in ran.out
    ran = eegssl("info", *TASK, made / "recordings", "--json")
    assert ran.code == 3
    assert "long" in ran.out

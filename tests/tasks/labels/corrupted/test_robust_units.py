"""Every unit and target of a task of labels has curves: events, seconds, numbers of patients."""

from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl, metrics_of
from owntask import CLASSES, PATIENTS, STRETCHES, finetune, write
from slowparams import slow_except
from tinycorpus import write_recording

from eegssl.tasks.labels.corrupted.robustness_part import read_robustness

FEW = ("--set", "scoring.bootstrap_resamples=100", "--set", "traces=0")
TASKS = {
    "event": (STRETCHES, (CLASSES, 'unit = "event"'), 4, "units"),
    "second": (None, ('labels = "events"', 'unit = "second"', CLASSES), 144, "windows"),
    "patient": (PATIENTS, ('target = "number"', 'unit = "patient"'), 2, "units"),
}


@pytest.mark.parametrize("unit", slow_except(TASKS, "event"))
def test_scores_over_severity_are_of_the_units_of_the_task(
    tiny: Pipeline, tmp_path: Path, unit: str
) -> None:
    table, lines, n, level = TASKS[unit]
    ran = finetune(tiny, write(tmp_path, table, *lines), tmp_path / "model")
    assert ran.code == 0, ran.err
    out = tmp_path / "evaluation"
    command = ("evaluate", tmp_path / "model", tiny.recordings, "--out", out, *FEW)
    done(*command, "--corruptions", "pink", "--set", "corruptions.severities=[4]")
    rows = read_robustness(out / "robustness.tsv")
    assert {row["units"] for row in rows} == {n}
    metrics = metrics_of(out)
    scores = metrics["windows"] if level == "windows" else metrics["units"]["scores"]
    names = {"mae", "spearman"} if unit == "patient" else {"auroc", "balanced_accuracy"}
    assert {row["metric"] for row in rows} == names
    for row in rows:
        clean = scores[row["metric"]]
        if row["severity"] == "0" and clean is not None:
            assert row["score"] == pytest.approx(clean, abs=1e-3)


def test_recordings_without_labels_have_no_curves(tiny: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "edf").mkdir()
    write_recording(tmp_path / "edf" / "night.edf", 40, 32, None, labelled=False)
    done("preprocess", tmp_path / "edf", "--out", tmp_path / "night", "--jobs", "1")
    command = ("evaluate", tiny.model, tmp_path / "night", "--out", tmp_path / "out", *FEW)
    ran = eegssl(*command, "--corruptions", "white")
    assert ran.code == 3, ran.err
    assert "no labels" in ran.err
    assert "--corruptions" in ran.err

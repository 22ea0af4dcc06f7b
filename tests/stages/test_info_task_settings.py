"""`info --task` takes the settings that `finetune` takes of a task, for every kind of task."""

from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl
from downstream import preprocess, table_of
from patientcohort import N, plain_rows, write_cohort


@pytest.mark.parametrize(
    ("task", "setting", "name", "value"),
    [
        ("seizure-detection", "window_s=6", "window_s", 6.0),
        ("forecast-short", "horizon_s=3", "asked", "the signal of the next 3 s"),
        ("frequency-phase", "forecast.horizon_s=3", "horizon_s", 3.0),
        ("asm-efficacy", "window_s=4", "window_s", 4.0),
        ("asm-efficacy", "analysis.pooling=quantiles", "pooling", "quantiles"),
    ],
)
def test_settings_of_every_kind_of_task_are_taken(
    task: str, setting: str, name: str, value: object
) -> None:
    assert done("info", "--task", task)["task"][name] != value
    assert done("info", "--task", task, "--set", f"task.{setting}")["task"][name] == value


def test_a_task_of_patients_is_explained_with_its_table(tmp_path: Path) -> None:
    recordings = preprocess(write_cohort(tmp_path / "edf", 0.0), tmp_path / "recordings", "zero")
    table = tmp_path / "participants.tsv"
    table.write_text(table_of(plain_rows()))
    call = ("info", "--task", "asm-efficacy", recordings)
    ran = eegssl(*call)
    assert ran.code == 2
    assert "--set task.table=participants.tsv" in ran.err
    held = done(*call, "--set", f"task.table={table}")["splits"]["all patients"]
    assert held["patients"] == {"good": N // 2, "poor": N // 2}


def test_settings_change_what_recordings_hold(tiny: Pipeline) -> None:
    call = ("info", "--task", "seizure-detection", tiny.recordings)
    few, many = (
        done(*call, "--set", f"task.window_s={seconds}")["splits"]["train"]["windows"]
        for seconds in (8, 2)
    )
    assert many > 2 * few


@pytest.mark.parametrize(
    "setting",
    ["task.windw_s=4", "task.window_s=long", "task.window_s", "task.kind=horoscope"],
)
def test_errors_are_those_of_finetune(tiny: Pipeline, tmp_path: Path, setting: str) -> None:
    told = eegssl("info", "--task", "seizure-detection", tiny.recordings, "--set", setting)
    ran = eegssl(
        *("finetune", tiny.recordings, "--encoder", tiny.encoder, "--task", "seizure-detection"),
        *("--out", tmp_path / "out", "--set", setting),
    )
    assert (told.code, told.err) == (2, ran.err)


def test_the_environment_means_what_it_means_to_finetune(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EEGSSL_FINETUNE__TASK__WINDOW_S", "6")
    assert done("info", "--task", "seizure-detection")["task"]["window_s"] == 6.0
    told = done("info", "--task", "seizure-detection", "--set", "task.window_s=8")
    assert told["task"]["window_s"] == 8.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("--task", "asm-efficacy", "--set", "training.steps=3"), "begin with task."),
        (("--task", "asm-efficacy", "--set", "window_s=3"), "begin with task."),
        (("--preset", "tiny", "--set", "task.window_s=3"), "give --task"),
        (("nowhere", "--set", "task.window_s=3"), "give --task"),
    ],
)
def test_settings_that_explain_no_task_are_refused(call: tuple[str, ...], words: str) -> None:
    ran = eegssl("info", *call)
    assert ran.code == 2, ran
    assert words in " ".join(ran.err.split())

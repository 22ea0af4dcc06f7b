"""A detector whose windows overlap: `task.step_s`, through finetune, evaluate and predict."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl

from eegssl.tasks.labels.config import TaskConfig


@pytest.fixture(scope="module")
def model(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A probe on windows of 4 s, every 2 s."""
    out = tmp_path_factory.mktemp("overlapping") / "model"
    task = ["--task", "seizure-detection", "--set", "task.step_s=2"]
    config = ["--config", tiny.settings, "--adapt", "probe"]
    done("finetune", tiny.recordings, "--encoder", tiny.encoder, *task, *config, "--out", out)
    return out


def test_windows_begin_every_step(model: Path, tiny: Pipeline, tmp_path: Path) -> None:
    out = tmp_path / "evaluation"
    document = done("evaluate", model, tiny.recordings, "--config", tiny.settings, "--out", out)
    rows = pq.read_table(out / "predictions.parquet").to_pydict()
    for recording in set(rows["recording"]):
        starts = [
            s for s, r in zip(rows["start_s"], rows["recording"], strict=True) if r == recording
        ]
        assert np.allclose(np.diff(sorted(starts)), 2.0)
    assert set(rows["duration_s"]) == {4.0}
    assert not any("overlap" in words for words in document["warnings"])
    again = done("evaluate", "--rescore", out, "--out", tmp_path / "again")
    assert again["facts"]["events"] == document["facts"]["events"]
    new = tmp_path / "new"
    done("predict", tiny.edf, "--model", model, "--out", new, "--jobs", 1)
    rows_of_files = [line.split("\t") for line in (new / "files.tsv").read_text().splitlines()]
    names = {row[0]: row[-1] for row in rows_of_files}
    for table in (out / "detections").rglob("*.tsv"):
        same = new / "detections" / f"{names[table.name.removesuffix('_events.tsv')]}_events.tsv"
        assert same.read_text() == table.read_text()


def test_steps_that_begin_at_no_sample_are_refused(tiny: Pipeline, tmp_path: Path) -> None:
    task = ["--task", "seizure-detection", "--set", "task.step_s=0.0123"]
    words = ["--encoder", tiny.encoder, *task, "--out", tmp_path / "m"]
    ran = eegssl("finetune", tiny.recordings, *words)
    assert ran.code == 2
    assert "set task.step_s to a multiple of 0.005" in ran.err


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"labels": "events", "classes": ("a", "b"), "step_s": 5.0}, "leaves time between windows"),
        ({"labels": "events", "classes": ("a", "b"), "unit": "second", "step_s": 2.0}, "leave it"),
        ({"labels": "table", "table": "t.tsv", "classes": ("a", "b"), "step_s": 2.0}, "leave it"),
    ],
)
def test_a_step_is_of_windows_that_detect(values: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        TaskConfig.model_validate({"name": "t", **values})

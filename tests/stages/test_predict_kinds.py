"""Each kind of task says of a new file what it can, or why it says nothing."""

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, manifest_of
from owntask import PATIENTS, RUNS, STRETCHES, finetune, name_of, write
from tinycorpus import CALM_S, SEIZURE_S

import eegssl as notebook

RECORDINGS = [
    ("recording", "label"),
    *((name_of(k, run), "ictal" if run == 1 else "calm") for k, run in RUNS),
]
CLASSES = 'classes = ["calm", "ictal"]'
LINES: dict[str, tuple[list[tuple[object, ...]] | None, list[str]]] = {
    "recording": (RECORDINGS, [CLASSES]),
    "patient": (PATIENTS, ['unit = "patient"', 'target = "number"']),
    "window": (STRETCHES, ['unit = "window"', CLASSES]),
    "second": (STRETCHES, ['unit = "second"', CLASSES]),
    "event": (STRETCHES, ['unit = "event"', CLASSES]),
}


@pytest.fixture(scope="module")
def models(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model for each unit."""
    root = tmp_path_factory.mktemp("kinds")
    made = {}
    for unit, (table, lines) in LINES.items():
        ran = finetune(tiny, write(root / unit, table, *lines), root / f"{unit}-model")
        assert ran.code == 0, ran.err
        made[unit] = root / f"{unit}-model"
    return made


def answers(tiny: Pipeline, model: Path, out: Path) -> tuple[list[dict[str, str]], list[Any]]:
    """The rows of files, and the documents of answers in the same order, for two new files."""
    files = [tiny.edf / name_of(1, run) for run in (1, 2)]
    done("predict", *files, "--model", model, "--out", out, "--jobs", 1)
    assert eegssl("check", out).code == 0
    header, *lines = (out / "files.tsv").read_text().splitlines()
    rows = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
    documents = [json.loads((out / "answers" / f"{r['name']}.json").read_text()) for r in rows]
    return rows, documents


def test_a_recording_has_a_class_with_its_probability(
    tiny: Pipeline, models: dict[str, Path], tmp_path: Path
) -> None:
    rows, documents = answers(tiny, models["recording"], tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "predictions.parquet").to_pylist()
    for row, document in zip(rows, documents, strict=True):
        mine = [r["p_ictal"] for r in table if r["recording"] == row["file"]]
        p = document["probabilities"]["ictal"]
        assert p == pytest.approx(sum(mine) / len(mine), abs=1e-4)
        decided = "ictal" if p >= document["threshold"] else "calm"
        assert row["answer"] == document["class"] == decided
        assert float(row["value"]) == pytest.approx(document["probabilities"][decided], abs=1e-4)
    assert {r["truth"] for r in table} == {-1}
    assert manifest_of(tmp_path / "out")["facts"]["answers"] == {
        name: [row["answer"] for row in rows].count(name) for name in {r["answer"] for r in rows}
    }


def test_an_answer_says_whom_its_model_was_fitted_on(
    tiny: Pipeline, models: dict[str, Path], tmp_path: Path
) -> None:
    _, (first, _) = answers(tiny, models["recording"], tmp_path / "out")
    facts = manifest_of(models["recording"])["facts"]
    cohort = first["fitted_on"]
    assert cohort["subjects"] == facts["subjects"]
    assert cohort["windows"] == facts["windows"]["train"]
    assert cohort["validation"] == {name: facts["val"][name] for name in ("auroc", "loss")}
    assert f"AUROC was {facts['val']['auroc']:.2f}" in cohort["words"]
    assert f"{facts['subjects']['train']} subjects" in cohort["words"]
    assert f"{facts['windows']['train']['ictal']} × ictal" in cohort["words"]


def test_a_patient_has_a_number(tiny: Pipeline, models: dict[str, Path], tmp_path: Path) -> None:
    rows, documents = answers(tiny, models["patient"], tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "predictions.parquet").to_pylist()
    for row, document in zip(rows, documents, strict=True):
        mine = [r["value"] for r in table if r["recording"] == row["file"]]
        assert document["number"] == pytest.approx(sum(mine) / len(mine))
        assert document["windows_lowest"] <= document["number"] <= document["windows_highest"]
        assert row["answer"] == "number"
        assert float(row["value"]) == pytest.approx(document["number"], abs=1e-6)
    assert all(math.isnan(r["truth_value"]) for r in table)
    off = math.sqrt(manifest_of(models["patient"])["facts"]["val"]["loss"])
    assert f"off by {off:.3g}" in documents[0]["fitted_on"]["words"]
    scores = ("--rescore", tmp_path / "out" / "predictions.parquet", "--out", tmp_path / "scores")
    assert "no labels: nothing can be scored" in eegssl("evaluate", *scores).err


@pytest.mark.parametrize("unit", ["window", "second"])
def test_windows_and_seconds_have_a_class_each(
    unit: str, tiny: Pipeline, models: dict[str, Path], tmp_path: Path
) -> None:
    rows, documents = answers(tiny, models[unit], tmp_path / "out")
    for row, document in zip(rows, documents, strict=True):
        stretches = document["stretches"]
        lasts_s = {"ictal": 0.0, "calm": 0.0}
        for one in stretches:
            lasts_s[one["class"]] += one["duration_s"]
        assert lasts_s == pytest.approx(document["seconds"])
        assert sum(lasts_s.values()) in (SEIZURE_S, CALM_S)
        assert all(a["class"] != b["class"] for a, b in pairwise(stretches))
        assert float(row["value"]) == pytest.approx(document["shares"][row["answer"]], abs=1e-4)


def test_events_that_a_detector_finds_have_a_class_each(
    tiny: Pipeline, models: dict[str, Path], tmp_path: Path
) -> None:
    files = [tiny.edf / name_of(k, run) for k in (0, 1, 2, 3) for run in (1, 2)]
    given = ("--model", models["event"], "--detector", tiny.model)
    document = done("predict", *files, *given, "--out", tmp_path / "typed", "--jobs", 1)
    found = done("predict", *files, "--model", tiny.model, "--out", tmp_path / "found", "--jobs", 1)
    assert eegssl("check", tmp_path / "typed").code == 0
    assert document["facts"]["events"] == found["facts"]["events"] > 0
    assert document["facts"]["detector"] == found["facts"]["model"]
    assert any(warning.endswith("(the detector)") for warning in document["warnings"])
    calm: list[Path] = []
    for path in files:
        typed = notebook.predict(notebook.load_model(models["event"], tiny.model), path)
        seen = notebook.predict(notebook.load_model(tiny.model), path)
        calm += [] if len(seen.onset_s) else [path]
        assert typed.onset_s == pytest.approx(seen.onset_s)
        assert typed.duration_s == pytest.approx(seen.duration_s)
        rows = typed.document["events"]
        assert [row["detected"] for row in rows] == pytest.approx(seen.confidence)
        for row, label, sure in zip(rows, typed.labels, typed.confidence, strict=True):
            assert row["class"] == label
            assert row["probabilities"][label] == pytest.approx(sure, abs=1e-4)
        assert set(typed.annotations().description) == set(typed.labels)
    done("predict", calm[0], *given, "--out", tmp_path / "calm", "--jobs", 1)
    assert eegssl("check", tmp_path / "calm").code == 0
    assert pq.read_metadata(tmp_path / "calm" / "predictions.parquet").num_rows == 0


def test_a_detector_belongs_to_models_of_given_events(
    tiny: Pipeline, models: dict[str, Path], tmp_path: Path
) -> None:
    start = ("predict", tiny.edf, "--out", tmp_path / "out", "--model")
    for words, wrong in (
        ((models["event"],), "give the model that detects them (--detector)"),
        ((tiny.model, "--detector", tiny.model), "leave --detector out"),
        ((models["event"], "--detector", models["recording"]), "detects no events in time"),
    ):
        ran = eegssl(*start, *words)
        assert ran.code == 2
        assert wrong in ran.err

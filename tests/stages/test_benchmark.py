"""A matrix of encoders, tasks, adaptations and seeds becomes one table; what is done stays done."""

import json
from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of, stamps_of
from resigned import sign_files, sign_manifest
from smallmatrix import as_interrupted, cells, copy_of, results, write_matrix

from eegssl.artifacts.contract import open_artifact
from eegssl.errors import ArtifactError
from eegssl.tasks.base import SCORES
from eegssl.tasks.benchmarks.benchmark_contract import CONTRACT

SYSTEMS = {("band-power-summary", "baseline"), ("pretrained", "probe"), ("random-init", "probe")}


@pytest.fixture(scope="module")
def matrix(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_matrix(tmp_path_factory.mktemp("matrix") / "matrix.toml", tiny, "[0]")


@pytest.fixture(scope="module")
def made(matrix: Path) -> Path:
    out = matrix.parent / "benchmark"
    done("benchmark", matrix, "--out", out)
    return out


def test_one_table_holds_every_system(made: Path) -> None:
    rows = results(made)
    assert {(row["encoder"], row["adaptation"]) for row in rows} == SYSTEMS
    assert len(rows) == 3
    for row in rows:
        assert (row["task"], row["seed"], row["subjects"]) == ("seizure", 0, 2)
        assert 0 <= row["auroc"] <= 1
        assert row["pretraining_seeds"] == ("0" if row["encoder"] == "pretrained" else "")
        assert (row["labels_subjects"], row["draw"]) == ("all", None)
    lines = (made / "results.tsv").read_text().splitlines()
    assert set(lines[0].split("\t")) == set(rows[0])
    assert len(lines) == 4
    assert "random-init" in (made / "leaderboard.html").read_text()


def test_the_mean_over_subjects_stands_beside_the_score_of_all_windows(made: Path) -> None:
    scores = json.loads(
        (made / "cells/seizure/pretrained/probe/seed0/evaluation" / SCORES).read_text()
    )
    row = next(row for row in results(made) if row["encoder"] == "pretrained")
    for name in ("auroc", "balanced_accuracy"):
        mean = scores["subject_means"][name]
        assert row[name] == scores["windows"][name]
        assert row[f"{name}_subject_mean"] == pytest.approx(mean["mean"])
        assert row[f"{name}_subjects"] == mean["n_subjects"] > 0
    assert "AUROC, mean over subjects" in (made / "leaderboard.html").read_text()


def test_exactly_these_files_lie_on_disk(made: Path) -> None:
    top = {name for name in files_of(made) if not name.startswith("cells/")}
    assert top == {
        *("manifest.json", "results.tsv", "results.json"),
        *("comparisons.tsv", "leaderboard.html"),
    }
    cell = made / "cells" / "seizure"
    folders = {p.parent.relative_to(cell).as_posix() for p in cell.rglob("manifest.json")}
    parts = {f for f in folders if "/history/" not in f}
    assert parts == {
        "band-power-summary/baseline/seed0",
        *("pretrained/probe/seed0/model", "pretrained/probe/seed0/evaluation"),
        *("random-init/probe/seed0/model", "random-init/probe/seed0/evaluation"),
    }
    assert manifest_of(made)["kind"] == "benchmark"
    assert manifest_of(made)["bulk"] == {"cells": ""}


def test_info_explains_it(made: Path) -> None:
    ran = eegssl("info", made)
    assert ran.code == 0
    assert "benchmark" in ran.out
    assert manifest_of(made)["id"] in ran.out


def test_random_init_has_the_shape_of_the_encoder_and_none_of_its_weights(
    made: Path, tiny: Pipeline
) -> None:
    cell = made / "cells" / "seizure"
    facts = {
        name: manifest_of(cell / name / "probe" / "seed0" / "model")["facts"]
        for name in ("pretrained", "random-init")
    }
    assert facts["random-init"]["encoder_weights"] == "random"
    assert facts["random-init"]["n_parameters"] == facts["pretrained"]["n_parameters"]
    trained = facts["pretrained"]["n_parameters_trained"]
    assert 0 < trained < facts["pretrained"]["n_parameters"] / 10


def test_a_fresh_run_elsewhere_gives_the_same_bytes(
    made: Path, matrix: Path, tmp_path: Path
) -> None:
    done("benchmark", matrix, "--out", tmp_path / "again")
    assert files_of(tmp_path / "again") == files_of(made)


def test_the_same_matrix_again_runs_nothing(made: Path, matrix: Path) -> None:
    before = stamps_of(made)
    assert done("benchmark", matrix, "--out", made)["state"] == "already made"
    assert stamps_of(made) == before


def test_an_interrupted_benchmark_keeps_its_finished_cells(
    made: Path, matrix: Path, tmp_path: Path
) -> None:
    out = copy_of(made, tmp_path)
    before = cells(out)
    as_interrupted(out)
    assert done("benchmark", matrix, "--out", out)["state"] == "resumed"
    assert cells(out) == before
    assert files_of(out) == files_of(made)


def test_another_seed_in_the_matrix_runs_only_its_own_cells(
    tiny: Pipeline, made: Path, tmp_path: Path
) -> None:
    out = copy_of(made, tmp_path)
    before = cells(out)
    files = {name for name in before if (out / "cells" / name).is_file()}
    more = write_matrix(tmp_path / "more.toml", tiny, "[0, 1]")
    done("benchmark", more, "--out", out)
    after = cells(out)
    assert {name: after[name] for name in files} == {name: before[name] for name in files}
    fresh = {name for name in after if (out / "cells" / name).is_file()} - files
    assert fresh
    assert all("/seed1/" in name for name in fresh)
    assert [row["seed"] for row in results(out)] == [0, 0, 0, 1, 1, 1]


def test_other_settings_touch_no_cell_without_overwrite(
    matrix: Path, made: Path, tmp_path: Path
) -> None:
    out = copy_of(made, tmp_path)
    before = cells(out)
    ran = eegssl("benchmark", matrix, "--out", out, "--set", "finetune.training.batch_size=4")
    assert ran.code == 2
    assert "training.batch_size 8 -> 4" in ran.err
    assert "--overwrite" in ran.err
    assert cells(out) == before
    done("benchmark", matrix, "--out", out)
    assert cells(out) == before
    assert files_of(out) == files_of(made)


def test_no_path_stands_in_any_file(tiny: Pipeline, made: Path) -> None:
    places = (str(tiny.root).encode(), str(made).encode())
    files = [p for p in made.rglob("*") if p.is_file()]
    assert not [p.name for p in files if any(place in p.read_bytes() for place in places)]


def test_other_settings_of_a_baseline_are_refused_and_not_taken_for_one_that_can_not_be_run(
    matrix: Path, made: Path, tmp_path: Path
) -> None:
    out = copy_of(made, tmp_path)
    ran = eegssl("benchmark", matrix, "--out", out, "--set", "baseline.band_power.cs=[2]")
    assert ran.code == 2
    assert cells(out) == cells(made)


OTHERWISE = {
    "task": "other",
    "encoder": "random-init",
    "adaptation": "scratch",
    "labels_subjects": 3,
    "draw": 1,
    "seed": 1,
    "pretraining_seeds": "7",
    "folds": 2,
    "windows": 1,
    "subjects": 9,
    "auroc": 0.987,
    "unit_auroc": 0.5,
    "auroc_subject_mean": None,
    "auroc_subjects": 1.5,
    "within_subject": 0,
    "leaks": "1 subject",
    "not_run": "",
}
"""Column -> what a row of a benchmark does not say."""


def test_a_table_that_its_cells_do_not_make_is_refused(
    matrix: Path, made: Path, tmp_path: Path
) -> None:
    out = copy_of(made, tmp_path)
    open_artifact(out, CONTRACT)
    for name, value in OTHERWISE.items():
        rows = results(made)
        number = next(k for k, row in enumerate(rows) if row["encoder"] == "pretrained")
        rows[number][name] = value if name != "not_run" else "no seizure"
        (out / "results.json").write_text(json.dumps(rows))
        sign_files(out)
        with pytest.raises(ArtifactError, match=r"results\.json .*row") as refused:
            open_artifact(out, CONTRACT)
        if name in ("windows", "auroc", "leaks", "within_subject"):
            assert f"row {number + 1}: {name} is" in str(refused.value)
    for command in (("check", out), ("benchmark", matrix, "--out", out)):
        ran = eegssl(*command)
        assert ran.code == 4
        assert "results.json" in ran.err


def test_rows_cells_and_facts_are_as_many_as_each_other(made: Path, tmp_path: Path) -> None:
    out = copy_of(made, tmp_path)
    rows = results(made)
    for others in (rows[:-1], [*rows, rows[0]], [rows[1], rows[0], rows[2]]):
        (out / "results.json").write_text(json.dumps(others))
        sign_files(out)
        with pytest.raises(ArtifactError, match=r"results\."):
            open_artifact(out, CONTRACT)
    out = copy_of(made, tmp_path / "facts")
    sign_manifest(out, lambda manifest: manifest["facts"].update(cells=2))
    with pytest.raises(ArtifactError, match=r"facts\.cells"):
        open_artifact(out, CONTRACT)
    (tmp_path / "gone").mkdir()
    out = copy_of(made, tmp_path / "gone")
    (out / "cells/seizure/pretrained/probe/seed0/evaluation/manifest.json").unlink()
    with pytest.raises(ArtifactError, match="evaluation"):
        open_artifact(out, CONTRACT)


def test_the_table_for_spreadsheets_is_that_for_programs(made: Path, tmp_path: Path) -> None:
    out = copy_of(made, tmp_path)
    text = (out / "results.tsv").read_text()
    auroc = f"{results(made)[0]['auroc']:.4f}"
    (out / "results.tsv").write_text(text.replace(auroc, "0.1234", 1))
    sign_files(out)
    with pytest.raises(ArtifactError, match=r"results\.tsv"):
        open_artifact(out, CONTRACT)

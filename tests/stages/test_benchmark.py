"""A matrix of encoders, tasks, adaptations and seeds becomes one table; what is done stays done."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of, stamps_of
from tinycorpus import SUBJECTS

from eegssl.stages.benchmark import table
from eegssl.stages.evaluate import METRICS

MATRIX = """
recordings = ["{root}/recordings"]
adaptations = ["probe"]
seeds = {seeds}
baselines = ["band-power"]

[encoders.pretrained]
path = "{root}/encoder"

[encoders.random-init]
path = "{root}/encoder"
weights = "random"

[tasks.seizure]
task = "seizure-detection"

[finetune.training]
steps = 6
batch_size = 8
validate_every = 3
device = "cpu"

[evaluate]
traces = 0
"""
SYSTEMS = {("band-power", "baseline"), ("pretrained", "probe"), ("random-init", "probe")}


def write_matrix(path: Path, tiny: Pipeline, seeds: str) -> Path:
    path.write_text(MATRIX.format(root=tiny.root, seeds=seeds))
    return path


@pytest.fixture(scope="module")
def matrix(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_matrix(tmp_path_factory.mktemp("matrix") / "matrix.toml", tiny, "[0]")


@pytest.fixture(scope="module")
def made(matrix: Path) -> Path:
    out = matrix.parent / "benchmark"
    done("benchmark", matrix, "--out", out)
    return out


def results(out: Path) -> list[dict[str, Any]]:
    rows = json.loads((out / "results.json").read_text())
    assert isinstance(rows, list)
    return rows


def cells(out: Path) -> dict[str, int]:
    """Every file and folder of the cells, with its time of last change."""
    return stamps_of(out / "cells")


def copy_of(made: Path, folder: Path) -> Path:
    """The benchmark again, with the times of its files."""
    return Path(shutil.copytree(made, folder / "benchmark"))


def test_one_table_holds_every_system(made: Path) -> None:
    rows = results(made)
    assert {(row["encoder"], row["adaptation"]) for row in rows} == SYSTEMS
    assert len(rows) == 3
    for row in rows:
        assert (row["task"], row["seed"], row["subjects"]) == ("seizure", 0, 2)
        assert 0 <= row["auroc"] <= 1
    lines = (made / "results.tsv").read_text().splitlines()
    assert set(lines[0].split("\t")) == set(rows[0])
    assert len(lines) == 4
    assert "random-init" in (made / "leaderboard.html").read_text()


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
        "band-power/baseline/seed0",
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
    """As after a kill between the last cell and the table."""
    out = copy_of(made, tmp_path)
    before = cells(out)
    plan = manifest_of(out)
    (out / "manifest.json").unlink()
    begun = {k: plan[k] for k in ("kind", "schema_version", "config", "seed")}
    begun["inputs"] = [[i["kind"], i["id"]] for i in plan["inputs"]]
    (out / "eegssl-plan.json").write_text(json.dumps(begun))
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


def test_encoders_that_change_places_are_not_taken_for_the_same(
    tiny: Pipeline, tmp_path: Path
) -> None:
    """A matrix names its encoders; which artifact stands behind a name is part of what is made."""
    other = tmp_path / "encoder"
    done(*tiny.command("pretrain", other), "--seed", 1)
    text = MATRIX.format(root=tiny.root, seeds="[0]").replace('weights = "random"', "")
    text = text.replace('baselines = ["band-power"]', "baselines = []")
    one = text.replace(f'"{tiny.root}/encoder"', f'"{other}"', 1)
    first, second, rest = text.split(f'"{tiny.root}/encoder"')
    two = f'{first}"{tiny.root}/encoder"{second}"{other}"{rest}'
    (tmp_path / "one.toml").write_text(one)
    (tmp_path / "two.toml").write_text(two)
    done("benchmark", tmp_path / "one.toml", "--out", tmp_path / "out")
    ran = eegssl("benchmark", tmp_path / "two.toml", "--out", tmp_path / "out", "--json")
    assert ran.code == 2 or ran.document["state"] != "already made"


def test_other_settings_touch_no_cell_without_overwrite(
    matrix: Path, made: Path, tmp_path: Path
) -> None:
    out = copy_of(made, tmp_path)
    before = cells(out)
    ran = eegssl("benchmark", matrix, "--out", out, "--set", "finetune.training.steps=4")
    assert ran.code == 2
    assert "training.steps 6 -> 4" in ran.err
    assert "--overwrite" in ran.err
    assert cells(out) == before
    done("benchmark", matrix, "--out", out)
    assert cells(out) == before
    assert files_of(out) == files_of(made)


def test_no_path_stands_in_any_file(tiny: Pipeline, made: Path) -> None:
    places = (str(tiny.root).encode(), str(made).encode())
    files = [p for p in made.rglob("*") if p.is_file()]
    assert not [p.name for p in files if any(place in p.read_bytes() for place in places)]


def test_paths_of_the_matrix_are_seen_from_its_file(tiny: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(tiny.root)
    text = MATRIX.format(root="here", seeds="[0]").replace('"band-power"', "")
    (tmp_path / "matrix.toml").write_text(text)
    document = done("benchmark", tmp_path / "matrix.toml", "--out", tmp_path / "out", "--dry-run")
    assert document["state"] == "would make"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("[tasks.seizure]", "[taks.seizure]", 2, ("taks", "tasks")),
        ('adaptations = ["probe"]', 'adaptations = ["prob"]', 2, ("prob", "probe")),
        ("seizure-detection", "seizure-detektion", 2, ("seizure-detection",)),
        ("{root}/encoder", "{root}/nothing", 4, ("nothing",)),
        ("{root}/encoder", "{root}/tokens", 4, ("tokens", "encoder")),
        ("steps = 6", "setps = 6", 2, ("setps", "steps")),
        ("recordings = [", "recordings = [[", 2, ("matrix.toml",)),
    ],
)
def test_a_matrix_that_can_not_be_run_is_refused(
    tiny: Pipeline, tmp_path: Path, old: str, new: str, code: int, words: tuple[str, ...]
) -> None:
    path = tmp_path / "matrix.toml"
    path.write_text(MATRIX.replace(old, new).format(root=tiny.root, seeds="[0]"))
    ran = eegssl("benchmark", path, "--out", tmp_path / "out")
    assert ran.code == code, ran.err
    assert all(word in ran.err for word in words), ran.err
    assert not list(tmp_path.rglob("predictions.parquet"))


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_system_that_is_none_of_the_matrix_is_refused_before_any_cell(
    tiny: Pipeline, tmp_path: Path, dry: tuple[str, ...]
) -> None:
    path = tmp_path / "matrix.toml"
    path.write_text('compare_with = "pretrained prob"\n' + MATRIX.format(root=tiny.root, seeds="0"))
    path.write_text(path.read_text().replace("seeds = 0", "seeds = [0]"))
    ran = eegssl("benchmark", path, "--out", tmp_path / "out", *dry)
    assert ran.code == 2, ran.err
    assert "pretrained probe" in ran.err
    assert not (tmp_path / "out").exists()


def test_scratch_is_run_once_for_an_encoder_and_its_control(tiny: Pipeline, tmp_path: Path) -> None:
    path = tmp_path / "matrix.toml"
    text = MATRIX.format(root=tiny.root, seeds="[0]").replace("steps = 6", "steps = 3")
    path.write_text(text.replace('["probe"]', '["scratch"]').replace('["band-power"]', "[]"))
    done("benchmark", path, "--out", tmp_path / "out")
    assert [row["encoder"] for row in results(tmp_path / "out")] == ["pretrained"]
    assert not (tmp_path / "out/cells/seizure/random-init").exists()


@pytest.fixture(scope="module")
def of_numbers(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A benchmark of patients' ages beside the mean and band power, at two seeds."""
    folder = tmp_path_factory.mktemp("numbers")
    ages = [f"sub-{k:02d}\t{20 + 3 * (k % 4)}" for k in range(SUBJECTS)]
    (folder / "labels.tsv").write_text("\n".join(["subject\tlabel", *ages]) + "\n")
    (folder / "age.toml").write_text(
        'name = "age"\nwindow_s = 4.0\nlabels = "table"\ntable = "labels.tsv"\n'
        'target = "number"\nunit = "patient"\n'
    )
    text = MATRIX.format(root=tiny.root, seeds="[0, 1]").replace("seizure-detection", "age.toml")
    text = text.replace('["band-power"]', '["majority", "band-power"]')
    (folder / "matrix.toml").write_text(text.replace("[tasks.seizure]", "[tasks.age]"))
    done("benchmark", folder / "matrix.toml", "--out", folder / "out")
    return folder / "out"


def test_a_task_of_numbers_is_shown_and_ranked_by_scores_of_numbers(of_numbers: Path) -> None:
    page = (of_numbers / "leaderboard.html").read_text()
    assert "Ranked by Spearman" in page
    assert "AUROC" not in page
    for head in ("Mean absolute error", "Root mean squared error", "R²"):
        assert f">{head}</th>" in page
    columns, _ = table(of_numbers)
    assert {"unit_spearman", "unit_mae", "unit_rmse", "unit_r2"} <= set(columns)
    assert "auroc" not in columns
    compared = (of_numbers / "comparisons.tsv").read_text()
    assert "spearman" in compared
    assert "auroc" not in compared


def test_baselines_say_numbers_as_every_system_does(of_numbers: Path) -> None:
    rows = {row["encoder"]: row for row in results(of_numbers) if row["seed"] == 0}
    assert set(rows) == {"majority", "band-power", "pretrained", "random-init"}
    assert all(row["unit_mae"] > 0 and row["not_run"] == "" for row in rows.values())
    assert rows["majority"]["unit_spearman"] is None  # it says one number of all
    assert "majority" in (of_numbers / "comparisons.tsv").read_text()


def test_a_baseline_that_can_not_be_run_has_one_row_with_its_reason(
    tiny: Pipeline, tmp_path: Path
) -> None:
    text = MATRIX.format(root=tiny.root, seeds="[0, 1]").replace("steps = 6", "steps = 3")
    text = text.replace('"seizure-detection"', '"seizure-detection-seconds"')
    text = text.replace(f'[encoders.pretrained]\npath = "{tiny.root}/encoder"\n', "")
    path, out = tmp_path / "matrix.toml", tmp_path / "out"
    path.write_text(text.replace("[tasks.seizure]", "[tasks.seconds]"))
    done("benchmark", path, "--out", out, "--set", "tasks.seconds.overrides={window_s = 4.0}")
    lost = [row for row in results(out) if row["encoder"] == "band-power"]
    assert [row["auroc"] for row in lost] == [None]
    assert "is about seconds" in lost[0]["not_run"]
    assert all(row["not_run"] == "" for row in results(out) if row not in lost)
    page = (out / "leaderboard.html").read_text()
    assert page.count("not run: task seizure-detection-seconds is about seconds") == 1
    warnings = manifest_of(out)["facts"]["warnings"]
    assert len([w for w in warnings if "band-power" in w]) == 1


def test_other_settings_of_a_baseline_are_refused_and_not_taken_for_one_that_can_not_be_run(
    matrix: Path, made: Path, tmp_path: Path
) -> None:
    out = copy_of(made, tmp_path)
    ran = eegssl(
        "benchmark", matrix, "--out", out, "--set", "baseline.band_power.regularisation_c=2"
    )
    assert ran.code == 2
    assert cells(out) == cells(made)


def test_within_subjects_the_folds_are_compared_and_the_page_says_so(
    tiny: Pipeline, tmp_path: Path
) -> None:
    for fold in (0, 1):
        out = tmp_path / f"fold{fold}"
        split = ("--set", "splits.by=recording", "--set", "look.recordings=0", "--seed", fold)
        done("preprocess", tiny.edf, "--out", out, *split)
    text = MATRIX.format(root=tiny.root, seeds="[0]").replace(
        f"{tiny.root}/recordings", "fold{fold}"
    )
    text = text.replace(f'[encoders.pretrained]\npath = "{tiny.root}/encoder"\n', "")
    (tmp_path / "matrix.toml").write_text(f"folds = [0, 1]\n{text}")
    done("benchmark", tmp_path / "matrix.toml", "--out", tmp_path / "out")
    lines = (tmp_path / "out/comparisons.tsv").read_text().splitlines()
    heads = lines[0].split("\t")
    rows = [dict(zip(heads, line.split("\t"), strict=True)) for line in lines[1:]]
    assert {(r["metric"], r["unit"], r["n"]) for r in rows} == {
        ("auroc", "fold", "2"),
        ("balanced_accuracy", "fold", "2"),
    }
    folds = tmp_path / "out/cells/seizure"
    said = [
        json.loads((folds / f"{where}/{METRICS}").read_text())["windows"]["auroc"]
        for k in (0, 1)
        for where in (
            f"band-power/baseline/seed0/fold{k}",
            f"random-init/probe/seed0/fold{k}/evaluation",
        )
    ]
    gaps = [said[0] - said[1], said[2] - said[3]]
    assert float(rows[0]["difference"]) == pytest.approx(sum(gaps) / 2, abs=1e-4)
    page = (tmp_path / "out/leaderboard.html").read_text()
    assert "folds are compared in place of subjects" in page
    assert "fold by fold" in page

"""Matrices of other tasks, folds and systems run, or are refused with the reason."""

import json
from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl, manifest_of
from smallmatrix import MATRIX, results
from tinycorpus import SUBJECTS

from eegssl.config.resolve import read_matrix
from eegssl.stages.benchmark import table
from eegssl.tasks.base import SCORES


@pytest.fixture(scope="module")
def other(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder of another seed."""
    out = tmp_path_factory.mktemp("other") / "encoder"
    done(*tiny.command("pretrain", out), "--seed", 1)
    return out


def test_encoders_that_change_places_are_not_taken_for_the_same(
    tiny: Pipeline, other: Path, tmp_path: Path
) -> None:
    """A matrix names its encoders; which artifact stands behind a name is part of what is made."""
    text = MATRIX.format(root=tiny.root, seeds="[0]").replace('weights = "random"', "")
    text = text.replace('baselines = ["band-power-summary"]', "baselines = []")
    one = text.replace(f'"{tiny.root}/encoder"', f'"{other}"', 1)
    first, second, rest = text.split(f'"{tiny.root}/encoder"')
    two = f'{first}"{tiny.root}/encoder"{second}"{other}"{rest}'
    (tmp_path / "one.toml").write_text(one)
    (tmp_path / "two.toml").write_text(two)
    done("benchmark", tmp_path / "one.toml", "--out", tmp_path / "out")
    ran = eegssl("benchmark", tmp_path / "two.toml", "--out", tmp_path / "out", "--json")
    assert ran.code == 2 or ran.document["state"] != "already made"


@pytest.mark.slow
def test_seeds_may_have_a_pretraining_each(tiny: Pipeline, other: Path, tmp_path: Path) -> None:
    (tmp_path / "pretrained-0").symlink_to(tiny.encoder)
    (tmp_path / "pretrained-1").symlink_to(other)
    text = MATRIX.format(root=tiny.root, seeds="[0, 1]").replace("steps = 6", "steps = 3")
    control = f'[encoders.random-init]\npath = "{tiny.root}/encoder"\nweights = "random"\n'
    text = text.replace(control, "").replace("baselines = [", "baselines = [] # [")
    text = text.replace(f"{tiny.root}/encoder", "pretrained-{seed}")
    (tmp_path / "matrix.toml").write_text(text)
    done("benchmark", tmp_path / "matrix.toml", "--out", tmp_path / "out")
    rows = results(tmp_path / "out")
    assert [(row["seed"], row["pretraining_seeds"]) for row in rows] == [(0, "0"), (1, "1")]
    cells = tmp_path / "out/cells/seizure/pretrained/probe"
    made_of = [
        {i["kind"]: i["id"] for i in manifest_of(cells / f"seed{seed}/model")["inputs"]}
        for seed in (0, 1)
    ]
    assert [one["encoder"] for one in made_of] == [
        manifest_of(tmp_path / f"pretrained-{seed}")["id"] for seed in (0, 1)
    ]
    page = (tmp_path / "out/leaderboard.html").read_text()
    assert page.count("2 pretrainings") == 1
    (tmp_path / "pretrained-2").symlink_to(tiny.encoder)
    more = ("--set", "seeds=[0, 1, 2]", "--out", tmp_path / "out")
    ran = eegssl("benchmark", tmp_path / "matrix.toml", *more)
    assert (ran.code, "have the same encoder" in ran.err) == (2, True), ran.err


@pytest.mark.slow
def test_each_number_of_labelled_subjects_has_its_rows(tiny: Pipeline, tmp_path: Path) -> None:
    text = MATRIX.format(root=tiny.root, seeds="[0]").replace("steps = 6", "steps = 3")
    text = text.replace(f'[encoders.pretrained]\npath = "{tiny.root}/encoder"\n', "")
    (tmp_path / "matrix.toml").write_text(f'labels_subjects = [1, "all"]\ndraws = [0, 2]\n{text}')
    out = tmp_path / "out"
    done("benchmark", tmp_path / "matrix.toml", "--out", out)
    rows = {(r["labels_subjects"], r["draw"], r["adaptation"]): r for r in results(out)}
    assert set(rows) == {
        (*labels, how)
        for labels in ((1, 0), (1, 2), ("all", None))
        for how in ("baseline", "probe")
    }
    cells, where = out / "cells/seizure/random-init/probe", ("subjects1/draw0", "subjects1/draw2")
    used = [
        set(manifest_of(cells / f"{one}/seed0/model")["fitted_on"]["subjects"]) for one in where
    ]
    of_all = manifest_of(cells / "subjectsall/seed0/model")
    assert used[0] != used[1]
    assert len(used[0] | used[1]) == 2 + 2  # and those of validation
    assert used[0] | used[1] < set(of_all["fitted_on"]["subjects"])
    facts = [manifest_of(cells / f"{one}/seed0/model")["facts"] for one in where]
    assert [one["labels_subjects"] for one in facts] == [{"used": 1, "of": 4, "share": 0.25}] * 2
    assert of_all["facts"]["labels_subjects"] == {"used": 4, "of": 4, "share": 1.0}
    compared = (out / "comparisons.tsv").read_text().splitlines()
    assert [line.split("\t")[1] for line in compared] == ["labels_subjects", *"11", "all", "all"]
    page = (out / "leaderboard.html").read_text()
    for words in ("2 draws \u00d7 1 seed", "by labelled subjects, seizure", "Labelled subjects"):
        assert words in page


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        (
            "",
            "labels_subjects = [1, 5]",
            3,
            ("seizure-detection", "labels_subjects 5", "set it to 4"),
        ),
        ("", "draws = [0]", 2, ("labels_subjects",)),
        (
            "[finetune.training]",
            "[finetune]\nlabels_fraction = 0.5\n[finetune.training]",
            2,
            ("one",),
        ),
        ('"seizure-detection"', '"forecast-short"', 2, ("labels_subjects", "has no labels")),
    ],
)
def test_labels_that_can_not_be_had_are_refused_before_any_cell(
    tiny: Pipeline, tmp_path: Path, old: str, new: str, code: int, words: tuple[str, ...]
) -> None:
    text = MATRIX.format(root=tiny.root, seeds="[0]")
    text = text.replace(old, new) if old else f"{new}\n{text}"
    if old:
        text = f"labels_subjects = [1]\n{text}"
    (tmp_path / "matrix.toml").write_text(text)
    ran = eegssl("benchmark", tmp_path / "matrix.toml", "--out", tmp_path / "out")
    assert ran.code == code, ran.err
    assert all(word in ran.err for word in words), ran.err
    assert not (tmp_path / "out").exists()


def test_paths_of_the_matrix_are_seen_from_its_file(tiny: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(tiny.root)
    text = MATRIX.format(root="here", seeds="[0]").replace('"band-power-summary"', "")
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
    path.write_text(
        text.replace('["probe"]', '["scratch"]').replace('["band-power-summary"]', "[]")
    )
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
    text = text.replace('["band-power-summary"]', '["majority", "band-power-summary"]')
    (folder / "matrix.toml").write_text(text.replace("[tasks.seizure]", "[tasks.age]"))
    done("benchmark", folder / "matrix.toml", "--out", folder / "out")
    return folder / "out"


def test_a_task_of_numbers_is_shown_and_ranked_by_scores_of_numbers(of_numbers: Path) -> None:
    page = (of_numbers / "leaderboard.html").read_text()
    assert "Ranked by Spearman" in page
    assert "AUROC" not in page
    for head in ("Mean absolute error", "Root mean squared error", "R²"):
        assert f">{head}</th>" in page
    config = read_matrix(of_numbers.parent / "matrix.toml")
    columns, _ = table(config, of_numbers.parent, of_numbers)
    assert {"unit_spearman", "unit_mae", "unit_rmse", "unit_r2"} <= set(columns)
    assert "auroc" not in columns
    compared = (of_numbers / "comparisons.tsv").read_text()
    assert "auroc" not in compared
    rows = [line.split("\t") for line in compared.splitlines()]
    of_patients = [dict(zip(rows[0], row, strict=True)) for row in rows[1:] if "patient" in row]
    assert {row["metric"] for row in of_patients} == {"unit_mae", "unit_spearman"}
    assert {(row["n"], row["subjects"]) for row in of_patients} == {("2", "2")}
    shown = {row["encoder"]: row["unit_mae"] for row in results(of_numbers) if row["seed"] == 0}
    more = {row["encoder"]: row["unit_mae"] for row in results(of_numbers) if row["seed"] == 1}
    gap = next(r for r in of_patients if (r["system"], r["metric"]) == ("majority", "unit_mae"))
    ours, theirs = ((shown[name] + more[name]) / 2 for name in ("majority", "pretrained"))
    assert float(gap["difference"]) == pytest.approx(ours - theirs, abs=1e-4)


@pytest.mark.slow
def test_recordings_of_one_class_are_compared_by_the_score_of_all(
    tiny: Pipeline, tmp_path: Path
) -> None:
    """One recording of each subject has a seizure."""
    text = MATRIX.format(root=tiny.root, seeds="[0]").replace("steps = 6", "steps = 3")
    text = text.replace("seizure-detection", "own.toml").replace("[tasks.seizure]", "[tasks.own]")
    labels = {
        f"sub-{k:02d}/eeg/sub-{k:02d}_run-{run}_eeg.edf": ("calm", "ill")[run % 2]
        for k in range(SUBJECTS)
        for run in (1, 2)
    }
    (tmp_path / "labels.tsv").write_text(
        "\n".join(["recording\tlabel", *(f"{name}\t{label}" for name, label in labels.items())])
    )
    (tmp_path / "own.toml").write_text(
        'name = "own"\nwindow_s = 4.0\nlabels = "table"\ntable = "labels.tsv"\n'
        'classes = ["calm", "ill"]\nunit = "recording"\n'
    )
    (tmp_path / "matrix.toml").write_text(text)
    done("benchmark", tmp_path / "matrix.toml", "--out", tmp_path / "out")
    lines = (tmp_path / "out/comparisons.tsv").read_text().splitlines()
    heads = lines[0].split("\t")
    rows = [dict(zip(heads, line.split("\t"), strict=True)) for line in lines[1:]]
    of_units = {row["system"]: row for row in rows if row["metric"] == "unit_auroc"}
    scores = {row["encoder"]: row["unit_auroc"] for row in results(tmp_path / "out")}
    assert len(of_units) == 2
    for system, row in of_units.items():
        assert (row["unit"], row["n"], row["subjects"]) == ("recording", "4", "2")
        gap = scores[system.removesuffix(" probe")] - scores["pretrained"]
        assert float(row["difference"]) == pytest.approx(gap, abs=1e-4)
        assert row["p"] != "n/a"


def test_baselines_say_numbers_as_every_system_does(of_numbers: Path) -> None:
    rows = {row["encoder"]: row for row in results(of_numbers) if row["seed"] == 0}
    assert set(rows) == {"majority", "band-power-summary", "pretrained", "random-init"}
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
    lost = [row for row in results(out) if row["encoder"] == "band-power-summary"]
    assert [row["auroc"] for row in lost] == [None]
    assert "is about seconds" in lost[0]["not_run"]
    assert all(row["not_run"] == "" for row in results(out) if row not in lost)
    page = (out / "leaderboard.html").read_text()
    assert page.count("not run: task seizure-detection-seconds is about seconds") == 1
    warnings = manifest_of(out)["facts"]["warnings"]
    assert len([w for w in warnings if "band-power-summary" in w]) == 1


@pytest.mark.slow
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
        json.loads((folds / f"{where}/{SCORES}").read_text())["windows"]["auroc"]
        for k in (0, 1)
        for where in (
            f"band-power-summary/baseline/seed0/fold{k}",
            f"random-init/probe/seed0/fold{k}/evaluation",
        )
    ]
    gaps = [said[0] - said[1], said[2] - said[3]]
    assert float(rows[0]["difference"]) == pytest.approx(sum(gaps) / 2, abs=1e-4)
    page = (tmp_path / "out/leaderboard.html").read_text()
    assert "folds are compared in place of subjects" in page
    assert "fold by fold" in page

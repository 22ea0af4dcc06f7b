"""One command trains and scores every fold; each subject is tested once, by a model apart."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, Ran, done, eegssl, manifest_of, stamps_of

from eegssl.artifacts.atomic import canonical_json
from eegssl.artifacts.manifest import PLAN
from eegssl.artifacts.reading import read_manifest
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.table import read_table


def call(tiny: Pipeline, out: Path, folds: object, *more: object) -> list[object]:
    return [
        *("finetune", tiny.recordings, "--encoder", tiny.encoder, "--task", "seizure-detection"),
        *("--config", tiny.settings, "--folds", folds, "--out", out, "--set"),
        *("encoder_weights=random", "--set", "training.steps=4", *more),
    ]


@pytest.fixture(scope="module")
def made(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("folds") / "cv"
    done(*call(tiny, out, 4))
    return out


def test_check_finds_all_of_it_sound(made: Path) -> None:
    assert done("check", made)["problems"] == []
    assert eegssl("check", made / "folds" / "fold0" / "model").code == 0


def test_every_subject_is_tested_once_by_a_model_that_never_saw_it(
    made: Path, tiny: Pipeline
) -> None:
    people = {
        row["subject"] for row in pq.read_table(tiny.recordings / "recordings.parquet").to_pylist()
    }
    tested: list[str] = []
    for k in range(4):
        fold = made / f"folds/fold{k}"
        fitted = set(manifest_of(fold / "model")["fitted_on"]["subjects"])
        mine = set(read_table(fold / "evaluation/predictions.parquet", Predictions).subject)
        assert not mine & fitted
        assert mine | fitted == people
        tested += sorted(mine)
    assert sorted(tested) == sorted(people)
    assert set(read_table(made / "predictions.parquet", Predictions).subject) == people


def test_pooled_scores_take_each_fold_at_its_own_threshold(made: Path) -> None:
    table = read_table(made / "predictions.parquet", Predictions)
    assert table.thresholds is not None
    right = total = 0
    for k in range(4):
        fold = made / f"folds/fold{k}"
        one = read_table(fold / "evaluation/predictions.parquet", Predictions)
        threshold = json.loads((fold / "model/threshold.json").read_text())["value"]
        mine = one.truth == 1
        right += int((one.probabilities[mine, 1] >= threshold).sum())
        total += int(mine.sum())
    windows = json.loads((made / "metrics.json").read_text())["windows"]
    assert windows["sensitivity"] == pytest.approx(right / total)
    assert "threshold of its fold" in windows["decision"]
    assert windows["n"] == len(table.truth)


def test_pooled_predictions_are_scored_again_to_the_same_numbers(
    made: Path, tmp_path: Path
) -> None:
    done("evaluate", "--rescore", made, "--out", tmp_path / "again")
    assert (tmp_path / "again/metrics.json").read_bytes() == (made / "metrics.json").read_bytes()


def test_a_finished_fold_is_not_made_again(made: Path, tiny: Pipeline) -> None:
    plan = read_manifest(made).plan()
    (made / PLAN).write_text(canonical_json(plan))  # as after a kill
    whole = (made / "manifest.json").read_bytes()
    (made / "manifest.json").unlink()
    metrics = (made / "metrics.json").read_bytes()
    before = stamps_of(made / "folds/fold0")
    document = done(*call(tiny, made, 4))
    assert document["state"] in ("made", "resumed")
    assert stamps_of(made / "folds/fold0") == before
    assert (made / "metrics.json").read_bytes() == metrics
    assert (made / "manifest.json").read_bytes() == whole


def test_other_settings_are_refused_and_nothing_is_lost(made: Path, tiny: Pipeline) -> None:
    whole = (made / "manifest.json").read_bytes()
    ran = eegssl(*call(tiny, made, 4, "--set", "training.steps=5"))
    assert ran.code == 2
    assert (made / "manifest.json").read_bytes() == whole


def test_a_fold_that_is_none_is_refused(tiny: Pipeline, tmp_path: Path) -> None:
    words = call(tiny, tmp_path / "model", 4, "--set", "cross.folds=3", "--set", "cross.fold=3")
    ran = eegssl(*(w for w in words if w not in ("--folds", 4)))
    assert ran.code == 2
    assert "fold 3 is none of 3" in ran.err


@pytest.mark.slow
def test_an_encoder_that_has_seen_the_tested_subjects_is_refused_before_anything_is_trained(
    tiny: Pipeline, tmp_path: Path
) -> None:
    out = tmp_path / "cv"
    ran: Ran = eegssl(*call(tiny, out, 4, "--set", "encoder_weights=pretrained"))
    assert ran.code == 4
    assert "fitted on what a fold tests" in " ".join(ran.err.split())
    assert "--adapt scratch" in " ".join(ran.err.split())
    assert not out.exists()
    facts: dict[str, Any] = done(
        *call(tiny, out, 4, "--set", "encoder_weights=pretrained", "--allow-leak")
    )["facts"]
    assert facts["leaks"]
    assert "was allowed to be" in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("folds", "code", "said"),
    [
        ("9", 3, "8 subject(s) can't make 9 folds"),
        ("1", 3, "expected from 2 to 8 folds"),
        ("many", 2, "expected a number, or loso"),
    ],
)
def test_folds_that_can_not_be_made_are_refused(
    folds: str, code: int, said: str, tiny: Pipeline, tmp_path: Path
) -> None:
    ran = eegssl(*call(tiny, tmp_path / "cv", folds))
    assert ran.code == code
    assert said in " ".join(ran.err.split())
    assert not (tmp_path / "cv").exists()

"""Outcomes of patients by commands: what is found, what lies on the disk, what is refused."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of, stamps_of
from leakedwords import contents, spoken
from resigned import sign_files, with_fact
from syntheticcohort import PATIENTS, Cohort, edited, made_cohort

from eegssl.artifacts.context import Context
from eegssl.config.stages import EvaluateConfig
from eegssl.stages import rescore
from eegssl.tasks.patients.left_out import PatientPredictions
from eegssl.tasks.table import read_table

NAMES = ("Haagse", "ses-", "participants", "moeder")


@pytest.fixture(scope="module")
def asm(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return made_cohort("asm", tmp_path_factory.mktemp("asm"))


@pytest.fixture(scope="module")
def rftc(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return made_cohort("rftc", tmp_path_factory.mktemp("rftc"))


@pytest.fixture(scope="module")
def asm_result(asm: Cohort, tiny: Pipeline) -> Path:
    out = asm.root / "outcome"
    done(*asm.command(tiny.encoder, out))
    return out


@pytest.fixture(scope="module")
def rftc_result(rftc: Cohort, tiny: Pipeline) -> Path:
    out = rftc.root / "outcome"
    done(*rftc.command(tiny.encoder, out))
    return out


def test_check_finds_it_sound(asm_result: Path, rftc_result: Path) -> None:
    for made in (asm_result, rftc_result):
        assert done("check", made)["problems"] == []


def test_an_analysis_says_nothing_of_a_new_file(
    asm_result: Path, tiny: Pipeline, tmp_path: Path
) -> None:
    ran = eegssl("predict", tiny.edf, "--model", asm_result, "--out", tmp_path / "out")
    assert ran.code == 2
    assert "makes no model that reads a new file" in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        (("scores", "clinical", "auroc"), 1.0),
        (("patients", "good"), 1000),
        (("least_significant_auroc",), 0.5),
        (("told_by",), {"Ada Miller": 1}),
    ],
)
def test_facts_that_are_not_of_the_scores_are_refused(
    asm_result: Path, tmp_path: Path, fact: tuple[str, ...], value: object
) -> None:
    checked = eegssl("check", with_fact(asm_result, tmp_path / "bad", fact, value))
    assert checked.code == 4
    assert f"facts.{fact[0]} are not those of its scores" in checked.err


def test_scores_that_are_none_are_refused(asm_result: Path, tmp_path: Path) -> None:
    bad = Path(shutil.copytree(asm_result, tmp_path / "bad"))
    (bad / "metrics.json").write_text("{}")
    sign_files(bad)
    checked = eegssl("check", bad)
    assert checked.code == 4
    assert "metrics.json was edited or damaged: a score is missing" in checked.err


def scores(out: Path) -> dict:
    return json.loads((out / "metrics.json").read_text())["inputs"]


def interval(one: dict) -> tuple[float, float]:
    found = one["intervals"]["auroc"]["permutation"]
    return found["low"], found["high"]


def test_a_planted_effect_is_found_from_the_eeg_before_treatment(asm_result: Path) -> None:
    found = scores(asm_result)
    assert list(found) == ["band power", "clinical", "combined", "eeg"]
    for name in ("band power", "eeg"):
        assert found[name]["scores"]["auroc"] > 0.8
        assert interval(found[name])[0] > 0.5
        assert found[name]["p"] <= 0.05
    low, high = interval(found["clinical"])
    assert low < 0.5 < high


def test_a_planted_change_is_found_from_recordings_before_and_after(rftc_result: Path) -> None:
    found = scores(rftc_result)
    assert set(found) == {"clinical", "band power", "before", "after", "difference", "combined"}
    for name in ("band power", "difference"):
        assert interval(found[name])[0] > 0.5
        assert found[name]["scores"]["auroc"] > found["before"]["scores"]["auroc"] + 0.25
    low, high = interval(found["before"])
    assert low < 0.5 < high


@pytest.mark.usefixtures("undrawn")
def test_with_nothing_planted_the_interval_holds_half(
    asm: Cohort, tiny: Pipeline, tmp_path: Path
) -> None:
    """The same EEG under outcomes by lot."""
    words = np.random.default_rng(1).permutation(["yes", "no"] * (PATIENTS // 2)).tolist()

    def by_lot(k: int, row: dict[str, str]) -> None:
        row["responder"] = words[k]
        row["seizures_per_month_after"] = row["seizure_free_months"] = "n/a"

    table = edited(asm, tmp_path / "table.tsv", by_lot)
    done(*asm.command(tiny.encoder, tmp_path / "out", table=table))
    for one in scores(tmp_path / "out").values():
        low, high = interval(one)
        assert low < 0.5 < high
        assert one["p"] > 0.025


def test_what_lies_on_the_disk(asm_result: Path) -> None:
    manifest = manifest_of(asm_result)
    assert manifest["kind"] == "crossvalidation"
    facts = manifest["facts"]
    assert facts["patients"] == {"good": 7, "poor": 7, "left_out": {}}
    assert facts["follow_up"]["known"] == PATIENTS
    assert facts["synthetic"]
    assert manifest["config"]["task"]["table"] == "(private)"
    table = pq.read_table(asm_result / "predictions.parquet")
    assert len(table) == 4 * 2 * PATIENTS
    assert table.schema.names == [
        *("input", "repeat", "subject", "fold", "truth", "logit", "probability")
    ]
    found = read_table(asm_result / "predictions.parquet", PatientPredictions)
    assert all(re.fullmatch(r"s-[0-9a-f]{12}", name) for name in found.patients)
    assert found.inputs["eeg"].logits.shape == (2, PATIENTS)
    assert found.inputs["eeg"].null.shape == (50,)
    for folds in found.inputs["eeg"].folds:
        assert set(folds) == set(range(5))


def test_the_page_says_what_so_few_patients_can_not_show(asm_result: Path) -> None:
    page = (asm_result / "report.html").read_text()
    for words in (
        *("14 patients (7 of good, 7 of poor outcome)", "Gain over clinical", "band power"),
        *("Synthetic data", "Calibration", "Research use only", "50 permutations"),
    ):
        assert words in page
    assert "http:" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)


def test_nothing_names_a_person_or_a_place(
    asm_result: Path, rftc_result: Path, asm: Cohort
) -> None:
    for out in (asm_result, rftc_result):
        files = [p for p in out.rglob("*") if p.is_file()]
        assert len(files) == 4
        for path in files:
            for data in contents(path):
                assert spoken(data, (*NAMES, str(asm.root), "/tmp/")) == [], path.name


def test_nothing_printed_names_a_person(asm: Cohort, tiny: Pipeline, tmp_path: Path) -> None:
    def double(k: int, row: dict[str, str]) -> None:
        row["responder"] = "moeder" if k == 2 else row["responder"]

    table = edited(asm, tmp_path / "table.tsv", double)
    ran = eegssl(*asm.command(tiny.encoder, tmp_path / "out", table=table))
    assert ran.code == 3
    assert spoken((ran.out + ran.err).encode(), ("Haagse", "moeder", "sub-")) == []


def test_the_same_again_is_the_same_bytes_and_a_rerun_does_nothing(
    asm: Cohort, asm_result: Path, tiny: Pipeline, tmp_path: Path
) -> None:
    done(*asm.command(tiny.encoder, tmp_path / "again"))
    assert files_of(tmp_path / "again") == files_of(asm_result)
    before = stamps_of(asm_result)
    assert done(*asm.command(tiny.encoder, asm_result))["state"] == "already made"
    assert stamps_of(asm_result) == before


def test_another_table_is_another_result(asm: Cohort, asm_result: Path, tiny: Pipeline) -> None:
    table = edited(asm, asm.root / "other.tsv", lambda k, row: row.update(age="30"))
    ran = eegssl(*asm.command(tiny.encoder, asm_result, table=table))
    assert ran.code in (2, 4)


@pytest.mark.usefixtures("undrawn")
def test_attention_and_random_weights_run_too(rftc: Cohort, tiny: Pipeline, tmp_path: Path) -> None:
    more = [
        *("--set", "task.analysis.pooling=attention", "--set", "encoder_weights=random"),
        *("--set", "task.analysis.attention_permutations=2", "--folds", 4),
    ]
    facts = done(*rftc.command(tiny.encoder, tmp_path / "out", *more))["facts"]
    assert facts["pooling"] == "attention"
    assert facts["encoder_weights"] == "random"
    found = read_table(tmp_path / "out" / "predictions.parquet", PatientPredictions)
    assert set(found.inputs["difference"].folds[0]) == {0, 1, 2, 3}
    assert "Random encoder" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_patients_who_can_not_be_used_are_left_out_and_counted(
    rftc: Cohort, tiny: Pipeline, tmp_path: Path
) -> None:
    def change(k: int, row: dict[str, str]) -> None:
        if k == 0:
            row["follow_up_months"] = "n/a"
        if k == 1:
            row["participant_id"] = "sub-Haagse99"

    table = edited(rftc, tmp_path / "table.tsv", change)
    more = ("--set", "task.outcome.least_follow_up_months=6")
    facts = done(*rftc.command(tiny.encoder, tmp_path / "out", *more, table=table))["facts"]
    assert facts["patients"]["left_out"] == {
        "follow-up unknown": 1,
        "no EEG, or not of every session": 1,
    }
    unnamed, unusable = (
        "of subjects that the table of patients does not name",
        "of patients without a usable outcome",
    )
    assert facts["recordings_set_aside"] == {unnamed: 2, unusable: 2}
    assert facts["recordings_set_aside_of_patients"] == {unnamed: 1, unusable: 1}
    assert facts["patients"]["good"] + facts["patients"]["poor"] == 12
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["set_aside_of_patients"] == {unnamed: 1, unusable: 1}
    page = (tmp_path / "out" / "report.html").read_text()
    row = f"<dt>2 recordings of 1 patients</dt>\n<dd>O{unnamed[1:]}</dd>"
    assert row in page


@pytest.mark.usefixtures("undrawn")
def test_metrics_and_page_say_what_told_the_outcomes(
    asm: Cohort, asm_result: Path, tiny: Pipeline, tmp_path: Path
) -> None:
    both = "responder and numbers of seizures"
    assert manifest_of(asm_result)["facts"]["told_by"] == {both: PATIENTS}

    def change(k: int, row: dict[str, str]) -> None:
        if k < 3:
            row["responder"] = "n/a"
        elif k < 5:
            row["seizures_per_month_after"] = row["seizure_free_months"] = "n/a"
        elif k == 5:
            row["participant_id"] = "sub-Haagse99"

    table = edited(asm, tmp_path / "table.tsv", change)
    done(*asm.command(tiny.encoder, tmp_path / "out", table=table))
    told = json.loads((tmp_path / "out" / "metrics.json").read_text())["told_by"]
    assert told == {"numbers of seizures": 3, "responder": 2, both: PATIENTS - 6}
    page = (tmp_path / "out" / "report.html").read_text()
    assert f"3 by numbers of seizures, 2 by responder, {PATIENTS - 6} by {both}" in page


@pytest.mark.usefixtures("undrawn")
def test_sessions_may_stand_in_a_table_of_the_users(
    rftc: Cohort, rftc_result: Path, tiny: Pipeline, tmp_path: Path
) -> None:
    edf = rftc.root / "edf"
    names = [p.relative_to(edf).as_posix() for p in sorted(edf.rglob("*.edf"))]
    said = ["pre" if "ses-before" in name else "post" for name in names]
    path = tmp_path / "sessions.tsv"
    lines = [f"{name}\t{session}" for name, session in zip(names, said, strict=True)]
    path.write_text("\n".join(["recording\tsession", *lines]) + "\n")
    more = [
        *("--set", f"task.sessions_table={path}", "--set", 'task.sessions=["pre", "post"]'),
    ]
    done(*rftc.command(tiny.encoder, tmp_path / "out", *more))
    a, b = (
        read_table(o / "predictions.parquet", PatientPredictions)
        for o in (tmp_path / "out", rftc_result)
    )
    np.testing.assert_array_equal(a.inputs["difference"].logits, b.inputs["difference"].logits)
    path.write_text("\n".join(["recording\tsession", *lines[1:]]) + "\n")
    ran = eegssl(*rftc.command(tiny.encoder, tmp_path / "less", *more))
    assert ran.code == 3
    assert "1 of 28 recordings have no session" in ran.err


def test_scores_and_page_follow_from_the_table_alone(asm_result: Path, tmp_path: Path) -> None:
    run = Context(tmp_path / "again", seed=5)
    rescore.run(EvaluateConfig(), asm_result / "predictions.parquet", run)
    for name in ("metrics.json", "predictions.parquet"):
        assert (tmp_path / "again" / name).read_bytes() == (asm_result / name).read_bytes()
    warned, again = ((o / "report.html").read_text() for o in (asm_result, tmp_path / "again"))
    assert again == _without_warnings(warned) != warned  # electrodes that the encoder never saw


def _without_warnings(html: str) -> str:
    """A page without what the run that made it warned of, which no table holds."""
    html = re.sub(
        r'\n<section id="[^"]*-what-this-run-warned-of">.*?</section>', "", html, flags=re.S
    )
    return re.sub(r'<li><a href="#[^"]*-what-this-run-warned-of">.*?</li>\n', "", html)


def test_info_says_who_is_there_and_what_is_missing(rftc: Cohort, tmp_path: Path) -> None:
    task = tmp_path / "task.toml"
    lines = ['kind = "patients"', 'name = "t"', 'design = "paired"', f'table = "{rftc.table}"']
    task.write_text("\n".join([*lines, "[outcome]", 'label = "outcome"']) + "\n")
    said = done("info", "--task", task, rftc.recordings)
    assert said["splits"]["all patients"]["patients"] == {"good": 7, "poor": 7}
    assert said["missing"] == []
    task.write_text(task.read_text().replace("[outcome]", 'sessions = ["1", "2"]\n[outcome]'))
    ran = eegssl("info", "--task", task, rftc.recordings)
    assert ran.code == 3
    assert "no recording is of the session '1'" in " ".join(ran.err.split())


def test_there_is_no_model_to_evaluate(asm: Cohort, asm_result: Path, tmp_path: Path) -> None:
    ran = eegssl("evaluate", asm_result, asm.recordings, "--out", tmp_path / "out")
    assert ran.code == 4

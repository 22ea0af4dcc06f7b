"""What outcomes of patients promise, from EDF files and a table to a report."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl
from downstream import NAMES, PATIENTS, RATE_HZ, preprocess, sets, table_of, theta
from patientcohort import (
    SUBJECTS,
    Analyse,
    N,
    analysis_of,
    inputs_of,
    plain_rows,
    refused,
    write_cohort,
)
from slowparams import slow_except

from eegssl.io.edf.edf_writer import write_edf


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A cohort with an effect, one without, and one of before and after."""
    root = tmp_path_factory.mktemp("patients")
    for name, effect, sessions in (
        ("planted", 1.0, ("01",)),
        ("nothing", 0.0, ("01",)),
        ("paired", 2.0, ("before", "after")),
    ):
        preprocess(write_cohort(root / "edf" / name, effect, sessions), root / name, "zero")
    return {name: root / name for name in ("planted", "nothing", "paired")}


@pytest.fixture
def analyse(tiny: Pipeline, recordings: dict[str, Path], tmp_path: Path) -> Analyse:
    """Analyse a cohort with these rows, or this text, of ``participants.tsv``."""
    return analysis_of(tiny, recordings, tmp_path)


@pytest.fixture(scope="module")
def made(
    tiny: Pipeline, recordings: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The analysis of each cohort with many permutations."""
    root = tmp_path_factory.mktemp("analyses")
    more = {"analysis.permutations": 40}
    for which, folder in recordings.items():
        paired = which == "paired"
        table = root / f"{which}.tsv"
        table.write_text(table_of(plain_rows("outcome" if paired else "responder")))
        task = "rftc-outcome" if paired else "asm-efficacy"
        words = ["finetune", folder, "--encoder", tiny.encoder, "--task", task]
        done(
            *words, "--out", root / which, *sets(PATIENTS | {"table": table, "window_s": 4} | more)
        )
    return {which: root / which for which in recordings}


@pytest.mark.slow
def test_an_effect_between_patients_is_found(made: dict[str, Path]) -> None:
    found = inputs_of(made["planted"])["band power"]
    assert found["scores"]["auroc"] > 0.85
    assert found["p"] < 0.05


def test_where_nothing_is_planted_nothing_is_found(made: dict[str, Path]) -> None:
    for name, found in inputs_of(made["nothing"]).items():
        assert found["p"] > 0.02, name
        interval = found["intervals"]["auroc"]["bca"]
        assert interval["low"] < 0.5 or interval["low"] is None, name


def test_a_change_between_before_and_after_is_found_in_the_difference_and_after(
    made: dict[str, Path],
) -> None:
    inputs = inputs_of(made["paired"])
    assert {"before", "after", "difference", "clinical", "combined"} <= set(inputs)
    auroc = {name: found["scores"]["auroc"] for name, found in inputs.items()}
    for name in ("after", "difference", "band power"):
        assert auroc[name] > max(0.9, auroc["before"] + 0.2), name
        assert inputs[name]["p"] < 0.05, name
    assert inputs["before"]["p"] > 0.05


def test_clinical_data_alone_eeg_alone_and_both_stand_beside_one_another(
    made: dict[str, Path],
) -> None:
    assert {"clinical", "eeg", "combined", "band power"} <= set(inputs_of(made["planted"]))


def test_each_patient_counts_once(made: dict[str, Path]) -> None:
    """One row a patient, input and repeat: no window has a prediction of its own."""
    rows = pq.read_table(made["planted"] / "predictions.parquet").to_pylist()
    seen = [(r["input"], r["repeat"], r["subject"]) for r in rows]
    assert len(seen) == len(set(seen))
    assert len({r["subject"] for r in rows}) == N
    assert len(rows) == N * 2 * len(inputs_of(made["planted"]))


def test_a_small_cohort_says_what_it_cannot_show(made: dict[str, Path]) -> None:
    limits = json.loads((made["planted"] / "metrics.json").read_text())["limits"]
    assert 0.5 < limits["least_significant"] < limits["least_detectable"] < 1
    page = (made["planted"] / "report.html").read_text()
    assert limits["words"][0].split(":")[0] in page


def test_before_without_after_is_left_out_and_counted(tiny: Pipeline, tmp_path: Path) -> None:
    edf = write_cohort(tmp_path / "edf", 0.0, ("before", "after"))
    next((edf / SUBJECTS[0] / "ses-after").rglob("*.edf")).unlink()
    preprocess(edf, tmp_path / "recordings", "zero")
    table = tmp_path / "participants.tsv"
    table.write_text(table_of(plain_rows("outcome")))
    words = ["finetune", tmp_path / "recordings", "--encoder", tiny.encoder]
    words += ["--task", "rftc-outcome", "--out", tmp_path / "out"]
    ran = eegssl(*words, *sets(PATIENTS | {"table": table, "window_s": 4}), "--json")
    assert ran.code == 0, ran
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["counts"]["Patients"] == N - 1
    assert metrics["left_out"], "nobody says that a patient was left out"


def test_a_cohort_without_after_is_refused(tiny: Pipeline, analyse: Analyse) -> None:
    """asm's recordings for a question of before and after."""
    ran = analyse("nothing", plain_rows("outcome"), "--task", "rftc-outcome")
    refused(ran, (2, 3), "before")


@pytest.mark.parametrize("pooling", slow_except(["mean", "quantiles", "attention"], "quantiles"))
def test_every_pooling_makes_an_analysis(analyse: Analyse, pooling: str) -> None:
    ran = analyse("nothing", plain_rows(), "--json", analysis__pooling=pooling)
    assert ran.code == 0, ran


@pytest.mark.slow  # quick: with attention in test_patient_tasks.py
def test_random_weights_are_a_control(analyse: Analyse) -> None:
    ran = analyse("nothing", plain_rows(), "--json", "--set", "encoder_weights=random")
    assert ran.code == 0, ran
    assert ran.document["facts"]["encoder_weights"] == "random"


def test_an_inner_layer_of_the_encoder_is_read_and_named(analyse: Analyse, tmp_path: Path) -> None:
    for layer in ("0", "last"):
        ran = analyse("nothing", plain_rows(), "--set", f"adaptation.layer={layer}", out=layer)
        assert ran.code == 0, ran
    inner, last = (tmp_path / name / "predictions.parquet" for name in ("0", "last"))
    assert "read below its first block" in (inner.parent / "report.html").read_text()
    assert pq.read_table(inner).to_pylist() != pq.read_table(last).to_pylist()


def test_an_encoder_that_saw_the_patients_is_refused_or_marked(
    tiny: Pipeline, tmp_path: Path
) -> None:
    """The people of the tiny corpus, who shaped its encoder."""
    rows = {f"sub-{k:02d}": {"responder": ("yes", "no")[k % 2]} for k in range(8)}
    table = tmp_path / "participants.tsv"
    extra = {f"sub-{k}": {"responder": ("yes", "no")[k % 2]} for k in range(70, 76)}
    edf = tmp_path / "edf"
    for k in (*range(8), *range(70, 76)):
        folder = edf / (f"sub-{k:02d}") / "eeg"
        folder.mkdir(parents=True)
        labels = [f"EEG {n.upper()}-REF" for n in NAMES]
        write_edf(folder / "x_eeg.edf", theta(k, False, 0), labels, RATE_HZ)
    preprocess(edf, tmp_path / "recordings", "zero")
    table.write_text(table_of(rows | extra))
    words = ["finetune", tmp_path / "recordings", "--encoder", tiny.encoder]
    words += ["--task", "asm-efficacy", *sets(PATIENTS | {"table": table, "window_s": 4})]
    refused(eegssl(*words, "--out", tmp_path / "a"), (4,), "--allow-leak")
    ran = eegssl(*words, "--out", tmp_path / "b", "--allow-leak", "--json")
    assert ran.code == 0, ran
    assert ran.document["facts"]["leaks"]
    plain = json.loads((tmp_path / "b" / "metrics.json").read_text())
    assert plain["leaks"]
    assert "Leak" in (tmp_path / "b" / "report.html").read_text()


def test_the_order_of_channels_changes_no_prediction(
    tiny: Pipeline, recordings: dict[str, Path], analyse: Analyse, tmp_path: Path
) -> None:
    order = [2, 0, 1]
    edf = tmp_path / "edf"
    for s in SUBJECTS:
        k, folder = int(s[4:]), edf / s / "ses-01" / "eeg"
        folder.mkdir(parents=True)
        labels = [f"EEG {NAMES[i].upper()}-REF" for i in order]
        path = folder / f"{s}_ses-01_eeg.edf"
        signal = theta(2 * k, False, 0.0)[order]
        write_edf(path, signal, labels, RATE_HZ, physical_max_uv=3000.0)
    preprocess(edf, tmp_path / "permuted", "zero")
    assert analyse("nothing", plain_rows(), out="a").code == 0
    table = tmp_path / "participants.tsv"
    words = ["finetune", tmp_path / "permuted", "--encoder", tiny.encoder]
    words += ["--task", "asm-efficacy", "--out", tmp_path / "b"]
    done(*words, *sets(PATIENTS | {"table": table, "window_s": 4}))
    a, b = (pq.read_table(tmp_path / n / "predictions.parquet").to_pydict() for n in "ab")
    assert a["subject"] == b["subject"]
    assert np.allclose(a["probability"], b["probability"], atol=1e-4)

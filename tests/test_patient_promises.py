"""What outcomes of patients promise, from EDF files and ``participants.tsv`` to a report."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, Ran, done, eegssl, files_of
from downstream import NAMES, PATIENTS, RATE_HZ, preprocess, sets, table_of, theta
from downstream import refused as refused_plainly

from eegssl.io.edf_writer import write_edf

N = 14
SUBJECTS = tuple(f"sub-{k}" for k in range(70, 70 + N))
Rows = dict[str, dict[str, object]]


def good(k: int) -> bool:
    return k % 2 == 0


def plain_rows(label: str = "responder") -> Rows:
    """Every patient with an outcome that says nothing of age or of earlier seizures."""
    words = ("yes", "no") if label == "responder" else ("good", "poor")
    return {s: {label: words[not good(int(s[4:]))]} for s in SUBJECTS}


def write_cohort(root: Path, effect: float, sessions: tuple[str, ...] = ("01",)) -> Path:
    """Theta that is larger in those who fare well, in the last session only."""
    for s in SUBJECTS:
        k = int(s[4:])
        for j, session in enumerate(sessions):
            folder = root / s / f"ses-{session}" / "eeg"
            folder.mkdir(parents=True)
            signal = theta(2 * k + j, good(k) and session == sessions[-1], effect)
            labels = [f"EEG {n.upper()}-REF" for n in NAMES]
            path = folder / f"{s}_ses-{session}_eeg.edf"
            write_edf(path, signal, labels, RATE_HZ, physical_max_uv=3000.0)
    return root


Analyse = Callable[..., Ran]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A cohort with an effect, one without, and one of before and after."""
    root = tmp_path_factory.mktemp("patients")
    for name, effect, sessions in (
        ("planted", 1.0, ("01",)),
        ("nothing", 0.0, ("01",)),
        ("paired", 1.0, ("before", "after")),
    ):
        preprocess(write_cohort(root / "edf" / name, effect, sessions), root / name, "zero")
    return {name: root / name for name in ("planted", "nothing", "paired")}


@pytest.fixture
def analyse(tiny: Pipeline, recordings: dict[str, Path], tmp_path: Path) -> Analyse:
    """Analyse a cohort with these rows, or this text, of ``participants.tsv``."""

    def run(which: str, rows: Rows | str, *more: object, out: str = "out", **settings: Any) -> Ran:
        table = tmp_path / "participants.tsv"
        table.write_bytes((rows if isinstance(rows, str) else table_of(rows)).encode())
        task = "rftc-outcome" if which == "paired" else "asm-efficacy"
        chosen = PATIENTS | {"table": table, "window_s": 4}
        chosen |= {k.replace("__", "."): v for k, v in settings.items()}
        words = ["finetune", recordings[which], "--encoder", tiny.encoder, "--task", task]
        return eegssl(*words, "--out", tmp_path / out, *sets(chosen), *more)

    return run


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


def inputs_of(folder: Path) -> dict[str, Any]:
    inputs = json.loads((folder / "metrics.json").read_text())["inputs"]
    assert isinstance(inputs, dict)
    return inputs


def refused(ran: Ran, codes: tuple[int, ...], *words: str) -> None:
    """One message with these words, and without a name."""
    refused_plainly(ran, codes, *words)
    assert not [s for s in SUBJECTS if s in ran.err], "a name on the terminal"


def counted(folder: Path, patients: int) -> None:
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["counts"]["Patients"] == patients


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
    assert abs(inputs["before"]["scores"]["auroc"] - 0.5) < 0.5


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


def test_twelve_patients_are_enough_and_eleven_are_not(analyse: Analyse) -> None:
    rows = plain_rows()
    twelve = {s: rows[s] for s in SUBJECTS[:12]}
    ran = analyse("nothing", twelve | {s: {} for s in SUBJECTS[12:]}, "--json")
    assert ran.code == 0, ran
    report = json.dumps(ran.document) + ran.err
    assert "12" in report
    eleven = {s: rows[s] for s in SUBJECTS[:11]}
    refused(analyse("nothing", eleven | {s: {} for s in SUBJECTS[11:]}, out="b"), (3,), "12")


def test_a_small_cohort_says_what_it_cannot_show(made: dict[str, Path]) -> None:
    limits = json.loads((made["planted"] / "metrics.json").read_text())["limits"]
    assert 0.5 < limits["least_significant"] < limits["least_detectable"] < 1
    page = (made["planted"] / "report.html").read_text()
    assert limits["words"][0].split(":")[0] in page


def test_a_subject_twice_is_refused(analyse: Analyse) -> None:
    text = table_of(plain_rows())
    refused(analyse("nothing", text + text.splitlines()[1] + "\n"), (2, 3), "second")


def test_outcomes_that_contradict_each_other_are_refused(analyse: Analyse) -> None:
    """Said to respond, with as many seizures as before."""
    rows = plain_rows()
    rows[SUBJECTS[0]] |= {"seizures_per_month": 4, "seizures_per_month_after": 5}
    rows[SUBJECTS[0]] |= {"seizure_free_months": 0}
    refused(analyse("nothing", rows), (2, 3))


def test_an_outcome_of_other_words_is_refused(analyse: Analyse) -> None:
    rows = plain_rows()
    rows[SUBJECTS[0]]["responder"] = "Engel Ia"
    ran = analyse("nothing", rows)
    refused(ran, (2, 3), "responder")


def test_patients_missing_from_the_table_are_counted(analyse: Analyse, tmp_path: Path) -> None:
    rows = plain_rows()
    del rows[SUBJECTS[0]]
    ran = analyse("nothing", rows, "--json")
    assert ran.code == 0, ran
    counted(tmp_path / "out", N - 1)
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["left_out"] or metrics["set_aside"]


def test_patients_of_whom_there_is_no_eeg_are_counted(analyse: Analyse, tmp_path: Path) -> None:
    rows = plain_rows() | {"sub-99": {"responder": "yes"}}
    ran = analyse("nothing", rows, "--json")
    assert ran.code == 0, ran
    counted(tmp_path / "out", N)


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


def test_one_outcome_for_all_is_refused(analyse: Analyse) -> None:
    refused(analyse("nothing", {s: {"responder": "yes"} for s in SUBJECTS}), (3,), "poor")


def test_an_empty_table_and_no_table_are_refused(analyse: Analyse, tmp_path: Path) -> None:
    for k, text in enumerate(("", "participant_id\tresponder\n", "subject\tresponder\nx\tyes\n")):
        refused(analyse("nothing", text, out=f"out{k}"), (2, 3))
    refused(analyse("nothing", plain_rows(), table=tmp_path / "no-such.tsv"), (2, 3, 4))


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_line_ends_of_other_systems_change_nothing(
    analyse: Analyse, tmp_path: Path, ends: str
) -> None:
    first = analyse("nothing", table_of(plain_rows()), out="first")
    other = analyse("nothing", "\ufeff" + table_of(plain_rows(), ends), out="other")
    assert (first.code, other.code) == (0, 0), other
    a, b = (files_of(tmp_path / name) for name in ("first", "other"))
    assert a["predictions.parquet"] == b["predictions.parquet"]


def test_rows_of_the_table_may_stand_in_any_order(analyse: Analyse, tmp_path: Path) -> None:
    plain = enumerate(plain_rows().items())
    own = ({"age": 30 + i, "sex": "FFM"[i % 3], "seizures_per_month": 3 + i % 4} for i in range(N))
    fixed = {s: cells | more for (_, (s, cells)), more in zip(plain, own, strict=True)}
    assert analyse("nothing", fixed, out="a").code == 0
    assert analyse("nothing", dict(reversed(fixed.items())), out="b").code == 0
    a, b = (inputs_of(tmp_path / name) for name in "ab")
    assert a == b


def test_the_outcome_of_a_patient_is_no_part_of_the_clinical_data(analyse: Analyse) -> None:
    for column in ("responder", "seizures_per_month_after", "seizure_free_months"):
        clinical = {"analysis__clinical": f'["age", "{column}"]'}
        ran = analyse("nothing", plain_rows(), analysis__log_columns="[]", **clinical)
        refused(ran, (2, 3), column)


def test_what_a_window_is_worth_is_not_asked(analyse: Analyse) -> None:
    """No setting makes windows the units of a p-value."""
    for setting in ("unit=window", "level=window", "analysis.unit=window"):
        refused(analyse("nothing", plain_rows(), "--set", f"task.{setting}"), (2,))


def test_a_cohort_of_one_sex_goes_through(analyse: Analyse) -> None:
    """A column that is the same for all tells nothing, and is no error of the user's."""
    ran = analyse("nothing", {s: c | {"sex": "F"} for s, c in plain_rows().items()})
    assert ran.code == 0, ran


@pytest.mark.parametrize("pooling", ["mean", "quantiles", "attention"])
def test_every_pooling_makes_an_analysis(analyse: Analyse, pooling: str) -> None:
    ran = analyse("nothing", plain_rows(), "--json", analysis__pooling=pooling)
    assert ran.code == 0, ran


def test_random_weights_are_a_control(analyse: Analyse) -> None:
    ran = analyse("nothing", plain_rows(), "--json", "--set", "encoder_weights=random")
    assert ran.code == 0, ran
    assert ran.document["facts"]["encoder_weights"] == "random"


def test_the_same_seed_gives_the_same_bytes_and_a_rerun_says_so(
    analyse: Analyse, tmp_path: Path
) -> None:
    assert analyse("nothing", plain_rows(), out="a").code == 0
    again = analyse("nothing", plain_rows(), "--json", out="a")
    assert again.document["state"] == "already made"
    assert analyse("nothing", plain_rows(), out="b").code == 0
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def test_another_table_is_no_rerun(analyse: Analyse) -> None:
    assert analyse("nothing", plain_rows()).code == 0
    rows = plain_rows()
    rows[SUBJECTS[0]], rows[SUBJECTS[1]] = rows[SUBJECTS[1]], rows[SUBJECTS[0]]
    refused(analyse("nothing", rows), (2,))


def test_no_name_and_no_cell_of_the_table_leaves(analyse: Analyse, tmp_path: Path) -> None:
    rows = {s: c | {"name": "Wexelmann", "ward": "Steenwyk"} for s, c in plain_rows().items()}
    ran = analyse("nothing", rows)
    assert ran.code == 0, ran
    written = [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    for word in ("Wexelmann", "Steenwyk", *SUBJECTS):
        assert word not in ran.out + ran.err
        assert not [p for p in written if word.encode() in p.read_bytes()]


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

"""What the table of patients may hold, what is refused, and what stays in it."""

import json
from pathlib import Path

import pytest
from clirun import Pipeline, files_of
from downstream import preprocess, table_of
from patientcohort import (
    SUBJECTS,
    Analyse,
    N,
    analysis_of,
    counted,
    inputs_of,
    plain_rows,
    refused,
    write_cohort,
)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A cohort without an effect."""
    root = tmp_path_factory.mktemp("patients")
    return {"nothing": preprocess(write_cohort(root / "edf", 0.0), root / "nothing", "zero")}


@pytest.fixture
def analyse(tiny: Pipeline, recordings: dict[str, Path], tmp_path: Path) -> Analyse:
    """Analyse a cohort with these rows, or this text, of ``participants.tsv``."""
    return analysis_of(tiny, recordings, tmp_path)


def test_twelve_patients_are_enough_and_eleven_are_not(analyse: Analyse) -> None:
    rows = plain_rows()
    twelve = {s: rows[s] for s in SUBJECTS[:12]}
    ran = analyse("nothing", twelve | {s: {} for s in SUBJECTS[12:]}, "--json")
    assert ran.code == 0, ran
    report = json.dumps(ran.document) + ran.err
    assert "12" in report
    eleven = {s: rows[s] for s in SUBJECTS[:11]}
    refused(analyse("nothing", eleven | {s: {} for s in SUBJECTS[11:]}, out="b"), (3,), "12")


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


def test_one_outcome_for_all_is_refused(analyse: Analyse) -> None:
    refused(analyse("nothing", {s: {"responder": "yes"} for s in SUBJECTS}), (3,), "poor")


def test_an_empty_table_and_no_table_are_refused(analyse: Analyse, tmp_path: Path) -> None:
    for k, text in enumerate(("", "participant_id\tresponder\n", "subject\tresponder\nx\tyes\n")):
        refused(analyse("nothing", text, out=f"out{k}"), (2, 3))
    refused(analyse("nothing", plain_rows(), table=tmp_path / "no-such.tsv"), (2, 3, 4))


def test_line_ends_of_other_systems_change_nothing(analyse: Analyse, tmp_path: Path) -> None:
    assert analyse("nothing", table_of(plain_rows()), out="first").code == 0
    first = files_of(tmp_path / "first")
    for name, ends in (("windows", "\r\n"), ("old", "\r")):
        other = analyse("nothing", "\ufeff" + table_of(plain_rows(), ends), out=name)
        assert other.code == 0, other
        assert files_of(tmp_path / name)["predictions.parquet"] == first["predictions.parquet"]


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

"""A task of one recording a patient takes those of one session, and pools no others in silence."""

import json
from pathlib import Path

import numpy as np
import pytest
from clirun import Pipeline, Ran, done, eegssl
from downstream import preprocess, table_of
from patientcohort import SUBJECTS, Analyse, N, analysis_of, plain_rows, refused, write_cohort

from eegssl.tasks.patients.left_out import PatientPredictions
from eegssl.tasks.table import read_table

SESSIONS = ("before", "after")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A cohort of two sessions a patient, and one of a session each."""
    root = tmp_path_factory.mktemp("sessions")
    found = {}
    for name, sessions in (("two", SESSIONS), ("one", ("01",))):
        edf = write_cohort(root / "edf" / name, 0.0, sessions)
        found[name] = preprocess(edf, root / name, "zero")
    return found


@pytest.fixture
def analyse(tiny: Pipeline, recordings: dict[str, Path], tmp_path: Path) -> Analyse:
    """Analyse a cohort by asm-efficacy with these rows of ``participants.tsv``."""
    return analysis_of(tiny, recordings, tmp_path)


def sessions_table(path: Path, more: dict[str, str] | None = None) -> Path:
    """A table of all recordings of two sessions; ``more`` gives some of them others."""
    said = {f"{s}/ses-{e}/eeg/{s}_ses-{e}_eeg.edf": e for s in SUBJECTS for e in SESSIONS}
    lines = [f"{name}\t{session}" for name, session in (said | (more or {})).items()]
    path.write_text("\n".join(["recording\tsession", *lines]) + "\n")
    return path


def file_of(k: int, session: str) -> str:
    s = SUBJECTS[k]
    return f"{s}/ses-{session}/eeg/{s}_ses-{session}_eeg.edf"


def metrics_of(folder: Path) -> dict:
    return json.loads((folder / "metrics.json").read_text())


def words_of(ran: Ran) -> str:
    return " ".join((ran.out + ran.err).split())


def test_several_sessions_are_not_taken_together(analyse: Analyse, tmp_path: Path) -> None:
    ran = analyse("two", plain_rows())
    refused(ran, (3,), "task.session=")
    said = words_of(ran)
    assert f"{N} of {N} patients have recordings of several sessions (2 sessions: {N})" in said
    assert "task.sessions_table" in said
    assert "ses-before" not in said
    assert not (tmp_path / "out").exists()


def test_one_session_is_that_of_before_and_the_other_is_set_aside(
    analyse: Analyse, recordings: dict[str, Path], tiny: Pipeline, tmp_path: Path
) -> None:
    ran = analyse("two", plain_rows(), session="ses-before")
    assert ran.code == 0, ran.err
    assert metrics_of(tmp_path / "out")["set_aside"] == {"of other sessions": N}
    stored = (tmp_path / "out" / "manifest.json").read_text()
    assert '"session": "(private)"' in stored  # it is part of a name, and may be a date
    again = analyse("two", plain_rows(), session="after")
    assert again.code == 2, "another session is another result"
    assert metrics_of(tmp_path / "out")["left_out"] == {}
    assert "task.session" in (tmp_path / "out" / "report.html").read_text()
    other = analysis_of(tiny, {"paired": recordings["two"]}, tmp_path)
    assert other("paired", plain_rows("outcome"), out="pairs").code == 0
    eeg, before = (
        read_table(tmp_path / out / "predictions.parquet", PatientPredictions).inputs[name].logits
        for out, name in (("out", "eeg"), ("pairs", "before"))
    )
    np.testing.assert_array_equal(eeg, before)


def test_who_lacks_the_session_is_left_out_and_counted(analyse: Analyse, tmp_path: Path) -> None:
    table = sessions_table(tmp_path / "sessions.tsv", {file_of(0, "before"): "during"})
    ran = analyse("two", plain_rows(), session="before", sessions_table=table)
    assert ran.code == 0, ran.err
    found = metrics_of(tmp_path / "out")
    assert found["counts"]["Patients"] == found["counts"]["Recordings"] == N - 1
    assert found["left_out"] == {"no EEG, or not of every session": 1}
    assert found["set_aside"] == {"of other sessions": N + 1}


def test_a_table_tells_sessions_apart_too(analyse: Analyse, tmp_path: Path) -> None:
    later = {file_of(k, "after"): "third" for k in range(3)}
    rows = plain_rows()
    table = sessions_table(tmp_path / "sessions.tsv", later | {file_of(3, "after"): "before"})
    ran = analyse("two", rows, sessions_table=table)
    refused(ran, (3,), f"{N - 1} of {N} patients have recordings of several sessions")
    as_one = {file_of(k, e): "before" for k in range(N) for e in SESSIONS}
    ran = analyse("two", rows, sessions_table=sessions_table(tmp_path / "one.tsv", as_one))
    assert ran.code == 0, ran.err
    assert metrics_of(tmp_path / "out")["counts"]["Recordings"] == 2 * N


def test_a_session_that_no_recording_is_of_is_refused(analyse: Analyse) -> None:
    refused(analyse("two", plain_rows(), session="early"), (3,), "task.session=NAME")


def test_one_session_each_goes_on_and_different_ones_are_told(
    analyse: Analyse, tmp_path: Path
) -> None:
    ran = analyse("one", plain_rows(), "--json")
    assert ran.code == 0, ran.err
    assert not [w for w in ran.document["warnings"] if "session" in w]
    names = {f"{s}/ses-01/eeg/{s}_ses-01_eeg.edf": "01" for s in SUBJECTS}
    names[next(iter(names))] = "02"
    table = tmp_path / "sessions.tsv"
    lines = [f"{name}\t{session}" for name, session in names.items()]
    table.write_text("\n".join(["recording\tsession", *lines]) + "\n")
    ran = analyse("one", plain_rows(), "--json", out="b", sessions_table=table)
    assert ran.code == 0, ran.err
    (told,) = [w for w in ran.document["warnings"] if "session" in w]
    assert "of 2 different sessions, one a patient" in told


def test_recordings_without_a_session_are_taken_together_and_that_is_told(
    tiny: Pipeline, tmp_path: Path
) -> None:
    edf = write_cohort(tmp_path / "edf", 0.0, SESSIONS)
    for path in sorted(edf.rglob("*ses-*"), key=lambda p: -len(p.parts)):
        path.rename(path.with_name(path.name.replace("ses-", "")))
    preprocess(edf, tmp_path / "plain", "zero")
    run = analysis_of(tiny, {"plain": tmp_path / "plain"}, tmp_path)
    ran = run("plain", plain_rows(), "--json")
    assert ran.code == 0, ran.err
    assert metrics_of(tmp_path / "out")["counts"]["Recordings"] == 2 * N
    (told,) = [w for w in ran.document["warnings"] if "session" in w]
    assert f"{N} patients have several recordings" in told
    refused(run("plain", plain_rows(), session="before"), (3,), "task.sessions_table")


def test_a_paired_task_names_its_sessions_otherwise(analyse: Analyse) -> None:
    ran = analyse("two", plain_rows(), design="paired", session="before")
    refused(ran, (2,), "name both in sessions")


def test_info_tells_of_sessions_before_anything_is_made(
    recordings: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "participants.tsv").write_text(table_of(plain_rows()))
    task = tmp_path / "task.toml"
    task.write_text('kind = "patients"\nname = "t"\ntable = "participants.tsv"\n')
    ran = eegssl("info", "--task", task, recordings["two"])
    assert ran.code == 3
    assert "task.session=NAME" in words_of(ran)
    task.write_text(task.read_text() + 'session = "before"\n')
    said = done("info", "--task", task, recordings["two"])
    assert said["task"]["session"] == "before"
    held = said["splits"]["all patients"]
    assert held["recordings"] == N
    assert held["recordings set aside"] == {"of other sessions": N}

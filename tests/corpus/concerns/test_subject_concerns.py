"""Several people who would be one subject, and one who would be several, are told."""

import re
from pathlib import Path

import pytest
from clirun import done, eegssl
from edf_bytes import EdfSpec, Signal, noise, time_stamps

from eegssl.io.subject_patterns import NAMES, by_first_folder, cohorts, suggest, visits
from eegssl.io.subjects import find_subject


def corpus(root: Path, paths: list[str], code: str = "") -> Path:
    """Files of 8 s at these paths; with ``code`` as EDF+, which has a patient code."""
    for k, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        stamps = time_stamps([str(n) for n in range(8)]) if code else []
        spec = EdfSpec([Signal(noise(800, seed=k), "Fp1")], 8, tals=stamps)
        spec.kind, spec.patient = ("EDF+C", f"{code} X X X") if code else ("", "")
        (root / path).write_bytes(spec.bytes())
    return root


def told(root: Path, out: Path) -> dict[str, dict[str, object]]:
    """The concerns that a look at the files raises."""
    facts = done("preprocess", root, "--out", out, "--plan", "--dry-run")["facts"]
    concerns: dict[str, dict[str, object]] = facts["concerns"]
    return {kind: row for kind, row in concerns.items() if kind.startswith("subjects")}


def suggested(words: str, paths: list[str]) -> set[str]:
    """The subjects that the option in a sentence makes of these paths."""
    match = re.search(r"--set 'subjects\.pattern=(.*?)' makes (\d+) subjects", words)
    assert match, words
    subjects = {find_subject(path, pattern=match[1]) for path in paths}
    assert len(subjects) == int(match[2])
    return subjects


def test_folders_that_are_cohorts(tmp_path: Path) -> None:
    paths = [f"{group}/p{k}{n}-x.edf" for k, group in enumerate(["cnc", "dhc"]) for n in range(3)]
    concern = told(corpus(tmp_path / "edf", paths), tmp_path / "out")["subjects-folder"]
    assert concern["n"] == 2
    assert len(suggested(str(concern["cure"]), paths)) == 6
    assert "cnc" not in str(concern)


def test_a_word_in_place_of_names_is_no_code_and_a_code_of_all_is_told(tmp_path: Path) -> None:
    paths = ["p0/a.edf", "p1/a.edf", "p2/a.edf"]
    assert told(corpus(tmp_path / "removed", paths, "REMOVED"), tmp_path / "out") == {}
    root = corpus(tmp_path / "edf", paths, "STUDY42")
    ran = eegssl("preprocess", root, "--out", tmp_path / "out")
    assert ran.code == 3
    error = ran.err.split("error:")[1]
    assert suggested(error, paths) == {"p0", "p1", "p2"}
    assert error.index("subjects.pattern") < error.index("splits.by=recording")
    assert "STUDY42" not in ran.err


def test_visits_of_the_same_people(tmp_path: Path) -> None:
    paths = [f"visit{v}/{who}.edf" for v in (1, 2, 3) for who in ("k07", "k11", "k19")]
    concern = told(corpus(tmp_path / "edf", paths), tmp_path / "out")["subjects-visits"]
    assert concern["n"] == 3
    assert suggested(str(concern["cure"]), paths) == {"k07", "k11", "k19"}


def test_files_that_say_nobody_get_a_pattern_that_was_tried(tmp_path: Path) -> None:
    paths = [f"patient_{k:02d}_eeg.edf" for k in range(4)]
    root = corpus(tmp_path / "edf", paths)
    ran = eegssl("preprocess", root, "--out", tmp_path / "out")
    assert ran.code == 3
    assert len(suggested(ran.err.split("error:")[1], paths)) == 4
    assert "patient_0" not in ran.err


@pytest.mark.parametrize("code", ["REMOVED", "***", "XXXX", "anonymized", "Name removed", "---"])
def test_placeholders_are_no_codes(code: str) -> None:
    assert find_subject("p7/a.edf", code) == "p7"


@pytest.mark.parametrize(
    "paths",
    [
        ["p1/rec1.edf", "p1/rec2.edf", "p2/rec3.edf", "p2/rec4.edf"],  # counters
        ["p1/2020.edf", "p1/20210405.edf", "p2/20191224.edf", "p2/2018.edf"],  # dates
        ["p1/p1_a.edf", "p1/p1_b.edf", "p2/p2_a.edf"],  # the folder's own name
        ["p1/rest.edf", "p1/task.edf", "p2/rest.edf", "p2/task.edf"],  # what was done
        ["p1/ses1/x.edf", "p1/ses2/y.edf", "p2/ses1/x.edf"],
        ["p1/a.edf", "p2/b.edf", "p3/c.edf"],
    ],
)
def test_a_folder_a_person_is_no_cohort(paths: list[str]) -> None:
    words = by_first_folder(paths)
    assert cohorts(words) == []
    assert visits(words) == []


@pytest.mark.parametrize(
    ("paths", "subjects"),
    [
        (["a-1.edf", "b-1.edf", "c-1.edf"], 3),
        (["patient_1.edf", "patient_2.edf", "patient_3.edf"], 3),
        (["EEG_ann_1.edf", "EEG_ben_1.edf", "EEG_cem_2.edf"], 3),
        (["night.edf"], None),
    ],
)
def test_a_suggestion_finds_several_or_none(paths: list[str], subjects: int | None) -> None:
    suggestion = suggest(paths, NAMES, 3)
    assert (suggestion and suggestion.n_subjects) == subjects

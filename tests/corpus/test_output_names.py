"""Names of what is written of new files: no two alike, each one that a file can have."""

from pathlib import Path

import pytest

from eegssl.corpus.new_files.distinct_files import distinct_files
from eegssl.corpus.new_files.output_names import TASK, output_names
from eegssl.corpus.preprocessing.source_files import Source


def stems(*names: str) -> list[str]:
    sources = [
        Source(Path("/ward") / name, Path("/ward"), name, f"r-{k}") for k, name in enumerate(names)
    ]
    names = output_names(sources, {one.id: "s-1" for one in sources}, keep_names=True)
    return [names.stems[one.id] for one in sources]


def by_bids(*names: str, task: str = TASK) -> tuple[list[str], dict[str, int]]:
    """Names of outputs of these files of a data set; how many are withheld, by words of why."""
    sources = [
        Source(Path("/ward") / name, Path("/ward"), name, f"r-{k}") for k, name in enumerate(names)
    ]
    of = {one.id: "s-1" for one in sources}
    found = output_names(sources, of, keep_names=False, task=task)
    assert found.bids + sum(found.withheld.values()) <= len(sources)
    assert len(list(found.notes())) == len(found.withheld)
    return [found.stems[one.id] for one in sources], dict(found.withheld)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.edf", "b/a.edf"], ["a", "b/a"]),
        (["sub-1/sub-1_task-x_eeg.edf"], ["sub-1/sub-1_task-x"]),
        (["a.edf", "a.bdf"], ["a_edf", "a_bdf"]),
        (["a.edf", "a_eeg.edf"], ["a_edf", "a_eeg_edf"]),
        (["a.edf", "a_eeg.edf", "a_edf.edf"], ["r-0", "a_eeg_edf", "a_edf_edf"]),
        (["b/a.edf", "b/a.bdf", "b/a_edf.edf"], ["b/r-0", "b/a_bdf", "b/a_edf_edf"]),
        (["a.edf", "A.edf"], ["r-0", "r-1"]),
        (["x\n\udcfc.edf", "c\td/e.edf"], ["x__", "c_d/e"]),
        (["\udcfc.edf", "\udce4.edf"], ["r-0", "r-1"]),
        (["ü" * 120 + ".edf", "b/" + "x" * 201 + ".edf"], ["r-0", "b/r-1"]),
    ],
)
def test_names_are_kept_where_they_can_be(names: list[str], expected: list[str]) -> None:
    assert stems(*names) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sub-01/eeg/sub-01_task-rest_eeg.edf", "sub-01/eeg/sub-01_task-szMonitoring"),
        (
            "sub-chb01/ses-02/eeg/sub-chb01_ses-02_task-szMonitoring_run-03_eeg.edf",
            "sub-chb01/ses-02/eeg/sub-chb01_ses-02_task-szMonitoring_run-03",
        ),
        (
            "sub-P1/ses-a1/ieeg/sub-P1_ses-a1_acq-Wexelmann_desc-Berta_run-1_ieeg.vhdr",
            "sub-P1/ses-a1/ieeg/sub-P1_ses-a1_task-szMonitoring_run-1",
        ),
        ("bids/raw/sub-9999/eeg/sub-9999_eeg.bdf", "sub-9999/eeg/sub-9999_task-szMonitoring"),
    ],
)
def test_a_place_in_a_data_set_is_kept_by_its_short_codes(name: str, expected: str) -> None:
    assert by_bids(name) == ([expected], {})
    assert by_bids(name, task="")[0] == [expected.replace("_task-szMonitoring", "")]


@pytest.mark.parametrize(
    "name",
    [
        "sub-Wexelmann/eeg/sub-Wexelmann_eeg.edf",
        "sub-19510317/eeg/sub-19510317_eeg.edf",
        "sub-Berta17/eeg/sub-Berta17_eeg.edf",
        "sub-1a/eeg/sub-1a_eeg.edf",
        "sub-01/ses-20110302/eeg/sub-01_ses-20110302_eeg.edf",
        "sub-01/ses-pre/eeg/sub-01_ses-pre_eeg.edf",
        "sub-01/eeg/sub-01_run-Wexelmann_eeg.edf",
    ],
)
def test_what_may_name_a_person_is_withheld_and_told(name: str) -> None:
    (stem,), withheld = by_bids(name)
    assert stem == "sub-1/ses-01/eeg/r-0"
    ((reason, n),) = withheld.items()
    assert n == 1
    assert "no number" in reason if "run-" in name else "no short code" in reason


@pytest.mark.parametrize(
    "name",
    [
        "sub-01_task-x_eeg.edf",
        "eeg/sub-01_eeg.edf",
        "sub-02/eeg/sub-01_eeg.edf",
        "sub-01/ses-1/eeg/sub-01_eeg.edf",
        "sub-01/ses-2/eeg/sub-01_ses-1_eeg.edf",
        "sub-01/ieeg/sub-01_eeg.edf",
        "sub-01/eeg/sub-01.edf",
        "sub-01/eeg/sub-01_Wexelmann_eeg.edf",
        "sub-01/eeg/sub-01_sub-01_eeg.edf",
        "sub-٣/eeg/sub-٣_eeg.edf",
        "night.edf",
    ],
)
def test_a_file_of_no_data_set_is_called_by_its_id(name: str) -> None:
    assert by_bids(name) == (["sub-1/ses-01/eeg/r-0"], {})


def test_files_of_one_place_are_told_apart_by_ids() -> None:
    alike = [f"{a}/sub-0{k}/eeg/sub-0{k}_eeg.edf" for a, k in (("x", 1), ("y", 1), ("y", 2))]
    splits = [f"sub-03/eeg/sub-03_acq-{word}_eeg.edf" for word in ("a", "b")]
    cases = [f"sub-{word}1/eeg/sub-{word}1_eeg.edf" for word in "aA"]
    stems, withheld = by_bids(*alike, *splits, *cases)
    by_id = [f"sub-1/ses-01/eeg/r-{k}" for k in range(7)]
    assert stems == [*by_id[:2], "sub-02/eeg/sub-02_task-szMonitoring", *by_id[3:]]
    ((reason, n),) = withheld.items()
    assert (reason, n) == ("another would have the same subject, session and run", 6)


def test_a_file_keeps_the_longest_of_its_paths(tmp_path: Path) -> None:
    (tmp_path / "ward").mkdir()
    night, other = tmp_path / "ward" / "night.edf", tmp_path / "ward" / "other.edf"
    night.touch()
    other.symlink_to(night)
    (tmp_path / "way").symlink_to("ward")
    sources = [
        Source(night, tmp_path / "ward", "night.edf", "r-1"),
        Source(other, tmp_path / "ward", "other.edf", "r-2"),
        Source(tmp_path / "way" / "night.edf", tmp_path, "way/night.edf", "r-3"),
    ]
    assert [one.id for one in distinct_files(sources)] == ["r-2", "r-3"]

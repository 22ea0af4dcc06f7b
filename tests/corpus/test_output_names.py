"""Names of what is written of new files: no two alike, each one that a file can have."""

from pathlib import Path

import pytest

from eegssl.corpus.new_files.distinct_files import distinct_files
from eegssl.corpus.new_files.output_names import output_stems
from eegssl.corpus.preprocessing.source_files import Source


def stems(*names: str) -> list[str]:
    sources = [
        Source(Path("/ward") / name, Path("/ward"), name, f"r-{k}") for k, name in enumerate(names)
    ]
    found = output_stems(sources, {one.id: "s-1" for one in sources}, keep_names=True)
    return [found[one.id] for one in sources]


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

"""Rows of one sheet for many recordings go to the recording that they name, or are told."""

from pathlib import Path

import pytest

from eegssl.errors import ConfigError
from eegssl.io.config import EventSettings
from eegssl.io.labels.sheets.sheet_files import (
    SharedSheet,
    listed_numbers,
    shared_sheet,
    sheet_beside,
)

COLUMNS = {"onset": "von", "end": "bis", "label": "Typ", "file": "Datei"}


def shared(folder: Path, names: list[str], relatives: list[str], **more: object) -> SharedSheet:
    sheet = folder / "liste.csv"
    sheet.write_text("Datei;von;bis;Typ\n" + "".join(f"{name};1;2;sz\n" for name in names))
    columns = more.get("columns", COLUMNS)
    return shared_sheet(EventSettings(columns=columns, sheet=str(sheet)), [folder], relatives)


@pytest.mark.parametrize(
    "name", ["p0/a.edf", "P0\\A.EDF", "p0/a", "./p0/a.edf", "x/p0/a.edf", " x/p0/a "]
)
def test_a_name_is_a_path_or_its_end_with_the_ending_or_without(tmp_path: Path, name: str) -> None:
    sheet = shared(tmp_path, [name], ["x/p0/a.edf", "x/p1/a.edf"])
    assert list(sheet.of_file) == ["x/p0/a.edf"]
    assert sheet.unknown == ()


def test_a_path_of_its_own_wins_over_the_end_of_another(tmp_path: Path) -> None:
    sheet = shared(tmp_path, ["a.edf", "p0/a.edf", "a.edf"], ["a.edf", "p0/a.edf"])
    rows = {name: [row.number for row in own.sheet.rows] for name, own in sheet.of_file.items()}
    assert rows == {"a.edf": [2, 4], "p0/a.edf": [3]}


def test_names_of_several_files_are_refused_and_of_none_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"row 2 names a file that several.*below the folder"):
        shared(tmp_path, ["a.edf"], ["p0/a.edf", "p1/a.edf"])
    sheet = shared(tmp_path, ["b.edf", "p0/a.edf", ""], ["p0/a.edf", "p1/a.edf"])
    assert sheet.unknown == (2, 4)
    assert listed_numbers(range(2, 15)) == "2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 3 more"


def test_a_sheet_without_names_is_for_one_file(tmp_path: Path) -> None:
    columns = {role: name for role, name in COLUMNS.items() if role != "file"}
    assert list(shared(tmp_path, ["x"], ["a.edf"], columns=columns).of_file) == ["a.edf"]
    with pytest.raises(ConfigError, match=r'for 2 files.*file = "COLUMN"'):
        shared(tmp_path, ["x"], ["a.edf", "b.edf"], columns=columns)


def test_a_sheet_lies_here_or_below_the_folder_or_beside_the_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.edf").touch()
    (tmp_path / "liste.csv").write_text("Datei;von;bis;Typ\na;1;2;sz\n")
    settings = EventSettings(columns=COLUMNS, sheet="liste.csv")
    for root in (tmp_path, tmp_path / "a.edf"):
        assert list(shared_sheet(settings, [root], ["a.edf"]).of_file) == ["a.edf"]


def test_a_sheet_that_is_not_there_or_has_other_columns_is_refused(tmp_path: Path) -> None:
    settings = EventSettings(columns=COLUMNS, sheet="none.csv")
    with pytest.raises(ConfigError, match=r"events\.sheet: there is no such file"):
        shared_sheet(settings, [tmp_path], ["a.edf"])
    (tmp_path / "none.csv").write_text("Patient;Beginn\nMeier;1\n")
    with pytest.raises(ConfigError, match=r"first 20 lines.*von") as refused:
        shared_sheet(settings, [tmp_path], ["a.edf"])
    assert "Meier" not in str(refused.value)
    assert "Patient" not in str(refused.value)


def test_a_sheet_beside_a_recording_is_not_that_of_its_neighbour(tmp_path: Path) -> None:
    columns = {"onset": "von", "end": "bis"}
    for name in ("a.edf", "a_1.edf", "ab.edf", "sub-1_eeg.edf"):
        (tmp_path / name).touch()
    for name in ("a_1.csv", "a_1_marks.csv", "ab.csv", "sub-1_marks.csv"):
        (tmp_path / name).write_text("von;bis\n1;2\n")
    assert sheet_beside(tmp_path / "a.edf", columns) is None
    assert sheet_beside(tmp_path / "ab.edf", columns) == tmp_path / "ab.csv"
    assert sheet_beside(tmp_path / "sub-1_eeg.edf", columns) == tmp_path / "sub-1_marks.csv"
    (tmp_path / "a - Kopie.txt").write_text("von;bis\n1;2\n")
    assert sheet_beside(tmp_path / "a.edf", columns) == tmp_path / "a - Kopie.txt"
    assert sheet_beside(tmp_path / "a.edf", {"onset": "Beginn"}) is None

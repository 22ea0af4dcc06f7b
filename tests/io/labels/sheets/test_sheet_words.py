"""Columns are guessed by known words alone, and no other word of a header is repeated."""

from pathlib import Path

import pytest

from eegssl.io.labels.sheets.sheet_words import columns_by_words, known_words, role_of


@pytest.mark.parametrize(
    ("column", "role"),
    [
        ("Beginn", "onset"),
        ("Anfallsbeginn", "onset"),
        ("Seizure Start Time (s)", "onset"),
        ("start_time", "onset"),
        ("startTime", "onset"),
        ("onset [ms]", "onset"),
        ("Fin de crise", "end"),
        ("конец", "end"),
        ("Dauer (min)", "duration"),
        ("Dateiname", "file"),
        ("edf_file", "file"),
        ("Datum", "date"),
        ("Anfallstyp", "label"),
        ("EventType", "label"),
        ("Kanäle", "channels"),
        ("Kanaele", "channels"),
        ("Kana\u0308le", "channels"),
        ("Beginn Anfaelle", "onset"),
        ("Beginn Hans Meier", None),
        ("Meier", None),
        ("Start 12.3.1970", None),
        ("eeg", None),
        ("", None),
        ("Beginn\x1b[2J", None),
        ("begin" * 20, None),
    ],
)
def test_what_a_column_is_by_its_name(column: str, role: str | None) -> None:
    assert role_of(column) == role


def test_no_name_of_a_person_is_made_of_known_words() -> None:
    names = "Martin Anna Tobias Miller Jordan Stone Edwin Vincent Dustin Anton Endres Tasso Hora"
    assert [name for name in names.split() if role_of(name)] == []
    assert known_words("Tobias") == []


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("Datei;Beginn;Ende;Typ;Arzt\na;10:00:50;10:01:20;Anfall;M\n", "file onset end label"),
        ("file\tstart\tstop\na\t1\t2\n", "file onset end"),
        ("Liste\n\nName,Start (s),Duration (s)\nM,1,2\n", "onset duration"),
        ("Beginn;Bemerkung\n1;2\n", ""),
        ("Beginn;Ende\nbald;2\n", ""),
        ("1;2;3\n4;5;6\n", ""),
        ("", ""),
    ],
)
def test_columns_of_a_table_that_were_tried(tmp_path: Path, text: str, columns: str) -> None:
    path = tmp_path / "Anfallsliste.csv"
    path.write_text(text)
    assert " ".join(columns_by_words(path)) == columns


def test_what_is_no_text_has_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "liste.xlsx"
    path.write_bytes(b"PK\x03\x04")
    assert columns_by_words(path) == {}
    (tmp_path / "x.csv").write_bytes(b"\x00\xff\xfe" * 50)
    assert columns_by_words(tmp_path / "x.csv") == {}

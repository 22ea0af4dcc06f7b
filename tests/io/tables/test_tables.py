"""A table that is no TSV says what it seems to be, and how to save it."""

from pathlib import Path

import pytest

from eegssl.errors import ConfigError
from eegssl.io.tables.tsv import read_tsv


def refused(folder: Path, content: bytes) -> str:
    (folder / "t.tsv").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_tsv(folder / "t.tsv", ("recording", "label"))
    assert "Doe" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("mark", "name"), [(",", "comma-separated"), (";", "semicolon-separated")])
def test_other_separators_are_named(tmp_path: Path, mark: str, name: str) -> None:
    said = refused(tmp_path, f"recording{mark}label\nDoe.edf{mark}calm\n".encode())
    assert name in said
    assert "tabs" in said


def test_a_tsv_that_lacks_a_column_is_not_said_to_have_commas(tmp_path: Path) -> None:
    assert "-separated, and tabs" not in refused(tmp_path, b"recording\tage, years\nDoe\t3\n")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le", "utf-16-be"])
def test_another_encoding_says_how_to_save_it(tmp_path: Path, encoding: str) -> None:
    said = refused(tmp_path, "recording\tlabel\nDoe-Müller\tcalm\n".encode(encoding))
    assert "save it as UTF-8" in said
    assert "Error" not in said


@pytest.mark.parametrize("header", ["recording\tlabel\tlabel", "label\trecording\tnote\tnote"])
def test_two_columns_of_one_name_are_refused(tmp_path: Path, header: str) -> None:
    said = refused(tmp_path, f"{header}\nDoe\ta\tb\tc\n".encode())
    assert "1 column name(s) that stand there twice" in said


def test_columns_without_a_name_are_no_doubles(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("recording\tlabel\t\t\nx\ta\t\t\n")
    assert read_tsv(path, ("recording", "label"))[0]["label"] == "a"

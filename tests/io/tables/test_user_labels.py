"""Rows of a user's labels table name recordings by their paths, however a system writes them."""

from pathlib import Path

import pytest

from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.io.tables.user_labels import read_labels


@pytest.mark.parametrize("name", ["p0/a.edf", "p0\\a.edf", "./p0/a.edf", ".\\p0\\a.edf"])
@pytest.mark.parametrize("corpus", ["", "tusz"])
def test_paths_of_any_system_name_a_recording(tmp_path: Path, name: str, corpus: str) -> None:
    (tmp_path / "t.tsv").write_text(f"recording\tlabel\n{name}\tcalm\n")
    (row,) = read_labels(tmp_path / "t.tsv", [corpus])
    assert Pseudonyms().recording(f"{corpus}/p0/a.edf" if corpus else "p0/a.edf") in row.names

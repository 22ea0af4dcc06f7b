"""Columns of tables: those that are not kept are checked too, lists are looked at once."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegssl.artifacts.table_parts import INT, TEXT, TEXTS, Column, distinct_lists, read_table
from eegssl.errors import ArtifactError

COLUMNS = {"id": Column(TEXT), "n": Column(INT, least=0), "names": Column(TEXTS)}


def written(path: Path, n: int) -> Path:
    rows = {"id": ["a", "b"], "n": [1, n], "names": [["x"], []]}
    pq.write_table(pa.table(rows), path)
    return path


def test_a_column_that_is_not_kept_is_checked(tmp_path: Path) -> None:
    sound, wrong = written(tmp_path / "sound.parquet", 2), written(tmp_path / "wrong.parquet", -2)
    assert read_table(sound, COLUMNS, keep=("names", "id")).to_pydict() == {
        "id": ["a", "b"],
        "names": [["x"], []],
    }
    with pytest.raises(ArtifactError, match="column n has values outside"):
        read_table(wrong, COLUMNS, keep=("id",))


LISTS = st.lists(st.lists(st.sampled_from(["", "C3", "C4", "Fp1-F7"]), max_size=3), max_size=8)


@given(rows=LISTS, more=LISTS, skipped=st.integers(0, 4))
def test_lists_are_those_of_the_column_and_each_stands_once(
    rows: list[list[str]], more: list[list[str]], skipped: int
) -> None:
    column = pa.chunked_array([pa.array(rows, TEXTS).slice(skipped), pa.array(more, TEXTS)], TEXTS)
    lists = distinct_lists(column)
    assert [list(names) for names in lists] == column.to_pylist()
    assert len(set(lists.values)) == len(lists.values)

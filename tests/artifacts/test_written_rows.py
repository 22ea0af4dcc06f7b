"""Rows are written a thousand at once, and read back as they were."""

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from eegssl.artifacts.table_parts import INT, TEXT, Column, arrow_schema, read_table, write_rows

COLUMNS = {"n": Column(INT), "text": Column(TEXT)}
SCHEMA = arrow_schema(COLUMNS).with_metadata({b"eegssl": b"about"})


@pytest.mark.parametrize("n", [0, 1, 1000, 1001, 3456])
def test_rows_are_read_back_in_their_order(tmp_path: Path, n: int) -> None:
    rows = [{"n": k, "text": f"row {k}"} for k in range(n)]
    write_rows(tmp_path / "t.parquet", rows, SCHEMA)
    assert read_table(tmp_path / "t.parquet", COLUMNS, n_rows=n).to_pylist() == rows
    assert pq.read_schema(tmp_path / "t.parquet").metadata == {b"eegssl": b"about"}


class Row(dict[str, object]):
    """A row that can be watched."""


def test_no_more_than_a_thousand_rows_are_in_memory(tmp_path: Path) -> None:
    alive: weakref.WeakValueDictionary[int, Row] = weakref.WeakValueDictionary()
    most = 0

    def rows() -> Iterator[Row]:
        nonlocal most
        for k in range(3500):
            alive[k] = row = Row(n=k, text="")
            most = max(most, len(alive))
            yield row

    gc.collect()
    write_rows(tmp_path / "t.parquet", rows(), SCHEMA)
    assert 1000 <= most <= 2001

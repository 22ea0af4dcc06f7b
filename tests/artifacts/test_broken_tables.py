"""Tables of artifacts that were cut, or in which a bit flipped, are read or refused."""

from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegssl.artifacts.table_parts import FLOAT, INT, TEXTS, Column, arrow_schema, read_table
from eegssl.errors import ArtifactError

COLUMNS = {"n": Column(INT, least=0), "x": Column(FLOAT, nullable=True), "names": Column(TEXTS)}


def written(path: Path) -> Path:
    rows = {"n": [1, 2], "x": [0.5, None], "names": [["a"], []]}
    pq.write_table(pa.table(rows, schema=arrow_schema(COLUMNS)), path)
    return path


def test_no_flipped_bit_behind_the_pages_ends_the_process(tmp_path: Path) -> None:
    """Arrow aborts when it is asked for the values of a column whose description is broken."""
    path = written(tmp_path / "t.parquet")
    data = path.read_bytes()
    length = int.from_bytes(data[-8:-4], "little")
    for place in range(len(data) - 8 - length, len(data) - 8):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(bytes(flipped))
        with suppress(ArtifactError):
            read_table(path, COLUMNS)


@given(cut=st.floats(0, 1), flip=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_table_that_is_cut_or_has_a_flipped_bit_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, cut: float, flip: int, bit: int
) -> None:
    path = written(tmp_path_factory.mktemp("t") / "t.parquet")
    data = bytearray(path.read_bytes())
    data[flip % len(data)] ^= 1 << bit
    for text in (data, data[: int(cut * len(data))]):
        path.write_bytes(bytes(text))
        try:
            read_table(path, COLUMNS)
        except ArtifactError:
            continue

"""A part of an artifact is what its schema says, or an ArtifactError that names it: JSON, tables,
arrays; and none takes the memory that it only says it needs."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter
from safetensors.numpy import save_file

from eegssl.artifacts.array_parts import open_tensors, read_tensors
from eegssl.artifacts.json_parts import HASHED_ID, Count, HashedId, Part, Share, read_json
from eegssl.artifacts.reading import read_manifest
from eegssl.artifacts.table_parts import (
    FLOAT,
    INT,
    TEXT,
    TEXTS,
    Column,
    arrow_schema,
    read_table,
    read_text_table,
)
from eegssl.corpus.codes.stored_arrays import map_array
from eegssl.errors import ArtifactError


class Shown(Part):
    """A part with a field of each type."""

    share: Share
    n: Count
    ids: tuple[HashedId, ...]
    word: str | None = None


SHOWN = TypeAdapter(Shown)
GOOD = {"share": 0.5, "n": 3, "ids": ["r-0a1"], "word": None}
LARGE = 30 << 20


def refused(read: Callable[[], object]) -> str:
    """The error of a reader that takes little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(ArtifactError) as caught:
            read()
        assert tracemalloc.get_traced_memory()[1] < LARGE
    finally:
        tracemalloc.stop()
    return str(caught.value)


def test_a_part_reads_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(GOOD))
    assert read_json(tmp_path / "p.json", SHOWN) == Shown(share=0.5, n=3, ids=("r-0a1",))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"share": 1.5}, "share"),
        ({"share": float("nan")}, "share"),
        ({"share": float("inf")}, "share"),
        ({"share": "0.5"}, "share"),
        ({"share": True}, "share"),
        ({"n": -1}, "n"),
        ({"n": 2.5}, "n"),
        ({"n": 10**30}, "n"),
        ({"n": None}, "n"),
        ({"ids": ["../x"]}, "ids.0"),
        ({"ids": "r-0"}, "ids"),
        ({"word": 1}, "word"),
        ({"more": 1}, "more"),
    ],
    ids=str,
)
def test_what_a_schema_does_not_allow_is_named_by_its_place(
    tmp_path: Path, change: dict[str, Any], place: str
) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps(GOOD | change))
    assert f"{path} was edited or damaged: {place}: " in refused(lambda: read_json(path, SHOWN))


@pytest.mark.parametrize("name", list(GOOD)[:3])
def test_a_key_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "p.json").write_text(json.dumps({k: v for k, v in GOOD.items() if k != name}))
    assert f": {name}: Field required" in refused(lambda: read_json(tmp_path / "p.json", SHOWN))


@pytest.mark.parametrize(
    "text", ["[" * 100_000 + "]" * 100_000, '{"a":' * 100_000, "", "\0", "\xff", "1" * 5000]
)
@pytest.mark.parametrize("manifest", [True, False])
def test_a_text_that_is_no_json_or_nested_without_end_is_refused(
    tmp_path: Path, text: str, manifest: bool
) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(text.encode("latin-1"))
    read = (lambda: read_manifest(tmp_path)) if manifest else (lambda: read_json(path, SHOWN))
    assert str(path) in refused(read)


COLUMNS = {
    "recording": Column(TEXT, pattern=HASHED_ID, unique=True),
    "n": Column(INT, least=0),
    "x": Column(FLOAT, nullable=True, most=10),
    "names": Column(TEXTS),
}
ROWS: dict[str, list[Any]] = {
    "recording": ["r-1", "r-2"],
    "n": [1, 2],
    "x": [0.5, None],
    "names": [["a"], []],
}


def written(path: Path, **change: pa.Array | list[Any] | None) -> Path:
    """A table with some columns changed, or left out."""
    schema = arrow_schema(COLUMNS)
    columns = {name: pa.array(rows, schema.field(name).type) for name, rows in ROWS.items()}
    for name, values in change.items():
        columns[name] = values if isinstance(values, pa.Array) else pa.array(values or [])
        if values is None:
            del columns[name]
    pq.write_table(pa.table(columns), path)
    return path


def test_a_table_reads_as_it_was_written_in_any_order_of_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "t.parquet")
    assert read_table(path, COLUMNS, n_rows=2).to_pydict() == ROWS
    table = pq.read_table(path)
    pq.write_table(table.select(table.column_names[::-1]), path)
    assert read_table(path, COLUMNS).to_pydict() == ROWS


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"recording": ["r-1", "r-1"]}, "recording has a value twice"),
        ({"recording": ["r-1", "../x"]}, "recording has a text"),
        ({"recording": ["r-1", None]}, "recording has 1 empty"),
        ({"n": [1, -1]}, "n has values outside"),
        ({"n": [1.0, 2.0]}, "n holds double, expected int64"),
        ({"n": pa.array([1, 2], pa.int32())}, "n holds int32"),
        ({"x": [1.0, 11.0]}, "x has values outside"),
        ({"x": [1.0, float("nan")]}, "x has a value that is not finite"),
        ({"x": [1.0, -float("inf")]}, "x has a value that is not finite"),
        ({"names": ["a", "b"]}, "names holds string"),
        ({"names": pa.array([["a" * 70_000], []], TEXTS)}, "names has a text longer"),
        ({"names": None}, "it lacks column names"),
        ({"more": [1, 2]}, "it has 1 column(s) that it should not have"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_table_that_its_schema_does_not_allow_names_the_column(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    path = written(tmp_path / "t.parquet", **change)
    said = refused(lambda: read_table(path, COLUMNS))
    assert str(path) in said
    assert words in said


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    columns = [pa.array(rows, arrow_schema(COLUMNS).field(n).type) for n, rows in ROWS.items()]
    pq.write_table(pa.table([*columns, columns[1]], names=[*ROWS, "n"]), tmp_path / "t.parquet")
    said = refused(lambda: read_table(tmp_path / "t.parquet", COLUMNS))
    assert "it has 1 column(s) that it should not have, or twice" in said


def bomb(path: Path, n_rows: int) -> Path:
    """A table of as many equal rows as wanted, in some kilobytes."""
    index = pa.array(np.zeros(n_rows, np.int8))
    text = pa.DictionaryArray.from_arrays(index, pa.array(["r-1"])).cast(TEXT)
    table = pa.table({"recording": text, "n": pa.array(np.zeros(n_rows, np.int64))})
    pq.write_table(table, path, compression="zstd")
    return path


@pytest.mark.parametrize("n_rows", [None, 2])
def test_rows_that_a_file_only_says_it_has_are_not_read(tmp_path: Path, n_rows: int | None) -> None:
    path = bomb(tmp_path / "t.parquet", 1_000_000)
    assert path.stat().st_size < 20_000
    columns = {name: Column(COLUMNS[name].type) for name in ("recording", "n")}
    allocated = pa.total_allocated_bytes()
    said = refused(lambda: read_table(path, columns, n_rows=n_rows))
    assert pa.total_allocated_bytes() - allocated < LARGE
    assert "1,000,000 rows" in said
    assert ("the manifest says 2" in said) == (n_rows is not None)


def test_values_of_lists_are_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eegssl.artifacts.table_parts.MOST_VALUES", 1000)
    table = pa.table({"names": pa.array([["a"] * 2000], TEXTS)})
    pq.write_table(table, tmp_path / "t.parquet")
    said = refused(lambda: read_table(tmp_path / "t.parquet", {"names": Column(TEXTS)}))
    assert "2,000 values, expected at most 1,000" in said


CELLS = {"subject": HASHED_ID, "split": "train|val"}


def test_a_text_table_reads_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("subject\tsplit\ns-1\ttrain\n")
    assert read_text_table(tmp_path / "t.tsv", CELLS) == [{"subject": "s-1", "split": "train"}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("subject\tsplit\ns-1\ttest\n", "line 2: its split"),
        ("subject\tsplit\nDoe\ttrain\n", "line 2: its subject"),
        ("subject\tsplit\ns-1\ttrain\t\n", "3 cells, expected 2"),
        ("subject\tsplit\ns-1\n", "1 cells, expected 2"),
        ("subject\tsplit\n\n", "1 cells"),
        ("subject\tsplit\ns-1\ttrain", "line end"),
        ("split\tsubject\n", "expected the columns"),
        ("subject\tsplit\tsplit\n", "expected the columns"),
        ("", "expected the columns"),
        ("subject\tsplit\n\xff", "no text in UTF-8"),
    ],
)
def test_a_text_table_that_is_another_names_the_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "t.tsv").write_bytes(text.encode("latin-1"))
    said = refused(lambda: read_text_table(tmp_path / "t.tsv", CELLS))
    assert words in said
    assert "Doe" not in said


def tensors(path: Path, header: dict[str, Any] | bytes, data: bytes = bytes(24)) -> Path:
    """A safetensors file of any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


ENTRY = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


def test_tensors_are_mapped_where_their_header_says(tmp_path: Path) -> None:
    data = np.arange(6, dtype="<f4").tobytes()
    file = open_tensors(tensors(tmp_path / "x", {"a": ENTRY, "__metadata__": {"k": "v"}}, data))
    assert file.map("a", "f4", (2, None)).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (file.metadata, file.n_values) == ({"k": "v"}, 6)
    for name, dtypes, shape in (("b", "f4", (2, 3)), ("a", "i2", (2, 3)), ("a", "f4", (3, 2))):
        assert str(tmp_path / "x") in refused(lambda n=name, d=dtypes, s=shape: file.map(n, d, s))


@pytest.mark.parametrize(
    "header",
    [
        {"a": ENTRY | {"shape": [10**12, 3]}},
        {"a": ENTRY | {"shape": [10**12], "data_offsets": [0, 4 * 10**12]}},
        {"a": ENTRY | {"shape": [2, -3]}},
        {"a": ENTRY | {"shape": [2**62, 2**62, 0, 3]}},
        {"a": ENTRY | {"shape": "23"}},
        {"a": ENTRY | {"data_offsets": [24, 0]}},
        {"a": ENTRY | {"data_offsets": [8, 32]}},
        {"a": ENTRY | {"data_offsets": [0]}},
        {"a": ENTRY | {"dtype": "F31"}},
        {"a": ENTRY | {"more": 1}},
        {"a": {}},
        {"a": None},
        {"a": {"k": "v"}},
        [],
        b"",
        b"[" * 5000,
        b"{" + b'"a":{' * 5000,
    ],
    ids=lambda header: str(header)[:60],
)
def test_a_header_that_says_more_than_its_file_holds_is_refused(
    tmp_path: Path, header: dict[str, Any] | bytes
) -> None:
    path = tensors(tmp_path / "x.safetensors", header)
    assert str(path) in refused(lambda: open_tensors(path))


@pytest.mark.parametrize("data", [b"", b"\xff" * 7, b"\xff" * 400, (1 << 40).to_bytes(8, "little")])
def test_a_file_without_a_header_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    assert str(tmp_path / "x") in refused(lambda: open_tensors(tmp_path / "x"))


def array(path: Path, header: str | None = None) -> Path:
    """An array file [2, 3] of bytes, or one with another header."""
    with path.open("wb") as stream:
        np.save(stream, np.arange(6, dtype=np.uint8).reshape(2, 3))
    data = path.read_bytes()
    if header is not None:
        path.write_bytes(data[:10] + header.encode()[:118].ljust(117) + b"\n" + data[128:])
    return path


def test_a_tensor_is_refused_where_its_file_was_cut_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_file({"a": np.zeros(5000, np.float32), "z": np.ones(19, np.float32)}, path)
    with path.open("rb+") as stream:
        file = read_tensors(stream.fileno(), path.stat().st_size, path)
        assert file.read(stream.fileno(), "z", "f4", (19,)).tolist() == [1] * 19
        stream.truncate(10_000)
        with pytest.raises(ArtifactError, match="cut while it was open"):
            file.read(stream.fileno(), "z", "f4", (19,))


def test_an_array_is_mapped_as_it_was_written(tmp_path: Path) -> None:
    assert map_array(array(tmp_path / "a.npy"), "u1 u2", (2, None)).sum() == 15


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 3), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-2, -3), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': 6, }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3.0), }",
        "{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': 'zz', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': [('a', 'u1')], 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '|u1', 'shape': (2, 3), }",
        "(" * 110,
        "-" * 110 + "1",
        "[]",
        "",
    ],
)
def test_an_array_of_another_header_is_refused(tmp_path: Path, header: str) -> None:
    path = array(tmp_path / "a.npy", header)
    assert str(path) in refused(lambda: map_array(path, "u1", (2, 3)))

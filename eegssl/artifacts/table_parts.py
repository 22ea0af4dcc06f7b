"""Read the tables of artifacts (Parquet and TSV) by schemas.

As `eegssl.artifacts.json_parts` does for JSON: what a schema does not allow is an ArtifactError
that names the file and the column. The numbers of rows and values of a Parquet file are compared
with its size, and with what the manifest says, before any are read: two megabytes can say fifty
million rows.
"""

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eegssl.artifacts.json_parts import HASHED_ID, damaged, read_part
from eegssl.regular_files import require_regular

MOST_VALUES = 1 << 27
"""More values than any table of an artifact has: 100,000 recordings of 250 channels (ours)."""
_MOST_TEXT = 1 << 16
_ROWS_AT_ONCE = 1000

TEXT, TEXTS = pa.string(), pa.list_(pa.string())
INT, FLOAT = pa.int64(), pa.float64()
ANY, NUMBER = "[^\t]*", r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?"
"""Patterns of cells of a TSV."""
MISSING = "n/a"


@dataclass(frozen=True)
class Column:
    """A column of a Parquet table: its type, and the bounds of its values or its lists' values.

    Floats are finite. ``pattern`` is that of a whole text.
    """

    type: pa.DataType
    nullable: bool = False
    least: float = -math.inf
    most: float = math.inf
    pattern: str = ""
    unique: bool = False
    longest: int = _MOST_TEXT
    """Most bytes of a text."""
    optional: bool = False
    """Whether artifacts of an earlier version of the same contract may lack it."""

    def problems(self, values: pa.ChunkedArray) -> Iterator[str]:
        """Yield what is wrong with the values, each to stand after the column's name."""
        if values.type != self.type:
            yield f"holds {values.type}, expected {self.type}"
            return
        if values.null_count and not self.nullable:
            yield f"has {values.null_count} empty value(s), expected none"
        if self.unique and pc.count_distinct(values).as_py() < len(values):
            yield "has a value twice, expected each once"
        for leaf in _leaves(values.combine_chunks()):
            if leaf.null_count and pa.types.is_nested(values.type):
                yield "has an empty value in a list, expected none"
            yield from self._leaf_problems(leaf)

    def _leaf_problems(self, values: pa.Array) -> Iterator[str]:
        if pa.types.is_string(values.type):
            if self.pattern and pc.all(
                pc.match_substring_regex(values, f"^(?:{self.pattern})$")
            ).as_py() not in (True, None):
                yield "has a text that is none of those that eegssl writes"
            if (pc.max(pc.binary_length(values)).as_py() or 0) > self.longest:
                yield f"has a text longer than {self.longest:,} bytes"
            return
        if pa.types.is_boolean(values.type) or not len(values):
            return
        if pa.types.is_floating(values.type) and pc.all(pc.is_finite(values)).as_py() is False:
            yield "has a value that is not finite"
            return
        bounds = pc.min_max(values).as_py()
        if bounds["min"] is not None and not (
            self.least <= bounds["min"] and bounds["max"] <= self.most
        ):
            yield f"has values outside {self.least:g} … {self.most:g}"


Columns = Mapping[str, Column]
"""The columns of a Parquet table, all of them; in any order."""
Cells = Mapping[str, str]
"""The columns of a TSV, in order, each with the pattern of a whole cell."""
RECORDING = Column(TEXT, pattern=HASHED_ID, unique=True)
"""Of a table with a row a recording."""


def arrow_schema(columns: Columns) -> pa.Schema:
    """The schema to write a Parquet table with."""
    return pa.schema({name: column.type for name, column in columns.items()})


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> None:
    """Write rows as Parquet; a thousand at once are in memory."""
    rows = iter(rows)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while some := list(islice(rows, _ROWS_AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(some, schema))


def read_table(
    path: Path,
    columns: Columns,
    *,
    n_rows: int | None = None,
    others: bool = False,
    keep: Collection[str] | None = None,
) -> pa.Table:
    """Read these columns of a Parquet table; ``n_rows`` is what the manifest says.

    All are checked, and those in ``keep`` returned (None: all of them). They are read one at a
    time, which takes half of the time and of the memory.

    Raises ArtifactError for another number of rows, more values than its size can mean, missing
    columns, further ones (unless ``others`` may be there), other types, and values out of bounds.
    """
    try:
        with pq.ParquetFile(require_regular(path), pre_buffer=False) as parquet:
            require_size(path, parquet.metadata, n_rows)
            _require_columns(path, parquet.schema_arrow.names, columns, others=others)
            _require_few(path, parquet, columns)
            kept: dict[str, pa.ChunkedArray] = {}
            for name in columns:
                if name in parquet.schema_arrow.names:
                    values = _read_column(path, parquet, name, columns[name])
                    kept |= {name: values} if keep is None or name in keep else {}
            return pa.Table.from_arrays([*kept.values()], [*kept])
    except OSError as error:
        raise damaged(path, f"it can't be read: {error.strerror or 'it is no Parquet'}") from None
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise damaged(path, f"it is no Parquet that can be read ({type(error).__name__})") from None


def _read_column(path: Path, parquet: pq.ParquetFile, name: str, column: Column) -> pa.ChunkedArray:
    """One column, checked; raises ArtifactError, and errors of Arrow."""
    values = parquet.read([name], use_threads=False)[name]
    values.validate(full=True)
    for problem in column.problems(values):
        raise damaged(path, f"column {name} {problem}")
    return values


def as_numpy(values: pa.ChunkedArray) -> NDArray[Any]:
    """Numbers of a column, none of them empty: [n]. Arrow's own way imports pandas."""
    return np.from_dlpack(values.combine_chunks())


@dataclass(frozen=True)
class DistinctLists:
    """Lists of texts of a column: row k holds ``values[rows[k]]``, each of them once."""

    values: list[tuple[str, ...]]
    rows: list[int]

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        """Each row's texts; equal rows share one tuple."""
        return (self.values[k] for k in self.rows)


def distinct_lists(column: pa.ChunkedArray) -> DistinctLists:
    """The lists of texts of a column that was read, none of them empty values."""
    lists = column.combine_chunks()
    texts = lists.flatten().dictionary_encode()
    names, ends = texts.dictionary.to_pylist(), np.from_dlpack(lists.offsets)
    numbers = np.from_dlpack(texts.indices).astype("<i4").tobytes()
    seen: dict[bytes, int] = {}
    pieces = pairwise((4 * (ends - ends[0])).tolist())
    rows = [seen.setdefault(numbers[a:b], len(seen)) for a, b in pieces]
    values = [tuple(names[k] for k in np.frombuffer(piece, "<i4").tolist()) for piece in seen]
    return DistinctLists(values, rows)


def read_text_table(path: Path, cells: Cells, *, unique: str = "") -> list[dict[str, str]]:
    """Read a TSV that eegssl wrote: one line of names, then rows of as many cells.

    Raises ArtifactError for anything else, and where a value of the column ``unique`` comes twice.
    """
    try:
        text = read_part(path).decode()
    except UnicodeDecodeError:
        raise damaged(path, "it is no text in UTF-8") from None
    header, *lines = text.split("\n")
    if header.split("\t") != list(cells) or not lines or lines.pop():
        raise damaged(path, f"expected the columns {', '.join(cells)}, and a line end at its end")
    whole = re.compile("\t".join(f"(?:{pattern})" for pattern in cells.values()))
    rows = []
    for number, line in enumerate(lines, start=2):
        row = line.split("\t")
        if len(row) != len(cells) or not whole.fullmatch(line):
            raise damaged(path, f"line {number}{_no_row(row, cells)}")
        rows.append(dict(zip(cells, row, strict=True)))
    if unique and len({row[unique] for row in rows}) < len(rows):
        raise damaged(path, f"column {unique} has a value twice, expected each once")
    return rows


def _no_row(row: Sequence[str], cells: Cells) -> str:
    """What is wrong with a line, to stand after its number."""
    if len(row) != len(cells):
        return f" has {len(row)} cells, expected {len(cells)}"
    pairs = zip(cells.items(), row, strict=True)
    name = next(name for (name, pattern), cell in pairs if not re.fullmatch(pattern, cell))
    return f": its {name} is none that eegssl writes"


def require_size(path: Path, metadata: pq.FileMetaData, n_rows: int | None = None) -> None:
    """Raise ArtifactError for rows that the size of a file, or its manifest, can't mean."""
    size, rows = path.stat().st_size, metadata.num_rows
    if n_rows is not None and rows != n_rows:
        raise damaged(path, f"it has {rows:,} rows, the manifest says {n_rows:,}")
    if rows > size:
        raise damaged(path, f"it has {rows:,} rows in {size:,} bytes; every row is one of its own")


def _require_few(path: Path, parquet: pq.ParquetFile, columns: Collection[str]) -> None:
    """Raise ArtifactError for more values in lists of these columns than any artifact has.

    All is scanned first, in little memory: where a description of columns is broken, that is an
    error of Arrow, while asking for their numbers of values would end the process.
    """
    for name in parquet.schema_arrow.names:
        if name in columns:
            parquet.scan_contents([name])
    groups = [parquet.metadata.row_group(k) for k in range(parquet.metadata.num_row_groups)]
    paths = [parquet.schema.column(k).path for k in range(len(parquet.schema))]
    leaves = [k for k, leaf in enumerate(paths) if leaf.split(".")[0] in columns]
    values = sum(group.column(k).num_values for group in groups for k in leaves)
    if values > MOST_VALUES:
        raise damaged(path, f"it has {values:,} values, expected at most {MOST_VALUES:,}")


def _require_columns(path: Path, names: Sequence[str], columns: Columns, *, others: bool) -> None:
    """Raise ArtifactError unless these are the columns, each once."""
    missing = [n for n, column in columns.items() if not column.optional and n not in names]
    surplus = [name for k, name in enumerate(names) if name in names[:k]]
    if not others:
        surplus += [name for name in names if name not in columns]
    if missing:
        raise damaged(path, f"it lacks column {', '.join(missing)}")
    if surplus:
        raise damaged(path, f"it has {len(surplus)} column(s) that it should not have, or twice")


def _leaves(values: pa.Array) -> Iterator[pa.Array]:
    """The plain values within lists and structs."""
    if pa.types.is_struct(values.type):
        for k in range(values.type.num_fields):
            yield from _leaves(values.field(k))
    elif pa.types.is_list(values.type):
        yield from _leaves(values.flatten())
    else:
        yield values

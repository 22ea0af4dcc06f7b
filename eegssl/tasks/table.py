"""Write, read, pool and list tables of predictions of every kind.

A table is a Parquet file, the only source of every score: a row for each thing that was predicted.
What scores need besides the rows stands as JSON in the file's own metadata, so that the one file
can be scored again anywhere, without model or recordings. A kind of task specifies its columns
(`TableSpec`) and reads them through a typed view (`View`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from eegssl.artifacts.atomic import hash_json
from eegssl.artifacts.json_parts import STRICT, JsonObject, in_words
from eegssl.artifacts.table_parts import require_size
from eegssl.corpus.audits.leaks import Times
from eegssl.errors import ArtifactError
from eegssl.regular_files import require_regular
from eegssl.tasks.table_spec import FIRST_SCHEMA, Array, Column, Table, TableSpec, View

_KEY = b"eegssl"
_LABELS = "labels"  # a table of this kind does not say its kind
_HASH = "split_hash"
_ARROW = {
    "str": pa.string(),
    "f8": pa.float64(),
    "f4": pa.float32(),
    "i4": pa.int32(),
    "i2": pa.int16(),
    "?": pa.bool_(),
}

_METADATA = TypeAdapter(JsonObject, config=STRICT)

V = TypeVar("V", bound=View)


def rows(view: View) -> Times:
    """The id of each row [n] and when it starts, for the audit of rows that come twice."""
    table, spec = view.as_table(), view.spec
    none = np.zeros(len(table))
    ids = zip(*(table.columns[name].tolist() for name in spec.ids), strict=True)
    return Times(
        [" ".join(map(str, names)) for names in ids],
        table.columns[spec.start] if spec.start else none,
        table.columns[spec.duration] if spec.duration else none,
    )


def stack_rows(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """The columns of several parts, one below the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def stack_tables(views: Sequence[V]) -> V:
    """The rows of all tables, one below the other; ``about`` and split are the first one's.

    Raises ArtifactError where they are of different tasks, settings or columns.
    """
    tables = [view.as_table() for view in views]
    first, spec = tables[0], tables[0].spec
    for k, table in enumerate(tables[1:], start=2):
        for what, one, other in _settings(first, table):
            if one != other:
                raise ArtifactError(
                    f"table 1 and table {k} differ in {what}: {one!r} and {other!r}; give tables "
                    "of one task, made with the same settings"
                )
    joined = {
        key: [item for table in tables for item in table.beside[key]]
        for key in set(spec.beside) - spec.naming
    }
    columns = stack_rows([table.columns for table in tables])
    return views[0].of_table(replace(first, columns=columns, beside=first.beside | joined))


def pool_tables(views: Sequence[V]) -> V:
    """The tables of several folds as one; no recording is in two of them.

    Raises ArtifactError where they are of different tasks, settings or columns, or of a kind whose
    tables are not pooled.
    """
    spec = views[0].spec
    if not spec.same:
        raise ArtifactError(
            f"tables of kind {spec.kind} can't be pooled: their scores compare patients of one "
            "analysis with each other; score each table by itself"
        )
    tables = [view.as_table() for view in views]
    whole = stack_tables([view.for_pooling() for view in views]).as_table()
    about = whole.about | {
        "folds": len(tables),
        "leaks": sorted({leak for table in tables for leak in table.about["leaks"]}),
    }
    about |= {key: [table.about[key] for table in tables] for key in spec.listed}
    split_hash = hash_json([table.split_hash for table in tables])
    return views[0].of_table(replace(whole, about=about, split_hash=split_hash))


def _settings(one: Table, other: Table) -> Iterator[tuple[str, Any, Any]]:
    """Yield what two tables of the same task must agree in."""
    yield "kind", one.spec.kind, other.spec.kind
    for key in one.spec.same:
        yield key, one.about.get(key), other.about.get(key)
    for key in sorted(one.spec.naming):
        yield key, one.beside[key], other.beside[key]
    yield "columns", sorted(one.columns), sorted(other.columns)


def write_table(path: Path, view: View) -> None:
    """Write a table. Raises ValueError where its columns are not those of its kind."""
    table, spec = view.as_table(), view.spec
    columns = spec.columns_of(table.beside)
    needed = {name for name, column in columns.items() if not column.optional}
    lengths = {len(values) for values in table.columns.values()}
    if not needed <= set(table.columns) <= set(columns) or len(lengths) != 1:
        raise ValueError(
            f"a table of kind {spec.kind} has columns {', '.join(columns)} of one length, "
            f"got {', '.join(table.columns)} of lengths {sorted(lengths)}"
        )
    arrays = {n: _stored(table.columns[n], c) for n, c in columns.items() if n in table.columns}
    if spec.split_hash == "column":
        arrays[_HASH] = pa.array([table.split_hash] * len(table), pa.string())
    metadata: dict[str, Any] = {"about": table.about, **table.beside}
    if spec.split_hash == "metadata":
        metadata[_HASH] = table.split_hash
    if spec.schema != FIRST_SCHEMA:
        metadata["schema"] = spec.schema
    document = json.dumps(metadata, sort_keys=spec.sort_keys, allow_nan=False)
    stored = pa.table(arrays).replace_schema_metadata({_KEY: document.encode()})
    pq.write_table(stored, path, compression=spec.compression)


def read_table(path: Path, view: type[V]) -> V:
    """Read a table of the kind of this view.

    Raises ArtifactError where it is of another kind or schema, or damaged.
    """
    spec = view.spec
    with _opened(path) as parquet:
        metadata, file = _metadata(path, parquet), parquet.read()
        file.validate(full=True)
    problem = next(_problems(spec, file, metadata), None)
    if problem:
        raise _refused(path, problem, spec)
    _require_metadata(path, file, spec)
    columns = spec.columns_of(metadata)
    hashes = file[_HASH].unique().to_pylist() if spec.split_hash == "column" else []
    table = Table(
        spec,
        {name: _loaded(file[name], c) for name, c in columns.items() if name in file.column_names},
        metadata["about"],
        {key: metadata[key] for key in spec.beside},
        metadata[_HASH] if spec.split_hash == "metadata" else "".join(hashes),
    )
    try:
        if spec.agreement:
            spec.agreement(table)
        return view.of_table(table)
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(path, str(error), spec) from None


def kind_of_table(path: Path) -> str:
    """The kind of task that a table is of. Raises ArtifactError for a file that is no table."""
    with _opened(path) as parquet:
        return _kind(_metadata(path, parquet))


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """An open Parquet file. Raises ArtifactError where it is none, or damaged."""
    try:
        with pq.ParquetFile(require_regular(path)) as parquet:
            require_size(path, parquet.metadata)
            yield parquet
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise _refused(path, f"it can't be read as Parquet ({type(error).__name__})") from None


def _metadata(path: Path, parquet: pq.ParquetFile) -> dict[str, Any]:
    """The metadata of a file. Raises ArtifactError where there are none."""
    raw = (parquet.schema_arrow.metadata or {}).get(_KEY, b"")
    try:
        metadata = _METADATA.validate_json(raw)
    except ValidationError:
        raise _refused(path, "its metadata don't describe predictions of eegssl") from None
    if not isinstance(metadata.get("about"), dict):
        raise _refused(path, "its metadata lack 'about'")
    return metadata


def _require_metadata(path: Path, file: pa.Table, spec: TableSpec) -> None:
    """Raise ArtifactError where what stands beside the rows is not as its schema says."""
    if spec.metadata:
        try:
            spec.metadata.validate_json(file.schema.metadata[_KEY])
        except ValidationError as error:
            raise _refused(path, f"its metadata: {in_words(error)}", spec) from None


def _kind(metadata: Mapping[str, Any]) -> str:
    return str(metadata["about"].get("kind", _LABELS))


def _refused(path: Path, problem: str, spec: TableSpec | None = None) -> ArtifactError:
    which = f" of kind {spec.kind}" if spec else ""
    command = spec.made_by if spec else "eegssl evaluate"
    return ArtifactError(
        f"{path} is no predictions table{which} that this version of eegssl reads: {problem}; "
        f"give the predictions.parquet that {command!r} wrote, or make it again"
    )


def _problems(spec: TableSpec, file: pa.Table, metadata: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a file: what was found, and what was expected."""
    kind, schema = _kind(metadata), metadata.get("schema", FIRST_SCHEMA)
    if kind != spec.kind:
        yield f"its kind is {kind!r}, expected {spec.kind!r}"
    if schema != spec.schema:
        yield f"its schema is {schema}, expected {spec.schema}"
    inside = [f"about.{key}" for key in spec.about if key not in metadata["about"]]
    beside = [key for key in (*spec.beside, "about") if key not in metadata]
    if spec.split_hash == "metadata" and not isinstance(metadata.get(_HASH), str):
        beside.append(_HASH)
    if inside or beside:
        yield f"its metadata lack {', '.join([*inside, *beside])}"
    for key in spec.naming:
        if not isinstance(metadata[key], list):
            yield f"{key} of its metadata is {type(metadata[key]).__name__}, expected a list"
    columns = spec.columns_of(metadata)
    if spec.split_hash == "column":
        columns[_HASH] = Column(_HASH, "str")
    names = file.column_names
    missing = [n for n, c in columns.items() if n not in names and not c.optional]
    if missing:
        yield f"it lacks column(s) {', '.join(missing)}"
    extra = [n for k, n in enumerate(names) if n not in columns or n in names[:k]]
    if extra:
        yield f"it has column(s) {', '.join(extra)}, expected only {', '.join(columns)}"
    for name in names:
        yield from _column_problems(name, file[name], columns[name], metadata)
    if spec.split_hash == "column" and (n := len(file[_HASH].unique())) > 1:
        yield f"its rows are of {n} splits, expected one split_hash"


def _column_problems(
    name: str, values: pa.ChunkedArray, column: Column, metadata: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what is wrong with one column."""
    expected = _ARROW[column.dtype]
    if column.width:
        expected = pa.list_(expected, len(metadata[column.width]))
    if values.type != expected:
        yield f"column {name} holds {values.type}, expected {expected}"
    if values.null_count:
        yield f"column {name} has {values.null_count} empty value(s), expected none"
    if values.type != expected or not pa.types.is_primitive(expected) or column.dtype == "?":
        return
    numbers = values.to_numpy()
    if column.finite and (n := int((~np.isfinite(numbers)).sum())):
        yield f"column {name} has {n} value(s) that are not finite, expected none"
    if n := int(((numbers < column.least) | (numbers > column.most)).sum()):
        yield f"column {name} has {n} value(s) outside {column.least:g} … {column.most:g}"


def _stored(values: Array, column: Column) -> pa.Array:
    if column.dtype == "str":
        return pa.array(values.tolist(), pa.string())
    encoded = np.ascontiguousarray(column.encode(values)).astype(column.dtype, copy=False)
    flat = pa.array(encoded.ravel())
    return pa.FixedSizeListArray.from_arrays(flat, encoded.shape[-1]) if column.width else flat


def _loaded(values: pa.ChunkedArray, column: Column) -> Array:
    if not column.width:
        return column.decode(values.to_numpy())
    width = values.type.list_size
    return column.decode(values.combine_chunks().flatten().to_numpy().reshape(-1, width))

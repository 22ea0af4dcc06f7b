"""Ways to alter the parts of an artifact: each is a name and what it does to the folder.

Of every JSON file each field, of every table each column, of tensors and arrays each kind of lie.
"""

import copy
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from altered_arrays import Alter, Alteration, of_array, of_tensors, written
from resigned import sign_files, sign_manifest

GONE = object()
"""Stands for a field that is taken out."""
NESTED: Any = []
for _ in range(90):
    NESTED = [NESTED]
VALUES: dict[str, Any] = {
    "gone": GONE,
    "null": None,
    "text": "../x",
    "object": {},
    "list": [NESTED],
    "negative": -1,
    "huge": 10**30,
    "large": 10**12,
    "nan": float("nan"),
    "half": 0.5,
}
FEW = ("gone", "list")
"""What is tried of fields that nobody reads, and of all others."""
OTHERS = tuple(word for word in VALUES if word not in FEW)
AT_ONCE = 2
"""So many others are tried of one field; all of them take turns."""
READ = {
    "config": ("corpus", "cross", "filter", "montage", "task"),
    "facts": (
        *("files", "accepted", "refused", "recordings", "subjects", "events", "split_by"),
        *("synthetic", "within_subject", "warnings", "concerns", "statistics", "montages"),
        *("n_codes", "patch_samples", "patches_per_window", "window_s", "sfreq_hz", "task"),
        *("adaptation", "encoder_weights", "labels_permuted", "classes", "threshold"),
        *("postprocess", "temperature"),
    ),
}
"""The settings and facts of a manifest that stages read; others are for people."""
SHALLOW = ("manifest.json", "fingerprint.json", "metrics.json")
"""Files of which, beside the artifact's own manifest, little is read."""
MOST_ALIKE = 2
"""Of fields or columns of one type that lie side by side so many are altered."""


def of_json(folder: Path, name: str) -> Iterator[Alteration]:
    """Alter each field of a JSON file, add one, and make it no JSON."""
    value = json.loads((folder / name).read_text())
    for place in places(value):
        if len(place) > (2 if Path(name).name in SHALLOW else 4):
            continue
        for word in words_for(name, place):
            new = VALUES[word]
            if at(value, place) != new:
                yield f"{name}: {'.'.join(map(str, place)) or 'all'} {word}", _set(name, place, new)
    if isinstance(value, dict):
        yield f"{name}: one key more", _set(name, ("altered",), 1)
    for word, text in (("nested", "[" * 9000), ("empty", ""), ("bytes", "\xff\0")):
        yield f"{name}: {word}", written(name, text.encode("latin-1"))


def of_manifest(folder: Path) -> Iterator[Alteration]:
    """Alter each field of the manifest, whose id is made right."""
    value = json.loads((folder / "manifest.json").read_text())
    for place in places(value):
        if place[:1] == ("id",):
            continue
        read = len(place) < 2 or place[0] not in READ or place[1] in READ[place[0]]
        if not read and len(place) > 2:
            continue
        for word in words_for("manifest.json", place) if read else FEW:
            if at(value, place) != VALUES[word]:
                name = f"manifest.json: {'.'.join(map(str, place)) or 'all'} {word}"
                yield name, _set_manifest(place, VALUES[word])
    for name in value["files"]:
        yield f"manifest.json: without {name}", _set_manifest(("files", name), GONE)


def of_lines(folder: Path, name: str) -> Iterator[Alteration]:
    """Alter each field of the first line of a file of JSON lines."""
    first = (folder / name).read_text().splitlines()[0]
    value = json.loads(first)
    for place in places(value):
        for word in words_for(name, place):
            changed = changed_at(value, place, VALUES[word])
            line = json.dumps(changed)
            yield f"{name}: {'.'.join(map(str, place))} {word}", written(name, f"{line}\n".encode())
    yield f"{name}: empty", written(name, b"")
    yield f"{name}: nested", written(name, b"[" * 9000)


def of_parquet(folder: Path, name: str) -> Iterator[Alteration]:
    """Alter each column of a Parquet table, its rows, and its columns."""
    table = pq.read_table(folder / name)
    for field in table.schema:
        for word, values in _columns(table, field):
            yield f"{name}: {field.name} {word}", _column(name, field.name, values)
    yield f"{name}: one column more", _table(name, lambda t: t.append_column("altered", _ones(t)))
    first = table.column_names[0]
    yield (
        f"{name}: a column twice",
        _table(name, lambda t: t.append_column(first, t.column(0))),
    )
    yield f"{name}: no rows", _table(name, lambda t: t.slice(0, 0))
    yield f"{name}: rows twice", _table(name, lambda t: pa.concat_tables([t, t]))
    yield f"{name}: many rows", _table(name, _many)
    yield f"{name}: cut", lambda folder: written(name, (folder / name).read_bytes()[:-40])(folder)


def of_tsv(folder: Path, name: str) -> Iterator[Alteration]:
    """Alter each column of a TSV."""
    header, *rows = [line.split("\t") for line in (folder / name).read_text().splitlines()]
    rows = rows or [["x"] * len(header)]
    for k, column in enumerate(header):
        for word in ("", "../x", "nan", "-1", "1e400"):
            row = [*rows[0][:k], word, *rows[0][k + 1 :]]
            yield f"{name}: {column} {word!r}", _lines(name, [header, row, *rows[1:]])
        without = [[*line[:k], *line[k + 1 :]] for line in (header, *rows)]
        yield f"{name}: without {column}", _lines(name, without)
    twice = [[*line, line[-1]] for line in (header, *rows)]
    yield f"{name}: a column twice", _lines(name, twice)
    yield f"{name}: a cell more", _lines(name, [header, [*rows[0], "x"], *rows[1:]])
    yield f"{name}: row twice", _lines(name, [header, *rows, rows[0]])
    yield f"{name}: empty", written(name, b"")
    yield f"{name}: no text", written(name, b"\xff\xfe")


def words_for(name: str, place: tuple[Any, ...]) -> list[str]:
    """The values that are tried at a place of a file, always the same ones."""
    first = zlib.crc32(f"{name} {place}".encode()) % len(OTHERS)
    return [*FEW, *(OTHERS[(first + 3 * k) % len(OTHERS)] for k in range(AT_ONCE))]


def altered(folder: Path, alteration: Alteration) -> None:
    """Alter a folder, and sign what was altered; a manifest signs itself."""
    name, alter = alteration
    alter(folder)
    if not name.startswith("manifest.json"):
        sign_files(folder)


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of fields in a JSON value, a few of those that are alike."""
    yield place
    items = enumerate(value) if isinstance(value, list) else ()
    items = value.items() if isinstance(value, dict) else items
    seen: dict[str, int] = {}
    alike = isinstance(value, list) or len(place) > 1 or place == ("files",)
    for key, inner in items:
        kind = type(inner).__name__
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= MOST_ALIKE or not alike:
            yield from places(inner, (*place, key))


def at(value: Any, place: tuple[Any, ...]) -> Any:
    """What stands at a place."""
    for key in place:
        value = value[key]
    return value


def changed_at(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """The value with something else at a place."""
    if not place:
        return None if new is GONE else new
    value = copy.deepcopy(value)
    holder = at(value, place[:-1])
    if new is GONE:
        del holder[place[-1]]
    else:
        holder[place[-1]] = new
    return value


def _set(name: str, place: tuple[Any, ...], new: Any) -> Alter:
    def alter(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps(changed_at(json.loads(path.read_text()), place, new)))

    return alter


def _set_manifest(place: tuple[Any, ...], new: Any) -> Alter:
    def alter(folder: Path) -> None:
        if not place:
            _set("manifest.json", place, new)(folder)
            return

        def change(manifest: dict[str, Any]) -> None:
            other = changed_at(manifest, place, new)
            manifest.clear()
            manifest.update(other)

        sign_manifest(folder, change)

    return alter


def _lines(name: str, rows: list[list[str]]) -> Alter:
    return written(name, "".join("\t".join(row) + "\n" for row in rows).encode())


def _columns(table: pa.Table, field: pa.Field) -> Iterator[tuple[str, pa.Array | None]]:
    """Other values of a column; None: it is taken out."""
    n = table.num_rows
    yield "gone", None
    yield "null", pa.nulls(n, field.type)
    if pa.types.is_string(field.type):
        yield "climbs", pa.array(["../../x"] * n)
        yield "large", pa.array(["x" * 100_000] * n)
        yield "numbers", _ones(table)
        return
    yield "text", pa.array(["x"] * n)
    if pa.types.is_list(field.type):
        yield "empty lists", pa.array([[] for _ in range(n)], field.type)
        if pa.types.is_string(field.type.value_type):
            yield "list of text", pa.array([["../x"]] * n, field.type)
            yield "null in a list", pa.array([[None]] * n, field.type)
    for word, value in (("zero", 0), ("negative", -1), ("large", 10**12), ("nan", np.nan)):
        if pa.types.is_integer(field.type) and value == value:
            yield word, pa.array([value] * n, pa.int64()).cast(field.type, safe=False)
        if pa.types.is_floating(field.type):
            yield word, pa.array([float(value)] * n, field.type)
    if pa.types.is_floating(field.type):
        yield "infinite", pa.array([np.inf] * n, field.type)


def _ones(table: pa.Table) -> pa.Array:
    return pa.array(np.ones(table.num_rows, np.int64))


def _column(name: str, column: str, values: pa.Array | None) -> Alter:
    def change(table: pa.Table) -> pa.Table:
        place = table.column_names.index(column)
        return (
            table.remove_column(place)
            if values is None
            else table.set_column(place, column, values)
        )

    return _table(name, change)


def _table(name: str, change: Callable[[pa.Table], pa.Table]) -> Alter:
    def alter(folder: Path) -> None:
        table = pq.read_table(folder / name)
        metadata = table.schema.metadata
        changed = change(table).replace_schema_metadata(metadata)
        pq.write_table(changed, folder / name, compression="zstd")

    return alter


def _many(table: pa.Table) -> pa.Table:
    return table.take(pa.array(np.zeros(300_000, np.int64)))


READERS: dict[str, Callable[[Path, str], Iterator[Alteration]]] = {
    ".json": of_json,
    ".jsonl": of_lines,
    ".parquet": of_parquet,
    ".tsv": of_tsv,
    ".safetensors": of_tensors,
    ".npy": of_array,
}


def alterations(folder: Path) -> Iterator[Alteration]:
    """Every alteration of every part of an artifact, one file of each bulk folder among them."""
    manifest = json.loads((folder / "manifest.json").read_text())
    yield from of_manifest(folder)
    names = [name for name in manifest["files"] if Path(name).suffix in READERS]
    names += [
        sorted(path.relative_to(folder).as_posix() for path in (folder / bulk).iterdir())[0]
        for bulk, table in manifest["bulk"].items()
        if table
    ]
    for name in names:
        yield from READERS[Path(name).suffix](folder, name)

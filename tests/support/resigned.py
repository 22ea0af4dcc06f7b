"""Sign an artifact anew after a test has altered it, as somebody who means harm would."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from eegssl.artifacts.atomic import hash_json

SUFFIXES = {"signals": ".safetensors", "codes": ".npy", "entropies": ".npy"}


def sign_manifest(
    folder: Path, change: Callable[[dict[str, Any]], object] = lambda m: None
) -> None:
    """Change the manifest and make its id right; what can't be hashed keeps its id."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    body = {key: value for key, value in manifest.items() if key != "id"}
    with contextlib.suppress(ValueError):
        manifest["id"] = hash_json(body)
    path.write_text(json.dumps(manifest))


def with_fact(made: Path, to: Path, place: tuple[str, ...], value: object) -> Path:
    """A copy of an artifact whose manifest says something else at a place of its facts."""
    folder = Path(shutil.copytree(made, to))

    def change(manifest: dict[str, Any]) -> None:
        holder = manifest["facts"]
        for key in place[:-1]:
            holder = holder[key]
        assert holder[place[-1]] != value
        holder[place[-1]] = value

    sign_manifest(folder, change)
    return folder


def sign_files(folder: Path) -> None:
    """Make sizes and hashes of all files right: in the manifest, and in tables of bulk folders."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for bulk, table in manifest["bulk"].items():
        if table:
            _sign_bulk(folder, bulk, table)

    def listed(manifest: dict[str, Any]) -> None:
        for name in manifest["files"]:
            manifest["files"][name] = _size_and_hash(folder / name)

    sign_manifest(folder, listed)


def _sign_bulk(folder: Path, bulk: str, name: str) -> None:
    """Make the columns ``bytes`` and ``sha256`` of a table right, where the table allows it."""
    try:
        table = pq.ParquetFile(folder / name).read()
    except pa.ArrowInvalid:
        return
    if any(table.column_names.count(key) != 1 for key in ("recording", "bytes", "sha256")):
        return
    ids = table["recording"].to_pylist()
    files = {id_: folder / bulk / f"{id_}{SUFFIXES[bulk]}" for id_ in set(ids)}
    if not all(map(os.path.isfile, files.values())):
        return
    hashes = {id_: _size_and_hash(file) for id_, file in files.items()}
    signed = [hashes[id_] for id_ in ids]
    for key in ("bytes", "sha256"):
        place = table.column_names.index(key)
        if table.schema.field(key).type in (pa.int64(), pa.string()):
            table = table.set_column(place, key, pa.array([row[key] for row in signed]))
    pq.write_table(table, folder / name)


def _size_and_hash(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

"""Check folders of many files, which a table lists."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from eegssl.artifacts.files.packs import INDEX, by_pack, check_packs, is_packed, read_index
from eegssl.artifacts.files.part_files import check_file, inside
from eegssl.artifacts.json_parts import damaged
from eegssl.artifacts.manifest import MANIFEST, Artifact, Manifest, is_beside
from eegssl.artifacts.table_parts import INT, RECORDING, TEXT, Column, Columns, read_table

BULK_COLUMNS: Columns = {
    "recording": RECORDING,
    "bytes": Column(INT, least=0),
    "sha256": Column(TEXT, pattern="[0-9a-f]{64}"),
}
"""Those of every table that lists the files of a bulk folder."""
PACKABLE = "signals"
"""The folder whose files may be packed."""
_SUFFIXES = {PACKABLE: ".safetensors", "codes": ".npy", "entropies": ".npy"}


def check_bulk(path: Path, manifest: Manifest, *, hashes: bool) -> None:
    """Raise ArtifactError unless all bulk files have the size (and hash) that their table lists."""
    for folder, table in manifest.bulk.items():
        if not table:
            continue
        if table not in manifest.files or folder not in _SUFFIXES:
            raise damaged(path / MANIFEST, f"bulk.{folder}: no such folder, or none of its files")
        parent, rows = inside(path, folder), read_table(path / table, BULK_COLUMNS, others=True)
        if folder == PACKABLE and is_packed(parent):
            digests = digests_of(rows) if hashes else None
            check_packs(parent, read_index(parent, sizes_of(rows)), digests)
        else:
            _check_files(parent, _SUFFIXES[folder], rows, hashes=hashes)


def _check_files(folder: Path, suffix: str, rows: pa.Table, *, hashes: bool) -> None:
    names = [f"{id_}{suffix}" for id_ in rows["recording"].to_pylist()]
    sizes = rows["bytes"].to_pylist()
    if not hashes and _are_there(folder, names, sizes):
        return
    digests = rows["sha256"].to_pylist() if hashes else [None] * len(names)
    for name, size, digest in zip(names, sizes, digests, strict=True):
        check_file(f"{folder}/{name}", size, digest)


def sizes_of(rows: pa.Table) -> dict[str, int]:
    """Recording -> bytes of its file, of a table with these columns."""
    return _by_recording(rows, "bytes")


def digests_of(rows: pa.Table) -> dict[str, str]:
    """Recording -> SHA-256 of its file, likewise."""
    return _by_recording(rows, "sha256")


def _by_recording(rows: pa.Table, column: str) -> dict[str, Any]:
    return dict(zip(rows["recording"].to_pylist(), rows[column].to_pylist(), strict=True))


def _are_there(folder: Path, names: Sequence[str], sizes: Sequence[int]) -> bool:
    """Tell if a folder has regular files of these names and sizes; there may be 100,000."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        for name, size in zip(names, sizes, strict=True):
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if status.st_size != size or not stat.S_ISREG(status.st_mode):
                return False
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def count_unlisted_files(artifact: Artifact) -> int:
    """Count the files that are neither the artifact's nor beside it, which nobody has checked."""
    manifest, folder = artifact.manifest, artifact.path
    listed = {MANIFEST, *manifest.files}
    for bulk, table in manifest.bulk.items():
        if table:
            rows = read_table(folder / table, BULK_COLUMNS, others=True)
            listed |= {f"{bulk}/{name}" for name in _names(folder / bulk, rows)}
    apart = {bulk for bulk, table in manifest.bulk.items() if not table}
    paths = [p for p in folder.rglob("*") if p.is_file() or p.is_symlink()]
    names = [path.relative_to(folder).as_posix() for path in paths]
    unlisted = [name for name in names if name not in listed and not is_beside(name)]
    return sum(name.split("/")[0] not in apart for name in unlisted)


def _names(folder: Path, rows: pa.Table) -> list[str]:
    """Names of the files of a bulk folder: one a recording, or packs and their index."""
    sizes = sizes_of(rows)
    if folder.name == PACKABLE and is_packed(folder):
        return [INDEX, *(name for name, _ in by_pack(read_index(folder, sizes)))]
    return [f"{id_}{_SUFFIXES[folder.name]}" for id_ in sizes]

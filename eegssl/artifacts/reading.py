"""Open artifacts, checking their manifest and files."""

import difflib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eegssl.artifacts.atomic import hash_file
from eegssl.artifacts.json_parts import HASHED_ID, damaged, read_part
from eegssl.artifacts.locks.draft_lock import LOCK
from eegssl.artifacts.manifest import MADE_BY, MANIFEST, PLAN, SEEN, Artifact, Manifest, is_beside
from eegssl.artifacts.table_parts import INT, TEXT, Column, Columns, arrow_schema, read_table
from eegssl.errors import ArtifactError


def load(path: Path, kind: str) -> Artifact:
    """Open an artifact of this kind and check its files: size and hash, of bulk files the size.

    Raises ArtifactError if it is missing, unfinished, of another kind or schema, or damaged.
    """
    manifest = read_manifest(path, kind)
    if manifest.kind != kind:
        raise ArtifactError(f"{path} holds {manifest.kind}; expected {_in_words(kind)}")
    for name, (size, digest) in manifest.files.items():
        check_file(inside(path, name), size, digest)
    check_bulk(path, manifest, hashes=False)
    return Artifact(path, _with_sketches(path, manifest))


def _with_sketches(path: Path, manifest: Manifest) -> Manifest:
    """The manifest with the sketches of all recordings that the artifact was fitted on."""
    if SEEN not in manifest.files:
        return manifest
    sketches, fitted_on = sketches_of(read_table(path / SEEN, SEEN_COLUMNS)), manifest.fitted_on
    if sketches.keys() != set(fitted_on.recordings):
        raise damaged(path / SEEN, f"its recordings are not those of fitted_on in {MANIFEST}")
    return replace(manifest, fitted_on=replace(fitted_on, sketches=sketches))


RECORDING = Column(TEXT, pattern=HASHED_ID, unique=True)
SKETCH = Column(pa.list_(pa.uint32()))
SEEN_COLUMNS: Columns = {"recording": RECORDING, "sketch": SKETCH}
"""Those of `SEEN`."""
BULK_COLUMNS: Columns = {
    "recording": RECORDING,
    "bytes": Column(INT, least=0),
    "sha256": Column(TEXT, pattern="[0-9a-f]{64}"),
}
"""Those of every table that lists the files of a bulk folder."""
_SUFFIXES = {"signals": ".safetensors", "codes": ".npy", "entropies": ".npy"}


def write_sketches(path: Path, sketches: Mapping[str, NDArray[np.uint32]]) -> None:
    """Write a table of recordings and sketches of their waveforms, sorted by id."""
    rows = sorted(sketches)
    columns = {"recording": rows, "sketch": [sketches[id_] for id_ in rows]}
    pq.write_table(pa.table(columns, schema=arrow_schema(SEEN_COLUMNS)), path)


def sketches_of(table: pa.Table) -> dict[str, NDArray[np.uint32]]:
    """Recording -> sketch, of a table with columns ``recording`` and ``sketch``."""
    lists = table["sketch"].combine_chunks()
    values, ends = np.from_dlpack(lists.values), np.from_dlpack(lists.offsets)
    pieces = [values[a:b] for a, b in pairwise(ends.tolist())]
    return dict(zip(table["recording"].to_pylist(), pieces, strict=True))


def check_bulk(path: Path, manifest: Manifest, *, hashes: bool) -> None:
    """Raise ArtifactError unless all bulk files have the size (and hash) that their table lists."""
    for folder, table in manifest.bulk.items():
        if not table:
            continue
        if table not in manifest.files or folder not in _SUFFIXES:
            raise damaged(path / MANIFEST, f"bulk.{folder}: no such folder, or none of its files")
        parent, suffix = inside(path, folder), _SUFFIXES[folder]
        rows = read_table(path / table, BULK_COLUMNS, others=True)
        names = [f"{id_}{suffix}" for id_ in rows["recording"].to_pylist()]
        sizes = rows["bytes"].to_pylist()
        if not hashes and _are_there(parent, names, sizes):
            continue
        digests = rows["sha256"].to_pylist() if hashes else [None] * len(names)
        for name, size, digest in zip(names, sizes, digests, strict=True):
            check_file(f"{parent}/{name}", size, digest)


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
            ids = read_table(folder / table, {"recording": RECORDING}, others=True)["recording"]
            listed |= {f"{bulk}/{id_}{_SUFFIXES[bulk]}" for id_ in ids.to_pylist()}
    apart = {bulk for bulk, table in manifest.bulk.items() if not table}
    paths = [p for p in folder.rglob("*") if p.is_file() or p.is_symlink()]
    names = [path.relative_to(folder).as_posix() for path in paths]
    unlisted = [name for name in names if name not in listed and not is_beside(name)]
    return sum(name.split("/")[0] not in apart for name in unlisted)


def inside(folder: Path, name: str) -> Path:
    """The path of a part of an artifact; ``name`` is one that a manifest may hold.

    Raises ArtifactError where a link lies on the way: it may lead anywhere. The folder itself may
    be one, as where it lies on another disk.
    """
    path = folder
    for part in name.split("/"):
        path /= part
        if path.is_symlink():
            raise _a_link(path)
    return path


def _a_link(path: Path | str) -> ArtifactError:
    return ArtifactError(
        f"{path} is a link: eegssl makes none in an artifact, and follows none; put the file "
        "itself there"
    )


def check_file(path: Path | str, size: int, digest: str | None) -> None:
    """Raise ArtifactError unless it is a file of this size (and SHA-256, if given), no link."""
    try:
        status = os.lstat(path)
    except OSError:
        status = None
    if status and stat.S_ISLNK(status.st_mode):
        raise _a_link(path)
    if status is None or not stat.S_ISREG(status.st_mode):
        raise ArtifactError(f"{path} is missing; the manifest of its folder lists it")
    if status.st_size != size:
        raise ArtifactError(f"{path} is damaged: {status.st_size} bytes, the manifest says {size}")
    if digest is not None and (digest_now := hash_file(Path(path))) != digest:
        raise ArtifactError(
            f"{path} is damaged: SHA-256 {digest_now[:12]}…, the manifest says {digest[:12]}…"
        )


def read_manifest(path: Path, kind: str = "") -> Manifest:
    """Read and check ``manifest.json``, not the files that it lists; ``kind`` is what is wanted.

    Raises ArtifactError if it is missing, damaged or of another schema.
    """
    wanted = f"expected {_in_words(kind)}"
    if path.is_file():
        raise ArtifactError(f"{path} is a file; {wanted}, which is a folder")
    if not path.is_dir():
        raise ArtifactError(f"there is no folder {path}{_near(path)}; {wanted}")
    source = path / MANIFEST
    if not source.exists():
        if (path / PLAN).exists() or (path / LOCK).exists():
            raise ArtifactError(
                f"{path} is unfinished: run the command that makes it again; it goes on from there"
            )
        raise ArtifactError(f"{path} is no eegssl artifact: it has no {MANIFEST}; {wanted}")
    manifest = Manifest.from_json(read_part(inside(path, MANIFEST)), source)
    try:
        digest = manifest.digest()
    except ValueError:
        raise damaged(source, "a number in it is not finite, or too long") from None
    if digest != manifest.id:
        raise ArtifactError(
            f"{source} was edited or damaged: its content hashes to {digest[:12]}…, "
            f"it says {manifest.id[:12]}…"
        )
    return manifest


def _in_words(kind: str) -> str:
    """A kind of artifact and the command that makes it."""
    if kind not in MADE_BY:
        return kind or "an eegssl artifact"
    name, command = MADE_BY[kind]
    return f"{name}, as made by `eegssl {command}`"


def _near(path: Path) -> str:
    """An artifact beside a path that isn't there, of nearly its name."""
    try:
        names = [entry.parent.name for entry in path.parent.glob(f"*/{MANIFEST}")]
    except OSError:
        return ""
    close = difflib.get_close_matches(path.name, names, n=1)
    return f" (did you mean {path.with_name(close[0])}?)" if close else ""


def require_parent(child: Artifact, parents: Sequence[Artifact], kind: str) -> None:
    """Raise ArtifactError unless ``child`` was made from exactly these parents of ``kind``."""
    expected = sorted(id_ for k, id_ in child.manifest.inputs if k == kind)
    ids = sorted(parent.manifest.id for parent in parents)
    if expected != ids:
        paths = ", ".join(str(parent.path) for parent in parents)
        raise ArtifactError(
            f"{child.path} was made from {kind} {_short(expected)}, but {paths} is {_short(ids)}; "
            f"give the {kind} that it was made from, or make it anew from these"
        )


def _short(ids: Sequence[str]) -> str:
    return ", ".join(f"{id_[:12]}…" for id_ in ids) or "(none)"

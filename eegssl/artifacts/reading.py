"""Open artifacts, checking their manifest and files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eegssl import __version__
from eegssl.artifacts.atomic import hash_file
from eegssl.artifacts.draft_lock import LOCK
from eegssl.artifacts.manifest import (
    MANIFEST,
    PLAN,
    SCHEMA_VERSION,
    SEEN,
    Artifact,
    Manifest,
)
from eegssl.errors import ArtifactError
from eegssl.regular_files import read_text, require_regular


def load(path: Path, kind: str) -> Artifact:
    """Open an artifact of this kind and check its files: size and hash, of bulk files the size.

    Raises ArtifactError if it is missing, unfinished, of another kind or schema, or damaged.
    """
    manifest = read_manifest(path)
    if manifest.kind != kind:
        raise ArtifactError(f"{path} holds {manifest.kind}; {kind} was expected here")
    for name, (size, digest) in manifest.files.items():
        check_file(path / name, size, digest)
    check_bulk(path, manifest, hashes=False)
    if SEEN in manifest.files:
        fitted_on = replace(manifest.fitted_on, sketches=read_sketches(path / SEEN))
        manifest = replace(manifest, fitted_on=fitted_on)
    return Artifact(path, manifest)


def write_sketches(path: Path, sketches: Mapping[str, NDArray[np.uint32]]) -> None:
    """Write a table of recordings and sketches of their waveforms, sorted by id."""
    rows = sorted(sketches)
    columns = {
        "recording": pa.array(rows, pa.string()),
        "sketch": pa.array([sketches[id_] for id_ in rows], pa.list_(pa.uint32())),
    }
    pq.write_table(pa.table(columns), path)


def read_sketches(path: Path) -> dict[str, NDArray[np.uint32]]:
    """Recording -> sketch, from any table with columns ``recording`` and ``sketch``."""
    table = pq.read_table(require_regular(path), columns=["recording", "sketch"])
    lists = table["sketch"].combine_chunks()
    values, ends = lists.values.to_numpy(), lists.offsets.to_numpy()
    pieces = [values[a:b] for a, b in pairwise(ends.tolist())]
    return dict(zip(table["recording"].to_pylist(), pieces, strict=True))


def check_bulk(path: Path, manifest: Manifest, *, hashes: bool) -> None:
    """Raise ArtifactError unless all bulk files have the size (and hash) that their table lists."""
    for folder, table in manifest.bulk.items():
        if not table:
            continue
        suffix = next((p.suffix for p in (path / folder).glob("r-*")), "")
        columns = ["recording", "bytes", "sha256"]
        for row in pq.read_table(require_regular(path / table), columns=columns).to_pylist():
            file = path / folder / f"{row['recording']}{suffix}"
            check_file(file, row["bytes"], row["sha256"] if hashes else None)


def check_file(path: Path, size: int, digest: str | None) -> None:
    """Raise ArtifactError unless the file has this size (and, if given, this SHA-256)."""
    if not path.is_file():
        raise ArtifactError(f"{path} is missing; the manifest of its folder lists it")
    size_now = path.stat().st_size
    if size_now != size:
        raise ArtifactError(f"{path} is damaged: {size_now} bytes, the manifest says {size}")
    if digest is not None and (digest_now := hash_file(path)) != digest:
        raise ArtifactError(
            f"{path} is damaged: SHA-256 {digest_now[:12]}…, the manifest says {digest[:12]}…"
        )


def read_manifest(path: Path) -> Manifest:
    """Read and check ``manifest.json``, not the files that it lists.

    Raises ArtifactError if it is missing, damaged or of another schema.
    """
    if not path.is_dir():
        raise ArtifactError(f"{path} is no folder; an eegssl artifact was expected here")
    source = path / MANIFEST
    if not source.exists():
        if (path / PLAN).exists() or (path / LOCK).exists():
            raise ArtifactError(
                f"{path} is unfinished: run the command that makes it again; it goes on from there"
            )
        raise ArtifactError(f"{path} is no eegssl artifact: it has no {MANIFEST}")
    try:
        manifest = Manifest.from_json(json.loads(read_text(source)))
    except OSError as error:
        raise ArtifactError(f"{source} can't be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArtifactError(f"{source} is damaged: {type(error).__name__} in reading it") from None
    if manifest.schema_version != SCHEMA_VERSION:
        raise ArtifactError(
            f"{source} has schema {manifest.schema_version}; "
            f"this eegssl ({__version__}) reads schema {SCHEMA_VERSION}"
        )
    if manifest.digest() != manifest.id:
        raise ArtifactError(
            f"{source} was edited or damaged: its content hashes to {manifest.digest()[:12]}…, "
            f"it says {manifest.id[:12]}…"
        )
    return manifest


def require_parent(child: Artifact, parents: Sequence[Artifact], kind: str) -> None:
    """Raise ArtifactError unless ``child`` was made from exactly these parents of ``kind``."""
    expected = sorted(id_ for k, id_ in child.manifest.inputs if k == kind)
    ids = sorted(parent.manifest.id for parent in parents)
    if expected != ids:
        paths = ", ".join(str(parent.path) for parent in parents)
        raise ArtifactError(
            f"{child.path} was made from {kind} {_short(expected)}, but {paths} is {_short(ids)}"
        )


def _short(ids: Sequence[str]) -> str:
    return ", ".join(f"{id_[:12]}…" for id_ in ids) or "(none)"

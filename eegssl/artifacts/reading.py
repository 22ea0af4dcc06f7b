"""Open artifacts, checking their manifest and files."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eegssl.artifacts.files.bulk_files import check_bulk
from eegssl.artifacts.files.part_files import check_file, inside
from eegssl.artifacts.json_parts import damaged, read_part
from eegssl.artifacts.locks.draft_lock import LOCK
from eegssl.artifacts.manifest import MADE_BY, MANIFEST, PLAN, SEEN, Artifact, Manifest
from eegssl.artifacts.table_parts import RECORDING, Column, Columns, arrow_schema, read_table
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


SKETCH = Column(pa.list_(pa.uint32()))
SEEN_COLUMNS: Columns = {"recording": RECORDING, "sketch": SKETCH}
"""Those of `SEEN`."""


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

"""The disk contract: a folder that says what it is, checked when it is read.

``manifest.json`` is written last and atomically, so its presence means *complete*; how a folder
is made is in :mod:`eegssl.artifacts.writer`.

No wall-clock time is written anywhere: the same inputs and settings give the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eegssl import __version__
from eegssl.artifacts.atomic import hash_file, hash_json
from eegssl.errors import ArtifactError

SCHEMA_VERSION = 3
MANIFEST = "manifest.json"
PLAN = "eegssl-plan.json"
SEEN = "seen.parquet"
"""Sketches of the waveforms that an artifact was fitted on: recording, sketch."""


@dataclass(frozen=True)
class FittedOn:
    """Whose data an artifact was fitted on, everything upstream included (hashed ids)."""

    subjects: tuple[str, ...] = ()
    recordings: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    """Pairs of ids of one person: another name's, and the one in ``subjects``."""
    sketches: Mapping[str, NDArray[np.uint32]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """Recording -> sketch of its waveform (`eegssl.signal.waveform`); kept in a file apart."""

    def __or__(self, other: "FittedOn") -> "FittedOn":
        return FittedOn(
            tuple(sorted({*self.subjects, *other.subjects})),
            tuple(sorted({*self.recordings, *other.recordings})),
            tuple(sorted({*self.aliases, *other.aliases})),
            {**self.sketches, **other.sketches},
        )


@dataclass(frozen=True)
class Manifest:
    """What ``manifest.json`` says; ``id`` is the SHA-256 of all the rest."""

    kind: str
    config: dict[str, Any]
    seed: int
    inputs: tuple[tuple[str, str], ...]
    """Kind and id of each artifact (or hash of each source) that this one was made from."""
    files: dict[str, tuple[int, str]]
    """Relative path -> bytes and SHA-256. Bulk files stand in a table instead."""
    facts: dict[str, Any]
    """What the artifact holds: channels, sampling rate, units, counts."""
    fitted_on: FittedOn = FittedOn()
    bulk: dict[str, str] = field(default_factory=dict)
    """Folder of many files -> the table (Parquet) that lists them: recording, bytes, sha256. An
    empty name stands for a folder of artifacts, which have manifests of their own."""
    schema_version: int = SCHEMA_VERSION
    eegssl_version: str = __version__
    id: str = ""

    def to_json(self) -> dict[str, Any]:
        """The manifest as plain JSON values, ``id`` included."""
        return {
            "kind": self.kind,
            "schema_version": self.schema_version,
            "eegssl_version": self.eegssl_version,
            "id": self.id,
            "config": self.config,
            "seed": self.seed,
            "inputs": [{"kind": kind, "id": id_} for kind, id_ in self.inputs],
            "facts": self.facts,
            "fitted_on": {
                "subjects": list(self.fitted_on.subjects),
                "recordings": list(self.fitted_on.recordings),
                "aliases": [list(pair) for pair in self.fitted_on.aliases],
            },
            "bulk": self.bulk,
            "files": {
                name: {"bytes": size, "sha256": digest}
                for name, (size, digest) in sorted(self.files.items())
            },
        }

    def digest(self) -> str:
        """The id that this manifest's content calls for (32 hexadecimal digits)."""
        body = self.to_json()
        del body["id"]
        return hash_json(body)

    def plan(self) -> dict[str, Any]:
        """What decides whether the same command would make the same artifact."""
        return plan_of(self.kind, self.config, self.seed, self.inputs)


@dataclass(frozen=True)
class Artifact:
    """A folder whose manifest and files were checked."""

    path: Path
    manifest: Manifest

    def __truediv__(self, name: str) -> Path:
        return self.path / name


def load(path: Path, kind: str) -> Artifact:
    """Open an artifact of this kind; every file that its manifest lists is checked, of bulk files
    their presence and size.

    Raises ArtifactError when it is missing, unfinished, of another kind or schema, or damaged.
    """
    manifest = read_manifest(path)
    if manifest.kind != kind:
        raise ArtifactError(f"{path} holds {manifest.kind}; {kind} was expected here")
    for name, (size, digest) in manifest.files.items():
        check_file(path / name, size, digest)
    check_bulk(path, manifest, hashes=False)
    if SEEN in manifest.files:
        seen = replace(manifest.fitted_on, sketches=read_sketches(path / SEEN))
        manifest = replace(manifest, fitted_on=seen)
    return Artifact(path, manifest)


def write_sketches(path: Path, sketches: Mapping[str, NDArray[np.uint32]]) -> None:
    """Write a table of recordings and the sketches of their waveforms, by their ids."""
    rows = sorted(sketches)
    columns = {
        "recording": pa.array(rows, pa.string()),
        "sketch": pa.array([sketches[id_] for id_ in rows], pa.list_(pa.uint32())),
    }
    pq.write_table(pa.table(columns), path)


def read_sketches(path: Path) -> dict[str, NDArray[np.uint32]]:
    """Recording -> sketch, of any table with columns ``recording`` and ``sketch``."""
    table = pq.read_table(path, columns=["recording", "sketch"])
    lists = table["sketch"].combine_chunks()
    values, ends = lists.values.to_numpy(), lists.offsets.to_numpy()
    pieces = [values[a:b] for a, b in pairwise(ends.tolist())]
    return dict(zip(table["recording"].to_pylist(), pieces, strict=True))


def check_bulk(path: Path, manifest: Manifest, *, hashes: bool) -> None:
    """Raise ArtifactError unless all bulk files have the size (and hash) that their table says."""
    for folder, table in manifest.bulk.items():
        if not table:
            continue
        suffix = next((p.suffix for p in (path / folder).glob("r-*")), "")
        for row in pq.read_table(
            path / table, columns=["recording", "bytes", "sha256"]
        ).to_pylist():
            file = path / folder / f"{row['recording']}{suffix}"
            check_file(file, row["bytes"], row["sha256"] if hashes else None)


def check_file(path: Path, size: int, digest: str | None) -> None:
    """Raise ArtifactError unless the file has this size (and, if given, this SHA-256)."""
    if not path.is_file():
        raise ArtifactError(f"{path} is missing, though the manifest of its folder lists it")
    got = path.stat().st_size
    if got != size:
        raise ArtifactError(f"{path} is damaged: {got} bytes, the manifest says {size}")
    if digest is not None and (found := hash_file(path)) != digest:
        raise ArtifactError(
            f"{path} is damaged: SHA-256 {found[:12]}…, the manifest says {digest[:12]}…"
        )


def read_manifest(path: Path) -> Manifest:
    """Read and check ``manifest.json`` itself (not the files that it lists)."""
    if not path.is_dir():
        raise ArtifactError(f"{path} is no folder; an eegssl artifact was expected here")
    source = path / MANIFEST
    if not source.exists():
        if (path / PLAN).exists():
            raise ArtifactError(
                f"{path} is unfinished; run the command that makes it again, it goes on from there"
            )
        raise ArtifactError(f"{path} is no eegssl artifact: it has no {MANIFEST}")
    try:
        raw = json.loads(source.read_text())
        manifest = Manifest(
            kind=raw["kind"],
            config=raw["config"],
            seed=raw["seed"],
            inputs=tuple((i["kind"], i["id"]) for i in raw["inputs"]),
            files={n: (f["bytes"], f["sha256"]) for n, f in raw["files"].items()},
            facts=raw["facts"],
            fitted_on=FittedOn(
                tuple(raw["fitted_on"]["subjects"]),
                tuple(raw["fitted_on"]["recordings"]),
                tuple((a, b) for a, b in raw["fitted_on"]["aliases"]),
            ),
            bulk=dict(raw["bulk"]),
            schema_version=raw["schema_version"],
            eegssl_version=raw["eegssl_version"],
            id=raw["id"],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
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
    made_from = sorted(id_ for k, id_ in child.manifest.inputs if k == kind)
    given = sorted(parent.manifest.id for parent in parents)
    if made_from != given:
        paths = ", ".join(str(parent.path) for parent in parents)
        raise ArtifactError(
            f"{child.path} was made from {kind} {_short(made_from)}, but {paths} is {_short(given)}"
        )


def inputs_of(*artifacts: Artifact) -> tuple[tuple[str, str], ...]:
    """Kind and id of each artifact, in order, as a manifest records them."""
    return tuple((a.manifest.kind, a.manifest.id) for a in artifacts)


def plan_of(
    kind: str, config: dict[str, Any], seed: int, inputs: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """What a run sets out to make; equal plans make equal artifacts."""
    return {
        "kind": kind,
        "schema_version": SCHEMA_VERSION,
        "config": config,
        "seed": seed,
        "inputs": [[k, i] for k, i in inputs],
    }


def _short(ids: Sequence[str]) -> str:
    return ", ".join(f"{id_[:12]}…" for id_ in ids) or "(none)"

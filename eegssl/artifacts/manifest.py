"""Describe an artifact: a folder that a stage made, by its ``manifest.json``.

The manifest is written last and atomically, so its presence means *complete*. It holds no
wall-clock time: the same inputs and settings give the same bytes. :mod:`eegssl.artifacts.reading`
checks a folder against it, :mod:`eegssl.artifacts.writer` makes one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, TypeAdapter

from eegssl import __version__
from eegssl.artifacts.atomic import hash_json
from eegssl.artifacts.json_parts import Count, HashedId, OpenPart, Part, Sha256, parse_json
from eegssl.errors import ArtifactError

SCHEMA_VERSION = 4
_NEWER = {"recordings": 5}
"""Kinds whose schema changed since: signals of recordings lie in blocks of time."""
MANIFEST = "manifest.json"
PLAN = "eegssl-plan.json"
SEEN = "seen.parquet"
"""Sketches of the waveforms that an artifact was fitted on: recording, sketch."""
SPEED = "speed.jsonl"
"""Numbers of the clock of a training, row by row."""
PROGRESS = "progress.png"
"""A picture of a training."""
TRACKERS = "trackers"
"""Folder of what trackers of experiments write."""
INVENTORY = "inventory.parquet"
"""What the source files of recordings were like when they were looked at."""
SOURCE_ROWS = "rows.parquet"
"""What reading each source file of recordings gave."""
EARLIER = "earlier"
"""Folder of tables of what recordings were like before their updates."""
CLIPS = "clips"
"""Folder of what the pages of recordings are drawn from."""
MADE_BY = {
    "recordings": ("recordings", "preprocess"),
    "tokens": ("tokens", "tokenize"),
    "encoder": ("an encoder", "pretrain"),
    "model": ("a model", "finetune"),
    "evaluation": ("an evaluation", "evaluate"),
    "crossvalidation": ("a cross-validation", "finetune --folds"),
    "benchmark": ("a benchmark", "benchmark"),
    "container": ("a container", "container"),
    "probes": ("probes", "evaluate --probes"),
}
"""Kind -> what it is called, and the command that makes it."""
_BESIDE = frozenset({SPEED, PROGRESS, TRACKERS, INVENTORY, SOURCE_ROWS, EARLIER, CLIPS})
_LONGEST_NAME = 1024


def is_beside(name: str) -> bool:
    """Tell if a file, by its path in an artifact, is kept beside it, no part of it.

    Such files depend on the clock (that of source files, too): no manifest lists them, and nothing
    that an artifact holds is made of them.
    """
    return name.split("/")[0] in _BESIDE


def _inside(name: str) -> str:
    """A name below the folder, as the writer gives them: no way out, and no other spelling."""
    parts = name.split("/")
    if {"", ".", ".."} & set(parts) or "\0" in name or "\\" in name or len(name) > _LONGEST_NAME:
        raise ValueError("a name leads out of the folder, or is none that eegssl writes")
    return name


_Name = Annotated[str, AfterValidator(_inside)]
_Folder = Annotated[str, Field(pattern=r"^[a-z]+$")]


def schema_of(kind: str) -> int:
    """The version of the schema of a kind of artifact."""
    return _NEWER.get(kind, SCHEMA_VERSION)


class _Version(OpenPart):
    kind: str
    schema_version: int


class _Input(Part):
    kind: str
    id: str


class _File(Part):
    bytes: Count
    sha256: Sha256


class _FittedOn(Part):
    subjects: tuple[HashedId, ...]
    recordings: tuple[HashedId, ...]
    aliases: tuple[tuple[HashedId, HashedId], ...]


class _Stored(Part):
    """The schema of ``manifest.json``; `eegssl.artifacts.contract` checks facts and settings."""

    kind: str
    schema_version: int
    eegssl_version: str
    id: str
    config: dict[str, Any]
    seed: Count
    inputs: tuple[_Input, ...]
    facts: dict[str, Any]
    fitted_on: _FittedOn
    bulk: dict[_Folder, _Name | Literal[""]]
    files: dict[_Name, _File]


_VERSION, _STORED = TypeAdapter(_Version), TypeAdapter(_Stored)


@dataclass(frozen=True)
class FittedOn:
    """Whose data an artifact and all its inputs were fitted on (hashed ids)."""

    subjects: tuple[str, ...] = ()
    recordings: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    """Pairs of ids of one person: an alias, and the id in ``subjects``."""
    sketches: Mapping[str, NDArray[np.uint32]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """Recording -> sketch of its waveform (`eegssl.signal.waveform`); stored in ``SEEN``."""

    def __or__(self, other: "FittedOn") -> "FittedOn":
        """Both; of a recording in both, the sketch of the first."""
        return FittedOn(
            tuple(sorted({*self.subjects, *other.subjects})),
            tuple(sorted({*self.recordings, *other.recordings})),
            tuple(sorted({*self.aliases, *other.aliases})),
            {**other.sketches, **self.sketches},
        )


@dataclass(frozen=True)
class Manifest:
    """The content of ``manifest.json``; ``id`` is the SHA-256 of everything else in it."""

    kind: str
    config: dict[str, Any]
    seed: int
    inputs: tuple[tuple[str, str], ...]
    """Kind and id of each artifact (or hash of each source) that this one was made from."""
    files: dict[str, tuple[int, str]]
    """Relative path -> bytes and SHA-256. Tables list those of ``bulk`` folders."""
    facts: dict[str, Any]
    """Description of the content: channels, sampling rate, units, counts."""
    fitted_on: FittedOn = FittedOn()
    bulk: dict[str, str] = field(default_factory=dict)
    """Folder of many files -> the table (Parquet) that lists them: recording, bytes, sha256. A
    folder of artifacts, which have their own manifests, has an empty name here."""
    eegssl_version: str = __version__
    id: str = ""

    def to_json(self) -> dict[str, Any]:
        """The manifest as JSON values, ``id`` included."""
        return {
            "kind": self.kind,
            "schema_version": schema_of(self.kind),
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

    @classmethod
    def from_json(cls, data: bytes, path: Path) -> "Manifest":
        """Read the text of what `to_json` gave, from ``path``.

        Raises ArtifactError for anything else, first of all for another schema version.
        """
        version = parse_json(data, _VERSION, path)
        if version.schema_version != schema_of(version.kind):
            name, command = MADE_BY.get(version.kind, ("it", "…"))
            raise ArtifactError(
                f"{path} has schema {version.schema_version}, of another version of eegssl; this "
                f"one ({__version__}) reads schema {schema_of(version.kind)}: make {name} again "
                f"with `eegssl {command}`"
            )
        stored = parse_json(data, _STORED, path)
        fitted_on = stored.fitted_on
        return cls(
            kind=stored.kind,
            config=stored.config,
            seed=stored.seed,
            inputs=tuple((i.kind, i.id) for i in stored.inputs),
            files={n: (f.bytes, f.sha256) for n, f in stored.files.items()},
            facts=stored.facts,
            fitted_on=FittedOn(fitted_on.subjects, fitted_on.recordings, fitted_on.aliases),
            bulk=stored.bulk,
            eegssl_version=stored.eegssl_version,
            id=stored.id,
        )

    def digest(self) -> str:
        """The id that follows from the content (32 hexadecimal digits)."""
        body = self.to_json()
        del body["id"]
        return hash_json(body)

    def plan(self) -> dict[str, Any]:
        """The plan that made this artifact; see `plan_of`."""
        return plan_of(self.kind, self.config, self.seed, self.inputs)


@dataclass(frozen=True)
class Artifact:
    """A folder whose manifest and files were checked."""

    path: Path
    manifest: Manifest

    def __contains__(self, name: str) -> bool:
        return name in self.manifest.files or name.split("/")[0] in self.manifest.bulk

    def __truediv__(self, name: str) -> Path:
        """The path of a part. Raises ArtifactError for one that the manifest does not list."""
        if name not in self:
            raise ArtifactError(
                f"{self.path / MANIFEST} lists no {name}, which belongs to {self.manifest.kind}; "
                "make its artifact again"
            )
        return self.path / name


def inputs_of(*artifacts: Artifact) -> tuple[tuple[str, str], ...]:
    """Kind and id of each artifact, in order, as a manifest records them."""
    return tuple((a.manifest.kind, a.manifest.id) for a in artifacts)


def plan_of(
    kind: str, config: dict[str, Any], seed: int, inputs: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """Collect what decides an artifact's content: equal plans make equal artifacts."""
    return {
        "kind": kind,
        "schema_version": schema_of(kind),
        "config": config,
        "seed": seed,
        "inputs": [[k, i] for k, i in inputs],
    }

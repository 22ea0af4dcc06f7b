"""Describe an artifact: a folder that a stage made, by its ``manifest.json``.

The manifest is written last and atomically, so its presence means *complete*. It holds no
wall-clock time: the same inputs and settings give the same bytes. :mod:`eegssl.artifacts.reading`
checks a folder against it, :mod:`eegssl.artifacts.writer` makes one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl import __version__
from eegssl.artifacts.atomic import hash_json

SCHEMA_VERSION = 4
MANIFEST = "manifest.json"
PLAN = "eegssl-plan.json"
SEEN = "seen.parquet"
"""Sketches of the waveforms that an artifact was fitted on: recording, sketch."""


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
        return FittedOn(
            tuple(sorted({*self.subjects, *other.subjects})),
            tuple(sorted({*self.recordings, *other.recordings})),
            tuple(sorted({*self.aliases, *other.aliases})),
            {**self.sketches, **other.sketches},
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
    schema_version: int = SCHEMA_VERSION
    eegssl_version: str = __version__
    id: str = ""

    def to_json(self) -> dict[str, Any]:
        """The manifest as JSON values, ``id`` included."""
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

    @classmethod
    def from_json(cls, raw: Any) -> "Manifest":
        """Read what `to_json` gave. Raises KeyError, TypeError, ValueError or AttributeError for
        anything else."""
        fitted_on = raw["fitted_on"]
        return cls(
            kind=raw["kind"],
            config=raw["config"],
            seed=raw["seed"],
            inputs=tuple((i["kind"], i["id"]) for i in raw["inputs"]),
            files={n: (f["bytes"], f["sha256"]) for n, f in raw["files"].items()},
            facts=raw["facts"],
            fitted_on=FittedOn(
                tuple(fitted_on["subjects"]),
                tuple(fitted_on["recordings"]),
                tuple((a, b) for a, b in fitted_on["aliases"]),
            ),
            bulk=dict(raw["bulk"]),
            schema_version=raw["schema_version"],
            eegssl_version=raw["eegssl_version"],
            id=raw["id"],
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

    def __truediv__(self, name: str) -> Path:
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
        "schema_version": SCHEMA_VERSION,
        "config": config,
        "seed": seed,
        "inputs": [[k, i] for k, i in inputs],
    }

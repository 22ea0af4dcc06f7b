"""State what artifacts hold, and open those that keep to it.

A contract stands beside the code that writes the artifact. Stages and ``eegssl check`` open folders
by the same ones, so that what one refuses the other does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from eegssl.artifacts.json_parts import OpenPart, damaged, validated
from eegssl.artifacts.manifest import MANIFEST, SEEN, Artifact
from eegssl.artifacts.reading import load

Reader = Callable[[Path], object]
"""Reads a part by its schema; raises ArtifactError for anything else."""
FITTED = ("tokens", "encoder", "model")
"""Kinds that keep sketches of the recordings that they were fitted on."""


class NoFacts(OpenPart):
    """Facts or settings of which no stage reads any."""


@dataclass(frozen=True)
class Contract:
    """Facts, settings and parts of one kind of artifact, each with the reader of it."""

    kind: str
    parts: Mapping[str, Reader] = field(default_factory=dict)
    """Those that every artifact of the kind has, by name."""
    others: Mapping[str, Reader] = field(default_factory=dict)
    """Those that it may have."""
    facts: type[OpenPart] = NoFacts
    config: type[OpenPart] = NoFacts
    whole: Callable[[Artifact], None] = lambda artifact: None
    """Raises ArtifactError where parts contradict each other or the facts."""


def open_artifact(path: Path, contract: Contract) -> Artifact:
    """Open an artifact of the contract's kind and check every part by its schema.

    Raises ArtifactError as `eegssl.artifacts.reading.load` does, and for what the contract does not
    allow.
    """
    artifact = load(path, contract.kind)
    require_contract(artifact, contract)
    return artifact


def require_contract(artifact: Artifact, contract: Contract) -> None:
    """Raise ArtifactError unless facts, settings and parts are as the contract says."""
    manifest, source = artifact.manifest, artifact.path / MANIFEST
    for part, values, schema in (
        ("facts", manifest.facts, contract.facts),
        ("config", manifest.config, contract.config),
    ):
        validated(values, TypeAdapter(schema), source, part)
    fitted = contract.kind in FITTED and manifest.fitted_on.recordings
    if fitted and SEEN not in manifest.files:
        raise damaged(source, f"files: {SEEN} is not among them")
    for name, read in contract.parts.items():
        read(artifact / name)
    for name, read in contract.others.items():
        if name in artifact:
            read(artifact / name)
    contract.whole(artifact)

"""List every kind of task, in one place."""

from pathlib import Path

from pydantic import TypeAdapter

from eegssl.artifacts.contract import require_contract
from eegssl.artifacts.json_parts import OpenPart, read_json
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.reading import load, read_manifest
from eegssl.errors import ArtifactError
from eegssl.tasks.base import PREDICTIONS, SCORED_KINDS, AnyKind, scored_contract
from eegssl.tasks.forecast.forecast_kind import ForecastKind
from eegssl.tasks.jobs import MODEL, TASK
from eegssl.tasks.labels.labels_kind import Labels
from eegssl.tasks.labels.measures.stored_scores import TREES_CONTRACT
from eegssl.tasks.patients.patients_kind import Patients
from eegssl.tasks.phase.phase_kind import PhaseKind
from eegssl.tasks.table import kind_of_table

KINDS: dict[str, AnyKind] = {
    kind.name: kind for kind in (Labels(), ForecastKind(), PhaseKind(), Patients())
}
"""The kinds of task by the name that a task file gives as ``kind``."""

USUAL = "labels"
"""The kind of a task file that names none."""


def kind_named(name: str, file: Path) -> AnyKind:
    """The kind that a file says it is of; raises ArtifactError where there is none so named."""
    if name not in KINDS:
        raise ArtifactError(f"{file} is of a task of kind {name!r}; there are {', '.join(KINDS)}")
    return KINDS[name]


class _Task(OpenPart):
    kind: str


def open_model(path: Path) -> tuple[Artifact, AnyKind]:
    """Open a model by the contract of its kind of task.

    Raises ArtifactError where it is missing, damaged, or not what its kind's models are.
    """
    artifact = load(path, MODEL)
    file = artifact / TASK
    kind = kind_named(read_json(file, TypeAdapter(_Task)).kind, file)
    if kind.makes != MODEL:
        raise ArtifactError(f"{file} is of a task of kind {kind.name!r}, which has no models")
    require_contract(artifact, kind.contract)
    return artifact, kind


def open_scored(path: Path) -> Artifact:
    """Open an artifact with scores (`SCORED_KINDS`) by the contract of its kind of task.

    Raises ArtifactError where it is missing, damaged, or not what such artifacts are.
    """
    artifact = load(path, read_manifest(path).kind)
    made = artifact.manifest.kind
    if made not in SCORED_KINDS:
        raise ArtifactError(f"{path} holds {made}; {' or '.join(SCORED_KINDS)} was expected here")
    if PREDICTIONS in artifact:
        table = artifact / PREDICTIONS
        contract = scored_contract(kind_named(kind_of_table(table), table), made)
    else:
        contract = TREES_CONTRACT
    require_contract(artifact, contract)
    return artifact

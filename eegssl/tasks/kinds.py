"""List every kind of task, in one place."""

from pathlib import Path

from eegssl.errors import ArtifactError
from eegssl.tasks.base import AnyKind
from eegssl.tasks.forecast.forecast_kind import ForecastKind
from eegssl.tasks.labels.labels_kind import Labels
from eegssl.tasks.patients.patients_kind import Patients
from eegssl.tasks.phase.phase_kind import PhaseKind

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

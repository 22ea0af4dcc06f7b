"""Name what stands in the matrix of a benchmark."""

from typing import Annotated, Any, Literal

from pydantic import Field

from eegssl.config.settings import MAY_NAME_PEOPLE, Settings

CellName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""A name that is also a folder's: letters, digits, dot, underscore, hyphen."""
Natural = Annotated[int, Field(ge=0)]


BaselineName = Literal[
    "majority",
    "band-power-channels",
    "band-power-regions",
    "band-power-summary",
    "band-power-boosting",
    "eegnet",
    "shallow-convnet",
    "seizure-unet",
]


class EncoderEntry(Settings):
    """An encoder of a benchmark."""

    path: str = Field(json_schema_extra=MAY_NAME_PEOPLE)
    """Folder made by pretrain, seen from the matrix file; ``{fold}`` stands for the fold, and
    ``{seed}`` for the seed: then each seed has a pretraining of its own."""
    weights: Literal["pretrained", "random"] = "pretrained"
    """``random`` takes the architecture alone: the control."""


class TaskEntry(Settings):
    """A task of a benchmark."""

    task: str = Field(json_schema_extra=MAY_NAME_PEOPLE)
    """A task by name, or a TOML file, seen from the matrix file."""
    overrides: dict[str, Any] = Field(default_factory=dict)
    """Settings that override the task's own, e.g. ``{ permute_labels = true }``."""
    targets: tuple[str, ...] = Field((), json_schema_extra=MAY_NAME_PEOPLE)
    """For forecasting: recordings folders of the targets, seen from the matrix file; ``{fold}``
    stands for the fold."""

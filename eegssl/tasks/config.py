"""What a task is: classes, windows, and where labels come from."""

from typing import Literal

from pydantic import Field, model_validator

from eegssl.settings import MAY_NAME_PEOPLE, Settings


class TaskConfig(Settings):
    """One downstream task."""

    name: str
    """The task's name in tables and reports."""
    labels: Literal["events", "table"]
    """Labels from annotated events (per window), or from a table (per recording)."""
    classes: tuple[str, ...] = Field(min_length=2)
    """Class names; for two classes the second is the positive one."""
    window_s: float = Field(4.0, gt=0)
    """Length of a window in seconds."""
    event_types: tuple[str, ...] = ("sz",)
    """Events whose type is one of these, or begins with one and an underscore, are positive."""
    min_overlap: float = Field(0.5, gt=0, le=1)
    """A window is positive when at least this share of it lies in such events."""
    table: str | None = Field(None, json_schema_extra=MAY_NAME_PEOPLE)
    """TSV with columns ``recording`` (path below the EDF folder) and ``label``."""
    monitor: Literal["auroc", "balanced_accuracy"] = "auroc"
    """The validation score by which the best weights are kept."""
    permute_labels: bool = False
    """A control: all labels permuted by the seed, so that every honest score is at chance."""

    @model_validator(mode="after")
    def _consistent(self) -> "TaskConfig":
        if self.labels == "table" and self.table is None:
            raise ValueError("labels = 'table' needs a table: the path of a TSV")
        if self.labels == "events" and len(self.classes) != 2:
            raise ValueError("labels = 'events' makes two classes: background, then the event")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"a class is named twice: {self.classes}")
        return self

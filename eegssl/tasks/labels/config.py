"""Configure a task of labels: classes, windows, and their source."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from eegssl.config.settings import MAY_NAME_PEOPLE, Settings

LabelledUnit = Literal["window", "second", "event", "recording", "patient"]
Overlap = Literal["refuse", "keep", "priority", "channel"]
Monitor = Literal["auroc", "balanced_accuracy", "spearman"]


class TaskConfig(Settings):
    """One downstream task."""

    kind: Literal["labels"] = "labels"
    """The kind of task: labels of pieces of EEG."""
    name: str
    """The task's name in tables and reports."""
    labels: Literal["events", "table"]
    """Labels from annotated events, or from a table of the user's own."""
    unit: LabelledUnit = "window"
    """The unit that has one label and one score; with a table, recordings by default. For the last
    three the probabilities of all windows in a unit are averaged."""
    target: Literal["classes", "number"] = "classes"
    """Labels are classes, or numbers (a table's)."""
    classes: tuple[str, ...] = ()
    """Class names; for two classes the second is the positive one. With ``labels = "events"`` and
    ``unit = "event"`` they are seizure types, and hold what begins with them."""
    window_s: float = Field(4.0, gt=0)
    """Length of a window in seconds."""
    step_s: float | None = Field(None, gt=0)
    """Detection by windows: seconds from the beginning of one to that of the next, less than
    ``window_s`` for windows that overlap; where they do, events are found in the mean of their
    probabilities. None: ``window_s``, no overlap."""
    event_types: tuple[str, ...] = ("sz",)
    """Events whose type is one of these, or begins with one and an underscore, are those that the
    task is about: positive windows, or the events that get a type."""
    class_events: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """With ``labels = "events"`` and ``unit = "window"``: the event types of each class, for
    windows of several classes such as sleep stages; windows in events of no class are left out."""
    min_overlap: float = Field(0.5, gt=0, le=1)
    """A window (or second) belongs to what is labelled when at least this share of it lies there.
    """
    most_windows: int = Field(32, ge=1)
    """With ``unit = "event"``: of a longer event so many windows are taken, from its beginning
    through its middle to its end."""
    overlap: Overlap = "refuse"
    """Events, or stretches of a table, that overlap others of another type. They are refused; each
    is kept, with windows that show several (``keep``); the type that comes first in ``priority``
    takes the time from the others (``priority``); or each is read on its own channels
    (``channel``). With ``unit = "event"``, and ``priority`` with ``class_events`` too."""
    priority: tuple[str, ...] = ()
    """Types or classes, the one that wins first; by default the order of ``classes``. With
    ``overlap = "channel"`` it decides where events share channels, which else is refused."""
    table: str | None = Field(None, json_schema_extra=MAY_NAME_PEOPLE)
    """TSV with columns ``recording`` (path below the EDF folder) or ``subject``, optionally
    ``onset_s`` and ``duration_s``, and ``label``. With ``labels = "events"`` its rows are the
    events, in place of those that the recordings were preprocessed with."""
    skip_unknown: bool = False
    """Leave out rows of the table for recordings and subjects that are not here, in place of
    refusing the table."""
    monitor: Monitor = "auroc"
    """The validation score by which the best weights are kept; of numbers it is ``spearman``."""
    permute_labels: bool = False
    """A control: all labels permuted by the seed, so that every honest score is at chance."""

    @model_validator(mode="before")
    @classmethod
    def _implied(cls, values: Any) -> Any:
        """Defaults that follow from other choices."""
        if not isinstance(values, Mapping):
            return values
        follows: dict[str, Any] = {"unit": "recording"} if values.get("labels") == "table" else {}
        if isinstance(by_class := values.get("class_events"), Mapping) and by_class:
            follows["classes"] = tuple(by_class)
            follows["event_types"] = tuple(t for types in by_class.values() for t in types)
        follows |= {"monitor": "spearman"} if values.get("target") == "number" else {}
        return follows | dict(values)

    @property
    def n_outputs(self) -> int:
        """Outputs of a head: a logit a class, or one number."""
        return 1 if self.target == "number" else len(self.classes)

    @property
    def detects(self) -> bool:
        """True if it finds events in time, so that there are detections to score."""
        return self.labels == "events" and self.unit != "event" and not self.class_events

    @property
    def sampled_types(self) -> tuple[str, ...]:
        """Types of the events that say what each sample is; none where only windows are known.

        So where windows have the label of something larger, or a permuted one.
        """
        return self.event_types if self.detects and not self.permute_labels else ()

    @property
    def types(self) -> bool:
        """True if it tells types of events apart: its classes are a hierarchy."""
        return self.labels == "events" and self.unit == "event"

    @property
    def pooled(self) -> bool:
        """True if windows are averaged to something larger before they are scored."""
        return self.unit in ("event", "recording", "patient")

    @model_validator(mode="after")
    def _labels(self) -> "TaskConfig":
        if self.labels == "table" and self.table is None:
            raise ValueError("labels = 'table' needs a table: the path of a TSV")
        if self.labels == "events" and self.target == "number":
            raise ValueError("events have types and no numbers: labels = 'table' brings numbers")
        if self.labels == "events" and self.unit in ("recording", "patient"):
            raise ValueError("events label windows, seconds or themselves; a table labels the rest")
        if self.detects and len(self.classes) != 2:
            raise ValueError(
                "labels = 'events' makes two classes: background, then the event; for more classes "
                "name the event types of each in class_events"
            )
        return self

    @model_validator(mode="after")
    def _step(self) -> "TaskConfig":
        if self.step_s is None:
            return self
        if not self.detects or self.unit != "window":
            raise ValueError("step_s is read where events are detected by windows: leave it out")
        if self.step_s > self.window_s:
            raise ValueError(
                f"step_s = {self.step_s:g} leaves time between windows of {self.window_s:g} s: "
                "expected window_s or less"
            )
        return self

    @model_validator(mode="after")
    def _targets(self) -> "TaskConfig":
        if self.target == "number" and self.classes:
            raise ValueError("target = 'number' has no classes: leave them out")
        if self.target == "number" and self.monitor != "spearman":
            raise ValueError("numbers are monitored by spearman")
        if self.target == "classes" and self.monitor == "spearman":
            raise ValueError("classes are monitored by auroc or balanced_accuracy")
        if self.target == "classes" and len(self.classes) < 2:
            raise ValueError(f"a task has two classes or more, got {len(self.classes)}")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"a class is named twice: {self.classes}")
        if self.unit == "second" and self.target == "number":
            raise ValueError("numbers belong to windows or more: unit = 'second' has classes")
        if self.unit == "second" and self.window_s % 1:
            raise ValueError("unit = 'second' needs windows of whole seconds")
        return self

    @model_validator(mode="after")
    def _class_events(self) -> "TaskConfig":
        if not self.class_events:
            return self
        if self.labels != "events" or self.unit != "window":
            raise ValueError("class_events needs labels = 'events' and unit = 'window'")
        if set(self.classes) != set(self.class_events):
            raise ValueError(
                f"class_events is about {list(self.class_events)}, and classes are "
                f"{list(self.classes)}: give each class its event types"
            )
        if empty := [name for name, types in self.class_events.items() if not types]:
            raise ValueError(f"class_events: {', '.join(empty)} has no event type")
        types = [one for several in self.class_events.values() for one in several]
        if doubled := sorted({one for one in types if types.count(one) > 1}):
            raise ValueError(f"class_events: {', '.join(doubled)} stands in two classes")
        if set(self.event_types) != set(types):
            raise ValueError("event_types follow from class_events: leave them out")
        return self

    @model_validator(mode="after")
    def _overlaps(self) -> "TaskConfig":
        of_classes = self.overlap == "priority" and bool(self.class_events)
        if self.overlap != "refuse" and self.unit != "event" and not of_classes:
            raise ValueError(
                f"overlap = '{self.overlap}' needs unit = 'event' (with class_events, 'priority' "
                "is read too)"
            )
        if self.overlap == "channel" and self.labels == "table":
            raise ValueError("a table names no channels: overlap = 'keep' or 'priority'")
        if self.overlap == "priority" and self.target == "number":
            raise ValueError("numbers have no classes to order: overlap = 'keep'")
        if self.priority and self.overlap not in ("priority", "channel"):
            raise ValueError("priority is read with overlap = 'priority' or 'channel': set it too")
        known = {*self.classes, *self.event_types}
        if unknown := [one for one in self.priority if one not in known]:
            raise ValueError(f"priority: {', '.join(unknown)} is neither a class nor an event type")
        if twice := [one for one, n in Counter(self.priority).items() if n > 1]:
            raise ValueError(f"priority names {', '.join(twice)} twice: give each its one place")
        return self

    @model_validator(mode="after")
    def _types(self) -> "TaskConfig":
        for one in self.classes if self.types else ():
            if not any(one == t or one.startswith(f"{t}_") for t in self.event_types):
                raise ValueError(f"class {one!r} is none of event_types {list(self.event_types)}")
            if any(other.startswith(f"{one}_") for other in self.classes):
                raise ValueError(f"class {one!r} holds another class: an event would be of both")
        return self

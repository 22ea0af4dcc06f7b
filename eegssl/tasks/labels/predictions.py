"""Hold predictions of labelled windows: a row a window or a second."""

from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, NonNegativeFloat, TypeAdapter
from pydantic_core import to_json

from eegssl.artifacts.json_parts import EXACT, OpenPart
from eegssl.corpus.labelled import Unit
from eegssl.scoring.events.postprocess import Postprocess
from eegssl.scoring.threshold import Threshold
from eegssl.tasks.table_spec import Column, Table, TableSpec, View, fields_of


def _a_rule(values: dict[str, Any] | None) -> dict[str, Any] | None:
    """The values; ValueError where they are not those of a post-processing."""
    if values is not None:
        _RULE.validate_json(to_json(values))
    return values


_RULE = TypeAdapter(Postprocess)


_MOST_S = 366 * 86400.0
"""Ours: no recording lasts longer, and scorers cut them into slices."""


@dataclass(frozen=True)
class Reference:
    """One recording that was scored; ``recording`` and ``subject`` are hashed ids.

    ``events`` are those of the task as (onset_s, duration_s, type); ``age_years`` and ``sex`` are
    None where nobody said.
    """

    __pydantic_config__ = EXACT
    recording: str
    subject: str
    duration_s: Annotated[float, Field(gt=0, le=_MOST_S)]
    events: tuple[tuple[NonNegativeFloat, NonNegativeFloat, str], ...] = ()
    age_years: float | None = None
    sex: str | None = None
    postprocess: Annotated[dict[str, Any] | None, AfterValidator(_a_rule)] = None
    """The locked post-processing of this recording, where models of several folds differ."""
    labelled: bool = True
    """Whether anybody said where its events are, or that there is none."""

    @property
    def spans(self) -> list[tuple[float, float]]:
        """Its events as (onset, offset) in seconds."""
        return [(onset, onset + duration) for onset, duration, _ in self.events]


class _About(OpenPart):
    task: str
    labels: Literal["events", "table", "classes"]
    permuted: bool
    threshold: Threshold | None
    postprocess: Postprocess | None
    synthetic: bool
    within_subject: bool
    leaks: tuple[str, ...]
    unit: str = ""
    target: Literal["classes", "number"] = "classes"
    step_s: float | None = None
    min_overlap: float | None = None


class _Metadata(OpenPart):
    """The schema of what stands beside the rows."""

    about: _About
    classes: tuple[str, ...]
    references: tuple[Reference, ...]
    units: tuple[Unit, ...]


_OFF_ONE = 1e-3
"""Further than rounding leaves a sum of probabilities from one (ours)."""


def _require_agreement(table: Table) -> None:
    """Raise ValueError for rows of classes, recordings or units that stand nowhere beside them."""
    beside, columns = table.beside, table.columns
    if len(set(beside["classes"])) < len(beside["classes"]):
        raise ValueError("it has a class twice")
    if beside["classes"] and columns["truth"].max(initial=-1) >= len(beside["classes"]):
        raise ValueError("column truth names a class that is none of its classes")
    p = [columns[f"p_{name}"] for name in beside["classes"]]
    if p and len(p[0]) and np.abs(np.sum(p, axis=0) - 1).max() > _OFF_ONE:
        raise ValueError("its probabilities of a row do not sum to 1")
    for name, key in (("recording", "references"), ("unit", "units")):
        known = {row["recording" if key == "references" else "id"] for row in beside[key]}
        if known and not set(columns[name].tolist()) <= known:
            raise ValueError(f"column {name} names one that is none of its {key}")
    lasts_s = {row["recording"]: row["duration_s"] for row in beside["references"]}
    if lasts_s and (columns["start_s"] >= [lasts_s[r] for r in columns["recording"]]).any():
        raise ValueError("column start_s names a moment after the end of a recording")


TABLE = TableSpec(
    kind="labels",
    columns=(
        Column("subject", "str"),
        Column("recording", "str"),
        Column("unit", "str"),
        Column("start_s", "f8", least=0.0),
        Column("duration_s", "f8", least=1e-6),
        Column("truth", "i4", least=-1),
        Column("p_{}", "f8", each="classes", least=0.0, most=1.0),
        Column("truth_value", "f8", finite=False, optional=True),
        Column("value", "f8", finite=False, optional=True),
        Column("threshold", "f8", field="thresholds", least=0.0, most=1.0, optional=True),
    ),
    ids=("recording",),
    start="start_s",
    duration="duration_s",
    about=(
        *("task", "labels", "permuted", "threshold", "postprocess"),
        *("synthetic", "within_subject", "leaks"),
    ),
    beside=("classes", "references", "units"),
    same=("task", "labels", "unit", "target", "permuted", "adaptation", "encoder_weights"),
    split_hash="column",
    metadata=TypeAdapter(_Metadata),
    agreement=_require_agreement,
)


@dataclass(frozen=True)
class Predictions(View):
    """Windows (or seconds) with their truth and probabilities, and what scores need besides.

    ``about`` says of the system: ``task``, ``labels`` (events or table), ``unit``, ``target``,
    ``permuted``, ``threshold``, ``postprocess``, ``synthetic``, ``within_subject``, ``leaks``. A
    task of numbers has no classes, but ``truth_value`` and ``value``.
    """

    subject: list[str]
    recording: list[str]
    start_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    truth: NDArray[np.int64]
    """[n], index into ``classes``; -1 where no class is known."""
    probabilities: NDArray[np.float64]
    """[n, classes]"""
    classes: tuple[str, ...]
    split_hash: str
    """Hash of the splits that kept these windows apart from training."""
    references: tuple[Reference, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)
    unit: list[str] = field(default_factory=list)
    """[n], id of what a row is averaged to; without units, of the row itself."""
    units: tuple[Unit, ...] = ()
    truth_value: NDArray[np.float64] | None = None
    """[n], the number that is true."""
    value: NDArray[np.float64] | None = None
    """[n], the number that was said."""
    thresholds: NDArray[np.float64] | None = None
    """[n], the threshold of each row, where models of several folds differ."""

    spec = TABLE

    def __post_init__(self) -> None:
        if not self.unit and self.recording:
            rows = zip(self.recording, self.start_s.tolist(), strict=True)
            object.__setattr__(self, "unit", [f"{name}@{start:.3f}" for name, start in rows])

    def as_table(self) -> Table:
        """Columns by name."""
        table = super().as_table()
        by_class = {f"p_{name}": self.probabilities[:, k] for k, name in enumerate(self.classes)}
        beside = {
            "classes": list(self.classes),
            "references": [asdict(reference) for reference in self.references],
            "units": [asdict(unit) for unit in self.units],
        }
        return replace(table, columns=table.columns | by_class, beside=beside)

    @classmethod
    def of_table(cls, table: Table) -> Self:
        """The predictions in a table. Raises ValueError where it has neither classes nor values."""
        columns, classes = table.columns, tuple(table.beside["classes"])
        if not classes and not {"truth_value", "value"} <= set(columns):
            raise ValueError("it has neither classes nor the columns truth_value and value")
        by_class = [columns[f"p_{name}"] for name in classes]
        fields = fields_of(table)
        return cls(
            **fields | {"truth": fields["truth"].astype(np.int64)},
            probabilities=np.stack(by_class, axis=1) if by_class else np.zeros((len(table), 0)),
            classes=classes,
            references=tuple(_reference(**row) for row in table.beside["references"]),
            units=tuple(Unit(**row) for row in table.beside["units"]),
        )

    def for_pooling(self) -> Self:
        """The same, with its threshold in each row and its post-processing in each reference."""
        threshold, rule = self.about["threshold"], self.about["postprocess"]
        return replace(
            self,
            thresholds=np.full(len(self.truth), float(threshold["value"]))
            if threshold
            else self.thresholds,
            references=tuple(replace(r, postprocess=rule) for r in self.references)
            if rule
            else self.references,
            about=self.about | {"threshold": None, "postprocess": None},
        )


def _reference(events: list[list[Any]], **row: Any) -> Reference:
    return Reference(events=tuple((on, length, kind) for on, length, kind in events), **row)

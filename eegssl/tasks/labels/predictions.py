"""The table of predictions (Parquet): the only source of every score.

One row a window. What scores need besides (each recording's length, reference events and strata;
task, threshold, post-processing) stands as JSON in the file's own metadata, so that the one file
can be scored again anywhere, without model or recordings.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eegssl.artifacts.atomic import hash_json
from eegssl.errors import ArtifactError

_KEY = b"eegssl"
_ABOUT = ("task", "labels", "permuted", "threshold", "postprocess", "synthetic", "within_subject")
_FAULTS = (OSError, KeyError, TypeError, ValueError, pa.ArrowInvalid)


@dataclass(frozen=True)
class Reference:
    """What is known of one recording that was scored; ``recording`` and ``subject`` are hashed.

    ``events`` are those of the task as (onset_s, duration_s, type); ``age_years`` and ``sex`` are
    None where nobody said.
    """

    recording: str
    subject: str
    duration_s: float
    events: tuple[tuple[float, float, str], ...] = ()
    age_years: float | None = None
    sex: str | None = None
    postprocess: dict[str, Any] | None = None
    """What is locked for this recording, where models of several folds differ."""

    @property
    def spans(self) -> list[tuple[float, float]]:
        """Its events as (onset, offset) in seconds."""
        return [(onset, onset + duration) for onset, duration, _ in self.events]


@dataclass(frozen=True)
class Unit:
    """What several windows are averaged to: an event, a recording or a patient; ids are hashed.

    ``recording`` is empty for a patient; ``kind`` is the type of an event.
    """

    id: str
    recording: str
    subject: str
    onset_s: float
    duration_s: float
    kind: str = ""


@dataclass(frozen=True)
class Predictions:
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

    def __post_init__(self) -> None:
        if not self.unit and self.recording:
            rows = zip(self.recording, self.start_s.tolist(), strict=True)
            object.__setattr__(self, "unit", [f"{name}@{start:.3f}" for name, start in rows])

    def subset(self, keep: NDArray[np.bool_]) -> "Predictions":
        """The rows [n] where this is true, with everything that stands beside the rows."""
        places = np.flatnonzero(keep).tolist()
        return replace(
            self,
            subject=[self.subject[k] for k in places],
            recording=[self.recording[k] for k in places],
            unit=[self.unit[k] for k in places],
            start_s=self.start_s[keep],
            duration_s=self.duration_s[keep],
            truth=self.truth[keep],
            probabilities=self.probabilities[keep],
            truth_value=None if self.truth_value is None else self.truth_value[keep],
            value=None if self.value is None else self.value[keep],
            thresholds=None if self.thresholds is None else self.thresholds[keep],
        )


def kind_of_table(path: Path) -> str:
    """What kind of task a ``predictions.parquet`` is of; ``labels`` where it does not say."""
    try:
        besides = json.loads((pq.read_schema(path).metadata or {})[_KEY])
        return str(besides["about"].get("kind", "labels"))
    except _FAULTS:
        return "labels"


def pooled(tables: Sequence[Predictions]) -> Predictions:
    """The predictions of several folds as one table: each row keeps its own fold's threshold.

    The tables are of one task, and no recording is in two of them.
    """
    first = tables[0]
    locked = [table.about["threshold"] for table in tables]
    rules = [table.about["postprocess"] for table in tables]
    return replace(
        first,
        split_hash=hash_json([t.split_hash for t in tables]),
        subject=[name for t in tables for name in t.subject],
        recording=[name for t in tables for name in t.recording],
        unit=[name for t in tables for name in t.unit],
        start_s=np.concatenate([t.start_s for t in tables]),
        duration_s=np.concatenate([t.duration_s for t in tables]),
        truth=np.concatenate([t.truth for t in tables]),
        probabilities=np.concatenate([t.probabilities for t in tables]),
        references=tuple(
            replace(r, postprocess=rule)
            for t, rule in zip(tables, rules, strict=True)
            for r in t.references
        ),
        about=first.about
        | {
            "threshold": None,
            "postprocess": None,
            "folds": len(tables),
            "leaks": sorted({leak for t in tables for leak in t.about["leaks"]}),
        },
        units=tuple(unit for t in tables for unit in t.units),
        truth_value=_joined([t.truth_value for t in tables]),
        value=_joined([t.value for t in tables]),
        thresholds=_joined(
            [
                None if one is None else np.full(len(t.truth), float(one["value"]))
                for t, one in zip(tables, locked, strict=True)
            ]
        ),
    )


def _joined(parts: Sequence[NDArray[np.float64] | None]) -> NDArray[np.float64] | None:
    there = [part for part in parts if part is not None]
    return np.concatenate(there) if there else None


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Write ``predictions.parquet``: a column ``p_<class>`` for each class, or the numbers."""
    columns = {
        "subject": pa.array(predictions.subject, pa.string()),
        "recording": pa.array(predictions.recording, pa.string()),
        "unit": pa.array(predictions.unit, pa.string()),
        "start_s": pa.array(predictions.start_s),
        "duration_s": pa.array(predictions.duration_s),
        "truth": pa.array(predictions.truth.astype(np.int32)),
    }
    for k, name in enumerate(predictions.classes):
        columns[f"p_{name}"] = pa.array(np.ascontiguousarray(predictions.probabilities[:, k]))
    if predictions.truth_value is not None and predictions.value is not None:
        columns["truth_value"] = pa.array(predictions.truth_value)
        columns["value"] = pa.array(predictions.value)
    if predictions.thresholds is not None:
        columns["threshold"] = pa.array(predictions.thresholds)
    columns["split_hash"] = pa.array([predictions.split_hash] * len(predictions.truth), pa.string())
    besides = {
        "classes": predictions.classes,
        "references": [asdict(reference) for reference in predictions.references],
        "units": [asdict(unit) for unit in predictions.units],
        "about": predictions.about,
    }
    metadata = {_KEY: json.dumps(besides, sort_keys=True, allow_nan=False).encode()}
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path)


def read_predictions(path: Path) -> Predictions:
    """Read ``predictions.parquet``.

    Raises ArtifactError when a column or what stands beside the rows is missing.
    """
    try:
        table = pq.read_table(path)
        besides = json.loads(table.schema.metadata[_KEY])
        classes = tuple(besides["classes"])
        for name in (*_ABOUT, "leaks"):
            _ = besides["about"][name]
        columns = [table[f"p_{name}"].to_numpy() for name in classes]
        probabilities = np.stack(columns, axis=1) if columns else np.zeros((len(table), 0))
        has_numbers = not classes
        hashes = set(table["split_hash"].to_pylist())
        return Predictions(
            subject=table["subject"].to_pylist(),
            recording=table["recording"].to_pylist(),
            start_s=table["start_s"].to_numpy(),
            duration_s=table["duration_s"].to_numpy(),
            truth=table["truth"].to_numpy().astype(np.int64),
            probabilities=probabilities,
            classes=classes,
            split_hash=hashes.pop() if hashes else "",
            references=tuple(_reference(**row) for row in besides["references"]),
            about=besides["about"],
            unit=table["unit"].to_pylist(),
            units=tuple(Unit(**row) for row in besides["units"]),
            truth_value=table["truth_value"].to_numpy() if has_numbers else None,
            value=table["value"].to_numpy() if has_numbers else None,
            thresholds=table["threshold"].to_numpy() if "threshold" in table.schema.names else None,
        )
    except _FAULTS as error:
        raise ArtifactError(
            f"{path} is no predictions table of this version of eegssl ({type(error).__name__}); "
            "give the predictions.parquet of an evaluation"
        ) from None


def _reference(events: list[list[Any]], **row: Any) -> Reference:
    return Reference(events=tuple((on, length, kind) for on, length, kind in events), **row)

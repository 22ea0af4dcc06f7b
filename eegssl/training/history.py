"""Keep the log of a training run, and copy it between artifacts."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, TypeAdapter

from eegssl.artifacts.contract import Reader
from eegssl.artifacts.json_parts import (
    STRICT,
    Count,
    OpenPart,
    damaged,
    parse_json,
    read_json,
    read_part,
)
from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.regular_files import read_bytes

METRICS = "metrics.jsonl"
USAGE = "codebook.json"
EXAMPLES = "examples.safetensors"
LOGGED = (METRICS, USAGE, EXAMPLES)
"""Files that a stage logs for the reports of later stages."""
HISTORY = "history"
STAGES = ("tokenize", "pretrain")
"""Folders of `HISTORY`."""


@dataclass
class History:
    """Rows of ``metrics.jsonl``, and the best validation so far."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    best_step: int = 0
    best_value: float | None = None

    def is_best(self, value: float | None, lower_is_better: bool = False) -> bool:
        """Tell if this value of the monitored score beats all earlier ones."""
        if value is None or self.best_value is None:
            return value is not None
        return value < self.best_value if lower_is_better else value > self.best_value

    def since_best(self, name: str) -> int:
        """Number of validations after the best one: rows that hold ``name``."""
        return sum(name in row and row["step"] > self.best_step for row in self.rows)

    def as_lines(self) -> str:
        """One JSON document a line."""
        return "".join(map(as_line, self.rows))


def as_line(row: dict[str, Any]) -> str:
    """A row as one line of JSON."""
    return json.dumps(row, sort_keys=True) + "\n"


def copy_history(writer: ArtifactWriter, parent: Artifact, stage: str) -> None:
    """Copy a parent's log and its own ``history/`` into ``history/``, so that a report can show
    all earlier stages without their folders."""
    writer.write_json(f"{HISTORY}/{stage}/{MANIFEST}", parent.manifest.to_json())
    for name in parent.manifest.files:
        path = parent / name
        if name.startswith(f"{HISTORY}/"):
            writer.write(name, read_bytes(path))
        elif name in LOGGED:
            writer.write(f"{HISTORY}/{stage}/{name}", read_bytes(path))


def _with_step(row: dict[str, float | None]) -> dict[str, float | None]:
    step = row.get("step")
    if step is None or not step >= 0:
        raise ValueError("expected a row with a step, at least 0")
    return row


class _Usage(OpenPart):
    train: tuple[Count, ...]
    val: tuple[Count, ...]


class _Stage(OpenPart):
    kind: Literal["tokens", "encoder"]
    id: str


_ROW = TypeAdapter(Annotated[dict[str, float | None], AfterValidator(_with_step)], config=STRICT)
_USAGE, _STAGE = TypeAdapter(_Usage), TypeAdapter(_Stage)


def read_rows(path: Path) -> list[dict[str, float]]:
    """The rows of a ``metrics.jsonl``, without what is null there.

    Raises ArtifactError for lines that are none.
    """
    rows = [parse_json(line, _ROW, path) for line in read_part(path).splitlines()]
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def read_usage(path: Path) -> dict[str, NDArray[np.int64]]:
    """How often each code occurs, [K] of ``train`` and of ``val``, by a ``codebook.json``.

    Raises ArtifactError for anything else, or where no code occurs.
    """
    usage = read_json(path, _USAGE)
    if len(usage.train) != len(usage.val):
        raise damaged(path, "train and val are not of as many codes")
    return {"train": np.array(usage.train), "val": np.array(usage.val)}


def read_stage(path: Path) -> tuple[str, str]:
    """Kind and id of an earlier artifact, by the copy of its manifest in a `HISTORY`."""
    stage = read_json(path, _STAGE)
    return stage.kind, stage.id


HISTORY_PARTS: dict[str, Reader] = {
    METRICS: read_rows,
    **{f"{HISTORY}/{stage}/{METRICS}": read_rows for stage in STAGES},
    **{f"{HISTORY}/{stage}/{MANIFEST}": read_stage for stage in STAGES},
    f"{HISTORY}/tokenize/{USAGE}": read_usage,
}
"""Readers of the log of an artifact, and of those that it was made from."""

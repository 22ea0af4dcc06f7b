"""Keep the log of a training run, and copy it between artifacts."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.regular_files import read_bytes, read_text

METRICS = "metrics.jsonl"
USAGE = "codebook.json"
EXAMPLES = "examples.safetensors"
LOGGED = (METRICS, USAGE, EXAMPLES)
"""Files that a stage logs for the reports of later stages."""
HISTORY = "history"


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


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a ``metrics.jsonl``."""
    return [json.loads(line) for line in read_text(path).splitlines()]

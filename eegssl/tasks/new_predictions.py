"""State what predictions of new files hold."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from eegssl.artifacts.contract import Contract, require_contract
from eegssl.artifacts.json_parts import HASHED_ID, Count, OpenPart, damaged
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.reading import load
from eegssl.artifacts.table_parts import ANY, NUMBER, Cells, read_text_table
from eegssl.corpus.audits.leaks import REMEDIES
from eegssl.corpus.concerns.concern import CONCERNS, CONCERNS_CELLS
from eegssl.corpus.preprocessing.file_outcomes import refused_rows
from eegssl.tasks.base import PREDICTIONS
from eegssl.tasks.kind import Unlabelled
from eegssl.tasks.kinds import kind_named
from eegssl.tasks.one_file.file_answer import ANSWERS
from eegssl.tasks.table import kind_of_table, read_table

KIND = "predictions"
FILES = "files.tsv"
_KINDS = f"({'|'.join(REMEDIES)})"
FILES_CELLS: Cells = {
    "file": HASHED_ID,
    "status": "read|refused",
    "code": "[a-z-]+|n/a",
    "reason": ANY,
    "duration_s": f"{NUMBER}|n/a",
    "answer": ANY,
    "value": f"{NUMBER}|n/a",
    "missing": ANY,
    "seen": f"none|n/a|{_KINDS}(,{_KINDS})*",
    "name": ANY,
}
"""A row a file: what was found in it, or why it was not read."""
NAMES = (PREDICTIONS, FILES, CONCERNS, "detections/*", f"{ANSWERS}/*.json")
"""Files of predictions, as names or patterns."""


def file_cells(row: Mapping[str, Any]) -> list[str]:
    """The cells of a file, of what `predict` keeps of it."""
    if "refused" in row:
        return [row["file"], "refused", *row["refused"], *["n/a"] * 6]
    lost = "; ".join(
        f"stretch {id_.rpartition('-')[2]} can't be used, {code}: {reason}"
        for id_, code, reason in row["lost"]
    )
    return [
        row["file"],
        "read",
        "n/a",
        lost or "n/a",
        f"{row['duration_s']:.3f}",
        row["answer"],
        f"{row['value']:.6f}".rstrip("0").rstrip("."),
        ",".join(row["missing"]) or "none",
        ",".join(row["seen"]) or "none",
        row["name"],
    ]


def files_outcome(out: Path) -> dict[str, Any]:
    """``accepted`` (ids of files) and ``refused`` (id, code, reason of each) of predictions."""
    rows = read_text_table(out / FILES, FILES_CELLS)
    refused = {row["file"]: (row["code"], row["reason"]) for row in rows if row["status"] != "read"}
    accepted = [row["file"] for row in rows if row["status"] == "read"]
    return {"accepted": accepted, "refused": refused_rows(refused)}


class _Facts(OpenPart):
    """Facts of predictions; the counts have to be those of the table of files."""

    files: Count
    accepted: Count
    refused: Count
    seen: Count
    """Files that the model was fitted on, or whose person."""
    answers: dict[str, Count]
    events: Count | None = None
    """In all files, where the model detects."""
    warnings: tuple[str, ...]


def predictions_contract(unlabelled: Unlabelled[Any, Any]) -> Contract:
    """What predictions of new files hold, by the way in which a kind of task reads them."""
    return Contract(
        KIND,
        parts={
            PREDICTIONS: partial(read_table, view=unlabelled.view),
            FILES: partial(read_text_table, cells=FILES_CELLS, unique="file"),
            CONCERNS: partial(read_text_table, cells=CONCERNS_CELLS),
        },
        facts=_Facts,
        whole=_require_counts,
    )


def open_predictions(path: Path) -> Artifact:
    """Open predictions of new files by the contract of their kind of task.

    Raises ArtifactError where they are missing, damaged, or not what such artifacts are.
    """
    artifact = load(path, KIND)
    table = artifact / PREDICTIONS
    kind = kind_named(kind_of_table(table), table)
    if kind.unlabelled is None:
        raise damaged(table, f"models of tasks of {kind.name} read no new files")
    require_contract(artifact, predictions_contract(kind.unlabelled))
    return artifact


def _require_counts(artifact: Artifact) -> None:
    """Raise ArtifactError where the table of files is not as the manifest counts."""
    rows = read_text_table(artifact / FILES, FILES_CELLS)
    read = [row for row in rows if row["status"] == "read"]
    counts: dict[str, Any] = {
        "files": len(rows),
        "accepted": len(read),
        "refused": len(rows) - len(read),
        "seen": sum(row["seen"] != "none" for row in read),
        "answers": dict(Counter(row["answer"] for row in read)),
    }
    if artifact.manifest.facts.get("events") is not None:
        counts["events"] = sum(int(float(row["value"])) for row in read)
    for name, n in counts.items():
        if artifact.manifest.facts[name] != n:
            raise damaged(artifact.path / FILES, f"facts.{name} is not what its rows say, {n}")

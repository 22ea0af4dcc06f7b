"""Tables that users bring (TSV), and the table of predictions (Parquet)."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eegssl.errors import ArtifactError, ConfigError

_CLASSES = b"eegssl.classes"


@dataclass(frozen=True)
class Predictions:
    """One row a window: the only source of every score."""

    subject: list[str]
    recording: list[str]
    start_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    truth: NDArray[np.int64]
    """[n], index into ``classes``."""
    probabilities: NDArray[np.float64]
    """[n, classes]"""
    classes: tuple[str, ...]
    split_hash: str
    """Hash of the splits that kept these windows apart from training."""


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Write ``predictions.parquet``: a column ``p_<class>`` for each class."""
    columns = {
        "subject": pa.array(predictions.subject, pa.string()),
        "recording": pa.array(predictions.recording, pa.string()),
        "start_s": pa.array(predictions.start_s),
        "duration_s": pa.array(predictions.duration_s),
        "truth": pa.array(predictions.truth.astype(np.int32)),
    }
    for k, name in enumerate(predictions.classes):
        columns[f"p_{name}"] = pa.array(np.ascontiguousarray(predictions.probabilities[:, k]))
    columns["split_hash"] = pa.array([predictions.split_hash] * len(predictions.truth), pa.string())
    table = pa.table(columns)
    classes = json.dumps(list(predictions.classes)).encode()
    pq.write_table(table.replace_schema_metadata({_CLASSES: classes}), path)


def read_predictions(path: Path) -> Predictions:
    """Read ``predictions.parquet``.

    Raises ArtifactError when a column or the class names are missing.
    """
    try:
        table = pq.read_table(path)
        classes = tuple(json.loads(table.schema.metadata[_CLASSES]))
        probabilities = [table[f"p_{name}"].to_numpy() for name in classes]
        hashes = set(table["split_hash"].to_pylist())
        return Predictions(
            subject=table["subject"].to_pylist(),
            recording=table["recording"].to_pylist(),
            start_s=table["start_s"].to_numpy(),
            duration_s=table["duration_s"].to_numpy(),
            truth=table["truth"].to_numpy().astype(np.int64),
            probabilities=np.stack(probabilities, axis=1),
            classes=classes,
            split_hash=hashes.pop() if hashes else "",
        )
    except (OSError, KeyError, TypeError, pa.ArrowInvalid) as error:
        raise ArtifactError(f"{path} is no predictions table ({type(error).__name__})") from None


def read_tsv(path: Path, wanted: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a user's TSV that has (at least) these columns.

    Raises ConfigError when the file or a column is missing.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            columns = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = columns
            rows = [{k: (v or "").strip() for k, v in row.items() if k} for row in reader]
    except FileNotFoundError:
        raise ConfigError(f"there is no file {path}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path} can't be read as a TSV ({type(error).__name__})") from None
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise ConfigError(
            f"{path} has no column {missing[0]!r}; a tab-separated table with "
            f"{', '.join(wanted)} was expected"
        )
    return rows


def format_tsv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A TSV; tabs and line ends within a cell become spaces."""
    lines = [columns, *rows]
    return "".join("\t".join(" ".join(str(c).split()) for c in row) + "\n" for row in lines)

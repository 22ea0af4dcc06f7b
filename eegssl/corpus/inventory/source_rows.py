"""Keep what reading each source file gave, for an update."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from eegssl.artifacts.json_parts import HASHED_ID, damaged
from eegssl.artifacts.manifest import SOURCE_ROWS
from eegssl.artifacts.table_parts import TEXT, Column, Columns, arrow_schema, read_table
from eegssl.corpus.finished_rows import held_small
from eegssl.corpus.inventory.made_from import MADE_FROM

SOURCE_ROWS_COLUMNS: Columns = {
    "file": Column(TEXT, pattern=HASHED_ID, unique=True),
    "row": Column(TEXT, longest=1 << 28),
}
Row = dict[str, Any]


def write_source_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write the rows that `ingest` gave, in the order of their ids."""
    how: dict[str, Any] = {"sort_keys": True, "allow_nan": False, "ensure_ascii": False}
    texts = [json.dumps(row, default=np.ndarray.tolist, **how) for row in rows]
    columns = {"file": [row["file"] for row in rows], "row": texts}
    table = pa.Table.from_pydict(columns, arrow_schema(SOURCE_ROWS_COLUMNS))
    pq.write_table(table, path, compression="zstd")


def read_source_rows(out: Path) -> dict[str, Row]:
    """Rows of files by id, of those that were not refused; raises ArtifactError."""
    path = out / SOURCE_ROWS
    stored = read_table(path, SOURCE_ROWS_COLUMNS).to_pylist()
    rows = {row["file"]: _row(path, row["row"]) for row in stored}
    return {file: row for file, row in rows.items() if "kept" in row}


def _row(path: Path, text: str) -> Row:
    try:
        row = json.loads(text)
        return held_small(row | {MADE_FROM: [str(key) for key in row[MADE_FROM]]})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise damaged(path, "what reading a file gave is no row that eegssl writes") from None

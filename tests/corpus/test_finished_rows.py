"""Rows of recordings are held in little memory until the tables are written, and say the same."""

import gc
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from clirun import Pipeline

from eegssl.artifacts.table_parts import arrow_schema
from eegssl.corpus.finished_rows import held_small
from eegssl.corpus.preprocessing.recording_tables import RECORDINGS_COLUMNS

Row = dict[str, Any]
ROWS = 200


def stored(tiny: Pipeline) -> list[str]:
    """Rows as they lie in the scratch, with the channels and the sketch of a clinical file."""
    rng = np.random.default_rng(0)
    (row, *_) = pq.read_table(tiny.recordings / "recordings.parquet").to_pylist()
    row |= {
        "channels": [f"electrode-{k}" for k in range(23)],
        "flagged": {flag: np.round(rng.random(23), 4).tolist() for flag in row["flagged"]},
    }
    rows = []
    for _ in range(ROWS):
        fields = row | {"sketch": np.sort(rng.integers(0, 2**32, 256)).tolist()}
        rows.append(json.dumps({"file": "r-0", "kept": [fields], "events": [], "lost": []}))
    return rows


def held(texts: list[str], way: Callable[[Row], Row]) -> tuple[list[Row], int]:
    """The rows, and the bytes that they hold."""
    gc.collect()
    tracemalloc.start()
    rows = [way(json.loads(text)) for text in texts]
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return rows, size


def table(rows: list[Row]) -> pa.Table:
    fields = [fields for row in rows for fields in row["kept"]]
    return pa.Table.from_pylist(fields, arrow_schema(RECORDINGS_COLUMNS))


def test_rows_take_a_quarter_of_the_memory_and_make_the_same_table(tiny: Pipeline) -> None:
    texts = stored(tiny)
    plain, most = held(texts, lambda row: row)
    small, least = held(texts, held_small)
    assert table(small).equals(table(plain))
    assert [row["file"] for row in small] == [row["file"] for row in plain]
    assert least < most / 3


def test_what_is_in_no_table_is_kept_as_it_is(tiny: Pipeline) -> None:
    row = json.loads(stored(tiny)[0])
    row["kept"][0]["beside"] = [["Cz", 0.5], None, 3]
    assert held_small(row)["kept"][0]["beside"] == [["Cz", 0.5], None, 3]


def test_a_row_without_recordings_is_left_as_it_is() -> None:
    row = {"file": "r-0", "refused": ["too-short", "it has 1 s"]}
    assert held_small(row) == row

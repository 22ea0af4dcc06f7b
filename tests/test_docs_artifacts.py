"""docs/artifacts.md and the schemas name the same columns and keys, neither more nor fewer."""

import re
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from corpora import write_signal

from eegssl.artifacts.files.packs import PACKS_COLUMNS
from eegssl.artifacts.manifest import SCHEMA_VERSION, Manifest, schema_of
from eegssl.corpus.codes.tokens import COLUMNS as CODES_COLUMNS
from eegssl.corpus.label_table import LABELS_CELLS
from eegssl.corpus.new_files.cleaned_as import CleanedAs
from eegssl.corpus.preprocessing.recording_tables import (
    DUPLICATES_CELLS,
    EVENTS_COLUMNS,
    PEOPLE_CELLS,
    RECORDINGS_COLUMNS,
    REFUSED_CELLS,
)
from eegssl.scoring.temperature import Temperature
from eegssl.scoring.threshold import Threshold
from eegssl.tasks.benchmarks.robust_cells import GAIN_CELLS
from eegssl.tasks.labels.corrupted.robustness_part import ROBUSTNESS_CELLS
from eegssl.tasks.labels.measures.stored_scores import (
    FAULTS_CELLS,
    StoredDetections,
    StoredEvents,
    StoredScores,
    StoredUnits,
)
from eegssl.tasks.labels.predictions import TABLE

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "artifacts.md").read_text()
NAME = re.compile(r"`([A-Za-z0-9_@.-]+)`")


def first_cells(before: str) -> list[str]:
    """The names in the first cells of the table that follows some words of the page."""
    assert PAGE.count(before) == 1, before
    lines = PAGE.split(before)[1].split("\n\n")[1].splitlines()
    assert lines[1].startswith("|---"), lines[:2]
    return [name for line in lines[2:] for name in NAME.findall(line.split(" | ")[0])]


def row_of(name: str) -> str:
    """The words that describe a file."""
    return next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))


def test_the_page_names_the_schema_of_the_code() -> None:
    row = row_of("schema_version")
    assert f"contract: {SCHEMA_VERSION}; of recordings {schema_of('recordings')}" in row


def test_the_lines_that_open_a_signal_do_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = [part for part in PAGE.split("```") if "load_file(" in part]
    signal_uv = np.random.default_rng(0).normal(0, 30, (3, 1000)).astype(np.float32)
    (name,) = re.findall(r'load_file\("(.+)"\)', block)
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    write_signal(path, signal_uv)
    monkeypatch.chdir(tmp_path)
    names: dict[str, np.ndarray] = {}
    exec(block.removeprefix("python"), names)
    assert names["signal"].dtype == np.int16
    np.testing.assert_allclose(names["signal_uv"], signal_uv, atol=0.01)


TABLES: list[tuple[str, Iterable[str]]] = [
    ("It is JSON with sorted keys:", {f.name for f in fields(Manifest)} | {"schema_version"}),
    ("Columns of `recordings.parquet`:", RECORDINGS_COLUMNS),
    ("[What each number means](scores.md).", StoredScores.model_fields),
    ("Keys of `units`:", StoredUnits.model_fields),
    ("Keys of `events`:", StoredEvents.model_fields),
]


@pytest.mark.parametrize(("before", "names"), TABLES, ids=[before for before, _ in TABLES])
def test_a_table_of_the_page_names_what_the_schema_does(before: str, names: Iterable[str]) -> None:
    listed = first_cells(before)
    assert len(set(listed)) == len(listed)
    assert set(listed) == set(names)


def test_the_columns_of_predictions_are_those_of_their_table() -> None:
    listed = {
        name.replace("CLASS", "{}") for name in first_cells("Columns of `predictions.parquet`:")
    }
    assert listed == {column.name for column in TABLE.columns} | {"split_hash"}


ROWS: list[tuple[str, Iterable[str]]] = [
    ("subjects.tsv", PEOPLE_CELLS),
    ("refused.tsv", REFUSED_CELLS),
    ("duplicates.tsv", DUPLICATES_CELLS),
    ("codes.parquet", CODES_COLUMNS),
    ("signals/packs.parquet", PACKS_COLUMNS),
    ("labels.tsv", LABELS_CELLS),
    ("faults.tsv", FAULTS_CELLS),
    ("robustness_gains.tsv", GAIN_CELLS),
    ("threshold.json", {f.name for f in fields(Threshold)}),
    ("temperature.json", {f.name for f in fields(Temperature)}),
    ("cleaning.json", set(CleanedAs.model_fields)),
]


@pytest.mark.parametrize(("name", "expected"), ROWS, ids=[name for name, _ in ROWS])
def test_the_row_of_a_file_names_its_columns_or_keys(name: str, expected: Iterable[str]) -> None:
    assert set(expected) <= set(NAME.findall(row_of(name)))


def test_the_scores_over_severity_are_described() -> None:
    words = PAGE.split("### Of corrupted recordings")[1].split("###")[0]
    assert set(ROBUSTNESS_CELLS) <= set(NAME.findall(words))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("Columns of `events.parquet`:", EVENTS_COLUMNS),
        ("Keys of `detections`,", StoredDetections.model_fields),
    ],
)
def test_a_paragraph_names_what_the_schema_does(before: str, expected: Iterable[str]) -> None:
    words = PAGE.split(before)[1].split("\n\n")[0]
    assert set(expected) <= set(NAME.findall(words))

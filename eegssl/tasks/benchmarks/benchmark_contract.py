"""State what a benchmark holds: rows that follow from its cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from pydantic import TypeAdapter

from eegssl.artifacts.contract import Contract
from eegssl.artifacts.json_parts import Count, OpenPart, damaged, read_part, validated
from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.artifacts.reading import read_manifest
from eegssl.artifacts.table_parts import read_text_table
from eegssl.reports.benchmark.results import RESULTS, TABLE, filled, read_results, table_text, text
from eegssl.tasks.base import EVALUATION, PREDICTIONS, AnyKind
from eegssl.tasks.benchmarked import BASELINE, Benchmarked
from eegssl.tasks.benchmarks.benchmark_rows import Row, read_cells
from eegssl.tasks.benchmarks.matrix_cells import Cell, MatrixSettings, scored_folder
from eegssl.tasks.benchmarks.robust_cells import GAIN_CELLS, GAINS, ROBUSTNESS, ROBUSTNESS_CELLS
from eegssl.tasks.kinds import kind_named
from eegssl.tasks.table import kind_of_table


def facts_of(rows: Sequence[Mapping[str, Any]], settings: MatrixSettings) -> dict[str, Any]:
    """The facts of a benchmark that follow from its rows and settings."""
    return {
        "cells": sum(not row["not_run"] for row in rows),
        "folds": len(settings.folds) or 1,
        "tasks": sorted(settings.tasks),
        "encoders": sorted(settings.encoders),
        "within_subject": any(row.get("within_subject") for row in rows),
    }


class _Facts(OpenPart):
    cells: Count
    folds: Count
    tasks: list[str]
    encoders: list[str]
    within_subject: bool


def require_rows(artifact: Artifact) -> None:
    """Raise ArtifactError where the table says anything else than the cells."""
    stored = _Stored(artifact, read_results(artifact / RESULTS))
    rows = stored.derived_rows()
    if table_text(rows).encode() != read_part(artifact / TABLE):
        raise damaged(artifact / TABLE, f"its rows are not those of {RESULTS}")
    for name, value in facts_of(rows, stored.settings).items():
        if artifact.manifest.facts[name] != value:
            raise damaged(artifact.path / MANIFEST, f"facts.{name} are not those of its cells")


@dataclass(frozen=True)
class _Stored:
    """A finished benchmark, and the rows of its table as they are stored."""

    artifact: Artifact
    rows: Sequence[Row]

    def derived_rows(self) -> list[Row]:
        """The rows as they follow from the cells, in the order of the table.

        Raises ArtifactError where a stored row is another, is missing, or has no cell.
        """
        scored = read_cells(
            self.artifact.path, self.settings, self._cells, self._kinds, self._not_run()
        )
        derived = filled(scored.rows)
        ran = iter([row for row in derived if not row["not_run"]])
        others = iter([row for row in derived if row["not_run"]])
        ordered = []
        for number, row in enumerate(self.rows, start=1):
            expected = next(others if row["not_run"] else ran, {})
            if problem := _difference(row, expected):
                raise damaged(self.artifact / RESULTS, f"row {number}: {problem}")
            ordered.append(expected)
        if len(ordered) < len(derived):
            problem = f"it has {len(ordered)} row(s), and its cells make {len(derived)}"
            raise damaged(self.artifact / RESULTS, problem)
        return filled(ordered)

    @cached_property
    def settings(self) -> MatrixSettings:
        """The settings that list the cells, with tasks and encoders in the order of the table.

        A manifest has them in the order of their names.
        """
        source = self.artifact.path / MANIFEST
        config = self.artifact.manifest.config
        settings = validated(config, TypeAdapter(MatrixSettings), source, "config")
        order: dict[str, dict[str, Any]] = {}
        for column, values in (("task", settings.tasks), ("encoder", settings.encoders)):
            of_rows = [row[column] for row in self.rows if row["adaptation"] != BASELINE]
            names = dict.fromkeys([*of_rows, *values])
            order[f"{column}s"] = {name: values[name] for name in names if name in values}
        return settings.model_copy(update=order)

    @cached_property
    def _kinds(self) -> dict[str, AnyKind]:
        """The kind of each task, by the predictions of its first cell that has a model."""
        any_kind = dict.fromkeys(self.settings.tasks, Benchmarked())
        kinds: dict[str, AnyKind] = {}
        for cell in self.settings.cells(any_kind, self._never_from_scratch):
            if cell.task not in kinds:
                folder = scored_folder(cell, self.artifact.path, self._folds[0])
                read_manifest(folder, EVALUATION)
                table = folder / PREDICTIONS
                kinds[cell.task] = kind_named(kind_of_table(table), table)
        return kinds

    @cached_property
    def _cells(self) -> list[Cell]:
        benchmarks = {task: kind.benchmark for task, kind in self._kinds.items()}
        return list(self.settings.cells(benchmarks, self._never_from_scratch))

    @property
    def _folds(self) -> Sequence[int | None]:
        return self.settings.folds or (None,)

    @property
    def _never_from_scratch(self) -> set[str]:
        """The encoders of random weights that have no row from scratch.

        Another of the matrix has one for both; which one it is, their paths say, which no manifest
        has.
        """
        scratch = {row["encoder"] for row in self.rows if row["adaptation"] == "scratch"}
        encoders = self.settings.encoders.items()
        return {n for n, one in encoders if one.weights == "random" and n not in scratch}

    def _not_run(self) -> dict[Cell, str]:
        """The baselines without an artifact, each with its reason as the table has it, or none.

        No cell has the reason.
        """
        reasons: dict[Cell, str] = {}
        for cell in self._cells:
            folders = [scored_folder(cell, self.artifact.path, fold) for fold in self._folds]
            if cell.adaptation == BASELINE and not all((f / MANIFEST).exists() for f in folders):
                names = _names(self.settings.named(cell))
                stored = [r["not_run"] for r in self.rows if r["not_run"] and _names(r) == names]
                earlier = [one for one in reasons if _names(self.settings.named(one)) == names]
                reasons[cell] = [*stored, *stored[-1:], ""][min(len(earlier), len(stored))]
        return reasons


def _names(row: Row) -> tuple[str, str, str]:
    """What names a baseline that was not run, at any seed."""
    return row["task"], row["encoder"], str(row["labels_subjects"])


def _difference(row: Row, expected: Row) -> str:
    """The first column in which a stored row is not as its cell says, in words; else empty."""
    if not expected:
        return "it has no cell"
    if row.keys() != expected.keys():
        return f"it has {len(row)} columns, and its cell makes {len(expected)}, or others"
    for name, value in expected.items():
        stored = row[name]
        if stored != value or isinstance(stored, bool) != isinstance(value, bool):
            shown = f" is {text(stored)}" if isinstance(stored, int | float) else " is another"
            return f"{name}{shown}, and its cell says {text(value)}"
    return ""


CONTRACT = Contract(
    "benchmark",
    parts={RESULTS: read_results},
    others={
        ROBUSTNESS: partial(read_text_table, cells=ROBUSTNESS_CELLS),
        GAINS: partial(read_text_table, cells=GAIN_CELLS),
    },
    facts=_Facts,
    config=MatrixSettings,
    whole=require_rows,
)
"""What a benchmark holds beside its cells."""

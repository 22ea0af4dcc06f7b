"""Run a matrix of encoders, tasks, adaptations and seeds to one table.

Every cell is a model and an evaluation of their own below ``cells/``, made by the same stages as
by hand; a finished cell is not run again.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.json_parts import damaged
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.stages import BenchmarkConfig
from eegssl.io.tables.tsv import format_tsv
from eegssl.reports.benchmark.comparisons import (
    ComparedUnit,
    Comparison,
    Key,
    PerUnit,
    compare,
    compare_pooled,
    require_system,
)
from eegssl.reports.benchmark.results import (
    CONTRACT,
    RESULTS,
    columns,
    filled,
    leaderboard,
    not_run_row,
    read_results,
    result_row,
    text,
)
from eegssl.reports.benchmark.score_columns import of_subjects
from eegssl.reports.cautions import with_warnings
from eegssl.reports.html import render_page
from eegssl.scoring.unit_effects import UnitAnswers
from eegssl.stages.benchmark_cells import Matrix, metrics_of
from eegssl.tasks.benchmarked import BASELINE, MODEL_METHOD, Benchmarked, NotRun
from eegssl.tasks.matrix_cells import CELLS, Cell, Fold, baseline_of, scored_folder

TABLE = "results.tsv"
LEADERBOARD = "leaderboard.html"
COMPARISONS = "comparisons.tsv"
Row = dict[str, Any]


@dataclass
class Scored:
    """Rows of the table, and by task, number of labelled subjects and system what is compared.

    ``units`` hold the scores of each subject (or fold) in every run, ``folders`` the evaluation of
    each draw, seed and fold.
    """

    rows: list[Row] = field(default_factory=list)
    units: dict[Key, list[PerUnit]] = field(default_factory=dict)
    folders: dict[Key, dict[Hashable, Path]] = field(default_factory=dict)


def run(config: BenchmarkConfig, base: Path, context: Context) -> Result:
    """Run every cell of the matrix that isn't finished, then write table and leaderboard.

    Paths in the matrix are relative to ``base``.
    """
    matrix = Matrix(config, base)
    cells = list(matrix.cells())
    first = next(cell.system for cell in cells if cell.adaptation != BASELINE)
    against = config.compare_with or first
    require_system(against, dict.fromkeys([*(c.system for c in cells), *matrix.methods()]))
    folds: Sequence[Fold] = config.folds or (None,)
    corpora = {fold: matrix.corpus(fold) for fold in folds}
    matrix.require_subjects(corpora.values())
    writer = context.begin(CONTRACT, config, matrix.inputs(corpora), update=True)
    if isinstance(writer, Result):
        return writer
    within = all(c.within_subject for c in corpora.values())
    unit: ComparedUnit = "fold" if config.folds and within else "subject"
    scored = _run_cells(cells, folds, unit, matrix, context)
    rows = filled(scored.rows)
    how = (against, context.seed, config.evaluate.scoring.bootstrap_resamples)
    pooled = compare_pooled(_answers(scored, matrix), *how) if unit == "subject" else []
    comparisons = [
        one
        for one in (*pooled, *compare(scored.units, *how, unit))
        if one.n or one.task not in {other.task for other in pooled}
    ]
    about = {
        "within_subject": any(row.get("within_subject") for row in rows),
        "synthetic": any(c.synthetic for c in corpora.values()),
    }
    _write_tables(writer, matrix, rows, comparisons, about, context.warnings)
    facts = {
        "cells": sum(not row["not_run"] for row in rows),
        "folds": len(folds),
        "tasks": sorted(config.tasks),
        "encoders": sorted(config.encoders),
    } | about
    return context.finish(writer, facts, bulk={CELLS: ""})


def _run_cells(
    cells: Sequence[Cell],
    folds: Sequence[Fold],
    unit: ComparedUnit,
    matrix: Matrix,
    context: Context,
) -> Scored:
    """Run every cell; scores of units are by ``unit``.

    A baseline that can't be run on a task gets a warning, and one row that says why.
    """
    advance = context.progress.track("cells", len(cells) * len(folds))
    scored = Scored()
    for k, cell in enumerate(cells):
        try:
            facts = [matrix.run_cell(cell, fold, context) for fold in folds]
        except NotRun as error:
            row = (
                matrix.named(cell)
                | {"draw": None, "seed": None, "pretraining_seeds": ""}
                | not_run_row(str(error), matrix.benchmark_of(cell.task).columns)
            )
            if row not in scored.rows:
                context.warn(f"{cell.task}, {cell.encoder}: not run, {error}")
                scored.rows.append(row)
            continue
        finally:
            advance((k + 1) * len(folds))
        for warning in dict.fromkeys(w for f in facts for w in f["warnings"]):
            if warning not in context.warnings:
                context.warn(warning)
        within = {"within_subject": any(f["within_subject"] for f in facts)}
        pretraining = {"pretraining_seeds": matrix.pretraining_seeds(cell, folds)}
        for one, (row, runs) in _systems(
            cell, matrix.benchmark_of(cell.task), facts, folds, unit, context.out
        ).items():
            if one == cell or cell.with_baselines:
                named = matrix.named(one)
                key = (one.task, str(named["labels_subjects"]), one.system)
                scored.units.setdefault(key, []).extend(runs)
                own = pretraining if one == cell else {"pretraining_seeds": ""}
                scored.rows.append(named | own | row | within)
                if one == cell:
                    scored.folders.setdefault(key, {}).update(
                        ((cell.draw, cell.seed, fold), scored_folder(cell, context.out, fold))
                        for fold in folds
                    )
    return scored


def _answers(scored: Scored, matrix: Matrix) -> dict[Key, dict[Hashable, UnitAnswers]]:
    """The answers of each system's runs for units that have one score together."""
    values: dict[str, bool] = {}
    for (task, *_), runs in scored.units.items():
        own = any(v is not None for run in runs for one in run.values() for v in one.values())
        values[task] = values.get(task, False) or own
    answers: dict[Key, dict[Hashable, UnitAnswers]] = {}
    for key, folders in scored.folders.items():
        for run, folder in folders.items():
            task = matrix.tasks[key[0]]
            answer = matrix.benchmark_of(key[0]).answers(folder, task, by_subject=values[key[0]])
            if answer is not None:
                answers.setdefault(key, {})[run] = answer
    return answers


def _systems(
    cell: Cell,
    benchmark: Benchmarked,
    facts: Sequence[Mapping[str, Any]],
    folds: Sequence[Fold],
    unit: ComparedUnit,
    out: Path,
) -> dict[Cell, tuple[Row, list[PerUnit]]]:
    """Results of a cell's evaluations: of its system, and of the baselines that stand in them."""
    metrics = [metrics_of(cell, out, fold) for fold in folds]
    scores = [benchmark.scores(one) for one in facts]
    subjects = [benchmark.by_subject(one) for one in metrics]
    units = subjects
    if unit == "fold":
        of_folds = [benchmark.of_fold(f, m) for f, m in zip(facts, metrics, strict=True)]
        units = [
            {method: {f"fold {k}": values} for method, values in of_fold.items()}
            for k, of_fold in zip(folds, of_folds, strict=True)
        ]
    return {
        cell if method == MODEL_METHOD else baseline_of(cell, method): (
            result_row(facts, [one[method] for one in scores], [one[method] for one in subjects]),
            [one[method] for one in units],
        )
        for method in scores[0]
    }


def _write_tables(
    writer: ArtifactWriter,
    matrix: Matrix,
    rows: Sequence[Row],
    comparisons: Sequence[Comparison],
    about: Mapping[str, bool],
    warnings: Sequence[str],
) -> None:
    """Write results, comparisons and the leaderboard."""
    cells_as_text = [[text(value) for value in row.values()] for row in rows]
    writer.write(TABLE, format_tsv(list(rows[0]), cells_as_text))
    writer.write_json(RESULTS, rows)
    compared = [[text(v) for v in one.as_dict().values()] for one in comparisons]
    writer.write(COMPARISONS, format_tsv(list(Comparison.__dataclass_fields__), compared))
    words = [column for task in matrix.tasks for column in matrix.benchmark_of(task).words]
    known = [*words, *map(of_subjects, words)]
    page = leaderboard(
        rows,
        comparisons,
        matrix.shown(rows),
        known,
        about["synthetic"],
        about["within_subject"],
        matrix.controls,
    )
    writer.write(LEADERBOARD, render_page(with_warnings(page, warnings)))


def table(config: BenchmarkConfig, base: Path, out: Path) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows of the results of a matrix, for a terminal."""
    rows, matrix = read_results(out / RESULTS), Matrix(config, base)
    if unknown := {row["task"] for row in rows} - set(matrix.tasks):
        raise damaged(out / RESULTS, f"it has {len(unknown)} task(s) that the matrix has not")
    names = columns(matrix.shown(rows), rows)
    if missing := [name for name in names if name not in rows[0]]:
        raise damaged(out / RESULTS, f"it lacks column {', '.join(missing)}")
    return list(names), [[row[name] for name in names] for row in rows]

"""Run a matrix of encoders, tasks, adaptations and seeds to one table.

Every cell is a model and an evaluation of their own below ``cells/``, made by the same stages as
by hand; a finished cell is not run again.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.json_parts import damaged
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.stages import BenchmarkConfig
from eegssl.corpus.audits.growth import tell_growth
from eegssl.io.tables.tsv import format_tsv
from eegssl.reports.benchmark.comparisons import (
    ComparedUnit,
    Comparison,
    Key,
    compare,
    compare_pooled,
    require_system,
)
from eegssl.reports.benchmark.results import (
    RESULTS,
    TABLE,
    columns,
    filled,
    leaderboard,
    read_results,
    table_text,
    text,
)
from eegssl.reports.benchmark.score_columns import of_subjects
from eegssl.reports.cautions import with_warnings
from eegssl.reports.html import render_page
from eegssl.scoring.unit_effects import UnitAnswers
from eegssl.signal.corruptions.known_corruptions import levels_of
from eegssl.stages.benchmark_cells import Matrix
from eegssl.tasks.benchmarked import BASELINE, NotRun
from eegssl.tasks.benchmarks.benchmark_contract import CONTRACT, facts_of
from eegssl.tasks.benchmarks.benchmark_rows import Row, Scored, read_cells
from eegssl.tasks.benchmarks.matrix_cells import CELLS, Cell, Fold
from eegssl.tasks.benchmarks.robust_cells import Robustness, robustness
from eegssl.tasks.benchmarks.robust_page import robustness_sections
from eegssl.tasks.kinds import KINDS

LEADERBOARD = "leaderboard.html"
COMPARISONS = "comparisons.tsv"


def run(config: BenchmarkConfig, base: Path, context: Context) -> Result:
    """Run every cell of the matrix that isn't finished, then write table and leaderboard.

    Paths in the matrix are relative to ``base``.
    """
    matrix = Matrix(config, base)
    cells = matrix.cells()
    first = next(cell.system for cell in cells if cell.adaptation != BASELINE)
    against = config.compare_with or first
    require_system(against, dict.fromkeys([*(c.system for c in cells), *matrix.methods()]))
    folds: Sequence[Fold] = config.folds or (None,)
    corpora = {fold: matrix.corpus(fold) for fold in folds}
    matrix.require_subjects(corpora.values())
    for fold, corpus in corpora.items():
        tell_growth(corpus.artifacts, matrix.encoders(fold), context)
    writer = context.begin(CONTRACT, config, matrix.inputs(corpora), update=True)
    if isinstance(writer, Result):
        return writer
    within = all(c.within_subject for c in corpora.values())
    unit: ComparedUnit = "fold" if config.folds and within else "subject"
    not_run = _run_cells(cells, folds, matrix, context)
    kinds = {name: KINDS[task.kind] for name, task in matrix.tasks.items()}
    scored = read_cells(context.out, matrix.settings, cells, kinds, not_run, unit)
    rows = filled(scored.rows)
    how = (against, context.seed, config.evaluate.scoring.bootstrap_resamples)
    pooled = compare_pooled(_answers(scored, matrix), *how) if unit == "subject" else []
    comparisons = [
        one
        for one in (*pooled, *compare(scored.units, *how, unit))
        if one.n or one.task not in {other.task for other in pooled}
    ]
    robust = Robustness()
    if config.evaluate.corruptions.kinds:
        benchmarks = {name: matrix.benchmark_of(name) for name in matrix.tasks}
        robust = robustness(scored, cells, config, matrix.settings, benchmarks, context.seed)
    facts = facts_of(rows, matrix.settings)
    facts |= {"synthetic": any(c.synthetic for c in corpora.values())}
    for name, words in robust.texts().items() if robust.points else ():
        writer.write(name, words)
    _write_tables(writer, matrix, rows, comparisons, robust, facts, context.warnings)
    return context.finish(writer, facts, bulk={CELLS: ""})


def _run_cells(
    cells: Sequence[Cell], folds: Sequence[Fold], matrix: Matrix, context: Context
) -> dict[Cell, str]:
    """Run every cell; returns the baselines that can't be run, with the reason of each."""
    advance = context.progress.track("cells", len(cells) * len(folds))
    not_run: dict[Cell, str] = {}
    for k, cell in enumerate(cells):
        warnings = []
        try:
            facts = [matrix.run_cell(cell, fold, context) for fold in folds]
            warnings = [warning for one in facts for warning in one["warnings"]]
        except NotRun as error:
            not_run[cell] = str(error)
            warnings = [f"{cell.task}, {cell.encoder}: not run, {error}"]
        finally:
            advance((k + 1) * len(folds))
        for warning in dict.fromkeys(warnings):
            if warning not in context.warnings:
                context.warn(warning)
    return not_run


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


def _write_tables(
    writer: ArtifactWriter,
    matrix: Matrix,
    rows: Sequence[Row],
    comparisons: Sequence[Comparison],
    robust: Robustness,
    about: Mapping[str, Any],
    warnings: Sequence[str],
) -> None:
    """Write results, comparisons and the leaderboard."""
    writer.write(TABLE, table_text(rows))
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
    levels = levels_of(matrix.config.evaluate.corruptions)
    page = replace(page, sections=(*page.sections, *robustness_sections(robust, levels)))
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

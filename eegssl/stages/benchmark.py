"""benchmark: a matrix of encoders, tasks, adaptations and seeds to one table.

Every cell is a model and an evaluation of their own below ``cells/``, made by the same stages as
by hand; a finished cell is not run again.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts import load
from eegssl.baselines.given import System
from eegssl.baselines.system import fit_baseline
from eegssl.config import BaselineConfig, BenchmarkConfig, FinetuneConfig, TaskEntry
from eegssl.corpus.labels import label_table
from eegssl.corpus.leaks import audit, refuse
from eegssl.corpus.store import Corpus, fitted_on, open_corpus
from eegssl.drafts import Draft
from eegssl.errors import ConfigError, InputError
from eegssl.files import hash_file, hash_json
from eegssl.io.predictions import write_predictions
from eegssl.io.tables import format_tsv
from eegssl.reports.comparisons import Comparison, PerUnit, Unit, compare, require_system
from eegssl.reports.leaderboard import render_leaderboard
from eegssl.reports.results import columns, leaderboard, not_run_row, result_row, text
from eegssl.reports.scores import score, score_facts
from eegssl.resolve import read_label_task
from eegssl.scoring.config import ThresholdCriterion
from eegssl.scoring.threshold import Threshold, choose_threshold
from eegssl.settings import public_values
from eegssl.stages import evaluate, finetune
from eegssl.stages.run import Result, Run
from eegssl.tasks.labels import LabelledWindows, labelled_windows
from eegssl.training.predictions import as_predictions

KIND = "benchmark"
CELLS = "cells"
TABLE = "results.tsv"
LEADERBOARD = "leaderboard.html"
COMPARISONS = "comparisons.tsv"
BASELINE = "baseline"
_FITTED = ("train", "val")
Row = dict[str, Any]
PerSystem = dict[tuple[str, str], list[PerUnit]]


class _NotRun(Exception):
    """A baseline that can't be run on these recordings; the message says why."""


@dataclass(frozen=True)
class Cell:
    """One row of the table: a system on a task, at one seed."""

    task: str
    encoder: str
    adaptation: str
    seed: int

    @property
    def system(self) -> str:
        """Its name in comparisons."""
        return self.encoder if self.adaptation == BASELINE else f"{self.encoder} {self.adaptation}"

    def folder(self, out: Path, fold: int | None) -> Path:
        """Where the cell's artifacts lie."""
        path = out / CELLS / self.task / self.encoder / self.adaptation / f"seed{self.seed}"
        return path if fold is None else path / f"fold{fold}"


def run(config: BenchmarkConfig, base: Path, run: Run) -> Result:
    """Run every cell of the matrix that isn't finished, then write table and leaderboard.

    Paths in the matrix are relative to ``base``.
    """
    cells = list(_cells(config))
    systems = list(dict.fromkeys(cell.system for cell in cells))
    first = next(cell.system for cell in cells if cell.adaptation != BASELINE)
    against = config.compare_with or first
    require_system(against, systems)
    folds: Sequence[int | None] = config.folds or (None,)
    corpora = {fold: open_corpus(_recordings(config, base, fold)) for fold in folds}
    inputs = [pair for fold in folds for pair in corpora[fold].inputs()]
    inputs += [pair for fold in folds for pair in _encoder_inputs(config, base, fold)]
    inputs += [pair for name in config.tasks for pair in _task_inputs(config, name, base)]
    draft = run.begin(KIND, config, inputs, update=True)
    if isinstance(draft, Result):
        return draft
    within = all(c.within_subject for c in corpora.values())
    unit: Unit = "fold" if config.folds and within else "subject"
    rows, by_unit = _run_cells(cells, folds, config, base, unit, run)
    resamples = config.evaluate.scoring.bootstrap_resamples
    found = compare(by_unit, against, run.seed, resamples, unit)
    _write_tables(draft, rows, found, corpora.values())
    facts = {
        "cells": sum(not row["not_run"] for row in rows),
        "folds": len(folds),
        "tasks": sorted(config.tasks),
        "encoders": sorted(config.encoders),
        "within_subject": any(c.within_subject for c in corpora.values()),
        "synthetic": any(c.synthetic for c in corpora.values()),
    }
    return run.finish(draft, facts, bulk={CELLS: ""})


def _run_cells(
    cells: Sequence[Cell],
    folds: Sequence[int | None],
    config: BenchmarkConfig,
    base: Path,
    unit: Unit,
    run: Run,
) -> tuple[list[Row], PerSystem]:
    """Rows of the table, and the scores by ``unit`` of each system's runs, by (task, system).

    A baseline that can't be run on a task is told, and has one row that says why.
    """
    advance = run.progress.track("cells", len(cells) * len(folds))
    rows: list[Row] = []
    by_unit: PerSystem = {}
    for k, cell in enumerate(cells):
        named = {"task": cell.task, "encoder": cell.encoder, "adaptation": cell.adaptation}
        try:
            facts = [_run_cell(cell, config, base, fold, run) for fold in folds]
        except _NotRun as error:
            row = named | {"seed": None} | not_run_row(str(error))
            if row not in rows:
                run.warn(f"{cell.task}, {cell.encoder}: not run, {error}")
                rows.append(row)
            continue
        finally:
            advance((k + 1) * len(folds))
        for warning in dict.fromkeys(w for f in facts for w in f["warnings"]):
            if warning not in run.warnings:
                run.warn(warning)
        runs = [_by_unit(cell, run, fold, unit) for fold in folds]
        by_unit.setdefault((cell.task, cell.system), []).extend(runs)
        rows.append(named | {"seed": cell.seed} | result_row(facts))
    return rows, by_unit


def _write_tables(
    draft: Draft,
    rows: Sequence[Row],
    found: Sequence[Comparison],
    corpora: Collection[Corpus],
) -> None:
    """Write results, comparisons and the leaderboard."""
    cells_as_text = [[text(value) for value in row.values()] for row in rows]
    draft.write(TABLE, format_tsv(list(rows[0]), cells_as_text))
    draft.write_json("results.json", rows)
    compared = [[text(v) for v in one.as_dict().values()] for one in found]
    draft.write(COMPARISONS, format_tsv(list(Comparison.__dataclass_fields__), compared))
    synthetic = any(c.synthetic for c in corpora)
    within = any(c.within_subject for c in corpora)
    draft.write(LEADERBOARD, render_leaderboard(leaderboard(rows, found, synthetic, within)))


def table(out: Path) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows of the results, for a terminal."""
    rows = json.loads((out / "results.json").read_text())
    shown = columns(rows)
    return list(shown), [[row[name] for name in shown] for row in rows]


def _cells(config: BenchmarkConfig) -> Iterator[Cell]:
    for task in config.tasks:
        for seed in config.seeds:
            for name in config.baselines:
                yield Cell(task, name, BASELINE, seed)
            for encoder in config.encoders:
                for adaptation in config.adaptations:
                    if adaptation != "scratch" or not _is_control(config, encoder):
                        yield Cell(task, encoder, adaptation, seed)


def _is_control(config: BenchmarkConfig, name: str) -> bool:
    """Whether an entry is the random weights of one that stands in the matrix as pretrained.

    Both have one architecture, which is all that ``scratch`` takes.
    """
    entry = config.encoders[name]
    return entry.weights == "random" and any(
        other.path == entry.path and other.weights == "pretrained"
        for other in config.encoders.values()
    )


def _by_unit(cell: Cell, run: Run, fold: int | None, unit: Unit) -> PerUnit:
    """The window scores of each subject of a finished cell, or those of its fold as a whole."""
    folder = cell.folder(run.out, fold)
    scored = folder if cell.adaptation == BASELINE else folder / "evaluation"
    scores = json.loads((scored / evaluate.METRICS).read_text())
    found: PerUnit = (
        {f"fold {fold}": scores["windows"]} if unit == "fold" else scores["per_subject"]
    )
    return found


def _recordings(config: BenchmarkConfig, base: Path, fold: int | None) -> list[Path]:
    return [_place(base, path, fold) for path in config.recordings]


def _place(base: Path, path: str, fold: int | None) -> Path:
    return base / (path if fold is None else path.replace("{fold}", str(fold)))


def _encoder_inputs(config: BenchmarkConfig, base: Path, fold: int | None) -> list[tuple[str, str]]:
    """Which encoder stands under which name: the matrix's own paths stay private."""
    made = {
        n: load(_place(base, e.path, fold), finetune.ENCODER) for n, e in config.encoders.items()
    }
    return [(f"encoder {name}", made[name].manifest.id) for name in sorted(made)]


def _task_inputs(config: BenchmarkConfig, name: str, base: Path) -> list[tuple[str, str]]:
    """What a task's file and labels table say: the matrix only names them."""
    entry = config.tasks[name]
    task = read_label_task(_task_name(entry, base), config.finetune.task | entry.overrides)
    labels = hash_file(Path(task.table)) if task.table and Path(task.table).is_file() else ""
    return [("task", hash_json([public_values(task), labels]))]


def _run_cell(
    cell: Cell, config: BenchmarkConfig, base: Path, fold: int | None, run: Run
) -> Mapping[str, Any]:
    """Run one cell of one fold; returns the facts of its evaluation."""
    folder = cell.folder(run.out, fold)
    entry = config.tasks[cell.task]
    task = _task_name(entry, base)
    recordings = _recordings(config, base, fold)
    tuned = config.finetune.model_copy(update={"task": config.finetune.task | entry.overrides})
    if cell.adaptation == BASELINE:
        sub = _sub(run, folder, cell)
        return _run_baseline(cell.encoder, tuned, config, recordings, task, sub).facts
    encoder = config.encoders[cell.encoder]
    tuned = tuned.model_copy(
        update={
            "encoder_weights": encoder.weights,
            "adaptation": tuned.adaptation.model_copy(update={"kind": cell.adaptation}),
        }
    )
    path = _place(base, encoder.path, fold)
    model = finetune.run(tuned, recordings, path, task, _sub(run, folder / "model", cell))
    scored = evaluate.run(
        config.evaluate, folder / "model", recordings, _sub(run, folder / "evaluation", cell)
    )
    return scored.facts | {"warnings": [*model.facts["warnings"], *scored.facts["warnings"]]}


def _run_baseline(
    name: str,
    tuned: FinetuneConfig,
    config: BenchmarkConfig,
    folders: list[Path],
    task: str,
    run: Run,
) -> Result:
    """A baseline on the same windows, splits and scores."""
    corpus = open_corpus(folders)
    resolved = read_label_task(task, tuned.task)
    table = label_table(corpus, resolved.table, skip_unknown=resolved.skip_unknown)
    settings = BaselineConfig(
        name=name,
        task=public_values(resolved),
        baseline=config.baseline,
        labels_fraction=tuned.labels_fraction,
        choose_threshold_by=tuned.choose_threshold_by,
        postprocess=tuned.postprocess,
        scoring=config.evaluate.scoring,
    )
    draft = run.begin(BASELINE, settings, [*corpus.inputs(), *table.inputs])
    if isinstance(draft, Result):
        return draft
    train, val = finetune.training_windows(
        corpus, resolved, table, settings.labels_fraction, run.seed
    )
    tested = corpus.of_split("test")
    test = labelled_windows(corpus, tested, resolved, table.labels, seed=run.seed)
    leaks = audit([], corpus, test.windows.recordings, also=fitted_on(corpus.of_split(*_FITTED)))
    if not config.evaluate.allow_leak:
        refuse(leaks)
    by, say = settings.choose_threshold_by, run.progress.say
    with _told_if_not_run():
        system = fit_baseline(name, train, val, resolved, run.seed, settings.baseline, by, say)
        said, answers = system.predict(val), system.predict(test)
    rule = finetune.locked_postprocess(
        val, said, resolved, system.threshold, settings.postprocess, run
    )
    threshold = _threshold_of(system, val, said, by)
    told = {"leaks": [leak.in_words() for leak in leaks], "system": name}
    predictions = as_predictions(test, answers, resolved, threshold, rule, told)
    scores = score(predictions, settings.scoring, run.seed)
    with draft.writing(evaluate.PREDICTIONS) as path:
        write_predictions(path, predictions)
    draft.write_json(evaluate.METRICS, scores.as_dict())
    facts = {"n_parameters": system.n_parameters} | score_facts(scores, predictions)
    return run.finish(draft, facts)


@contextmanager
def _told_if_not_run() -> Iterator[None]:
    """Make what a baseline refuses a reason to go on without it."""
    try:
        yield
    except (ConfigError, InputError) as error:
        raise _NotRun(str(error)) from error


def _threshold_of(
    system: System, val: LabelledWindows, said: NDArray[np.float64], by: ThresholdCriterion
) -> Threshold | None:
    """A baseline's threshold, with what it was chosen on unless it was not chosen."""
    if system.threshold is None:
        return None
    known = val.truth >= 0
    chosen = choose_threshold(val.truth[known], said[known, 1], by)
    return chosen if chosen.value == system.threshold else Threshold(system.threshold)


def _task_name(entry: TaskEntry, base: Path) -> str:
    return str(base / entry.task) if entry.task.endswith(".toml") else entry.task


def _sub(run: Run, out: Path, cell: Cell) -> Run:
    return Run(out, seed=cell.seed)

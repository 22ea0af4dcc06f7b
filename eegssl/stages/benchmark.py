"""benchmark: a matrix of encoders, tasks, adaptations and seeds to one table.

Every cell is a model and an evaluation of their own below ``cells/``, made by the same stages as
by hand; a finished cell is not run again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eegssl.artifacts import load
from eegssl.baselines.system import fit_band_power
from eegssl.config import BaselineConfig, BenchmarkConfig, FinetuneConfig, TaskEntry
from eegssl.corpus.labels import label_table
from eegssl.corpus.store import open_corpus
from eegssl.files import hash_file, hash_json
from eegssl.io.tables import format_tsv, write_predictions
from eegssl.reports.leaderboard import render_leaderboard
from eegssl.reports.results import SHOWN, leaderboard, result_row, text
from eegssl.reports.scores import score
from eegssl.resolve import read_task
from eegssl.settings import public_values
from eegssl.stages import evaluate, finetune
from eegssl.stages.run import Result, Run
from eegssl.tasks.labels import labelled_windows

KIND = "benchmark"
CELLS = "cells"
TABLE = "results.tsv"
LEADERBOARD = "leaderboard.html"
BASELINE = "baseline"


@dataclass(frozen=True)
class Cell:
    """One row of the table: a system on a task, at one seed."""

    task: str
    encoder: str
    adaptation: str
    seed: int

    def folder(self, out: Path, fold: int | None) -> Path:
        """Where the cell's artifacts lie."""
        path = out / CELLS / self.task / self.encoder / self.adaptation / f"seed{self.seed}"
        return path if fold is None else path / f"fold{fold}"


def run(config: BenchmarkConfig, base: Path, run: Run) -> Result:
    """Run every cell of the matrix that isn't finished, then write table and leaderboard.

    Paths in the matrix are relative to ``base``.
    """
    cells = list(_cells(config))
    folds: Sequence[int | None] = config.folds or (None,)
    corpora = {fold: open_corpus(_recordings(config, base, fold)) for fold in folds}
    inputs = [pair for fold in folds for pair in corpora[fold].inputs()]
    inputs += [pair for fold in folds for pair in _encoder_inputs(config, base, fold)]
    inputs += [pair for name in config.tasks for pair in _task_inputs(config, name, base)]
    draft = run.begin(KIND, config, inputs, update=True)
    if isinstance(draft, Result):
        return draft
    advance = run.progress.track("cells", len(cells) * len(folds))
    rows: list[dict[str, Any]] = []
    for k, cell in enumerate(cells):
        facts = []
        for j, fold in enumerate(folds):
            facts.append(_run_cell(cell, config, base, fold, run))
            advance(k * len(folds) + j + 1)
            for warning in facts[-1]["warnings"]:
                if warning not in run.warnings:
                    run.warn(warning)
        named = {"task": cell.task, "encoder": cell.encoder, "adaptation": cell.adaptation}
        rows.append(named | {"seed": cell.seed} | result_row(facts))
    cells_as_text = [[text(value) for value in row.values()] for row in rows]
    draft.write(TABLE, format_tsv(list(rows[0]), cells_as_text))
    draft.write_json("results.json", rows)
    synthetic = any(c.synthetic for c in corpora.values())
    within = any(c.within_subject for c in corpora.values())
    draft.write(LEADERBOARD, render_leaderboard(leaderboard(rows, synthetic, within)))
    facts_all = {
        "cells": len(rows),
        "folds": len(folds),
        "tasks": sorted(config.tasks),
        "encoders": sorted(config.encoders),
        "within_subject": within,
        "synthetic": synthetic,
    }
    return run.finish(draft, facts_all, bulk={CELLS: ""})


def table(out: Path) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows of the results, for a terminal."""
    rows = json.loads((out / "results.json").read_text())
    return list(SHOWN), [[row[name] for name in SHOWN] for row in rows]


def _cells(config: BenchmarkConfig) -> Iterator[Cell]:
    for task in config.tasks:
        for seed in config.seeds:
            for name in config.baselines:
                yield Cell(task, name, BASELINE, seed)
            for encoder in config.encoders:
                for adaptation in config.adaptations:
                    yield Cell(task, encoder, adaptation, seed)


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
    task = read_task(_task_name(entry, base), config.finetune.task | entry.overrides)
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
        return _run_baseline(tuned, config, recordings, task, _sub(run, folder, cell)).facts
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
    tuned: FinetuneConfig, config: BenchmarkConfig, folders: list[Path], task: str, run: Run
) -> Result:
    """Band power with logistic regression on the same windows, splits and scores."""
    corpus = open_corpus(folders)
    resolved = read_task(task, tuned.task)
    table = label_table(corpus, resolved.table)
    settings = BaselineConfig(
        task=public_values(resolved),
        band_power=config.band_power,
        choose_threshold_by=tuned.choose_threshold_by,
        scoring=config.evaluate.scoring,
    )
    draft = run.begin(BASELINE, settings, [*corpus.inputs(), *table.inputs])
    if isinstance(draft, Result):
        return draft
    train, val, test = (
        labelled_windows(corpus, corpus.of_split(name), resolved, table.labels, seed=run.seed)
        for name in ("train", "val", "test")
    )
    system = fit_band_power(
        train, val, resolved, run.seed, settings.band_power, settings.choose_threshold_by
    )
    predictions = evaluate.as_predictions(test, system.predict(test), resolved, corpus)
    scores = score(
        predictions, test.windows.recordings, resolved, system.threshold, settings.scoring
    )
    with draft.writing(evaluate.PREDICTIONS) as path:
        write_predictions(path, predictions)
    draft.write_json(evaluate.METRICS, scores.as_dict())
    facts = evaluate.score_facts(scores, predictions, corpus)
    return run.finish(draft, facts)


def _task_name(entry: TaskEntry, base: Path) -> str:
    return str(base / entry.task) if entry.task.endswith(".toml") else entry.task


def _sub(run: Run, out: Path, cell: Cell) -> Run:
    return Run(out, seed=cell.seed)

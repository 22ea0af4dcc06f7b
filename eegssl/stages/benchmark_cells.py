"""The cells of a benchmark's matrix: which there are, where they lie, and running one."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from eegssl.artifacts.atomic import hash_file, hash_json
from eegssl.artifacts.context import Context
from eegssl.artifacts.reading import load
from eegssl.config.resolve import AnyTask, read_task
from eegssl.config.settings import public_values
from eegssl.config.stages import BenchmarkConfig
from eegssl.corpus.store import KIND as RECORDINGS
from eegssl.corpus.store import Corpus, open_corpus
from eegssl.errors import ConfigError
from eegssl.reports.benchmark.kind_results import PHASE_BASELINES
from eegssl.stages import evaluate, finetune
from eegssl.stages.baseline_cell import BASELINE, run_baseline
from eegssl.tasks.forecast.config import ForecastTaskConfig
from eegssl.tasks.phase.config import PhaseTaskConfig

CELLS = "cells"
Fold = int | None
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Cell:
    """One row of the table: a system on a task, at one seed."""

    task: str
    encoder: str
    adaptation: str
    seed: int
    with_baselines: bool = field(default=True, compare=False)
    """Whether its evaluation, of a task of forecasting, shows every baseline: one of them does."""

    @property
    def system(self) -> str:
        """Its name in comparisons."""
        return self.encoder if self.adaptation == BASELINE else f"{self.encoder} {self.adaptation}"

    @property
    def named(self) -> dict[str, Any]:
        """The columns that name it in a table."""
        return {name: getattr(self, name) for name in ("task", "encoder", "adaptation", "seed")}

    def folder(self, out: Path, fold: Fold) -> Path:
        """Where the cell's artifacts lie."""
        path = out / CELLS / self.task / self.encoder / self.adaptation / f"seed{self.seed}"
        return path if fold is None else path / f"fold{fold}"


@dataclass(frozen=True)
class Matrix:
    """A benchmark's settings, its paths seen from ``base``."""

    config: BenchmarkConfig
    base: Path

    @cached_property
    def tasks(self) -> dict[str, AnyTask]:
        """The tasks by name; ConfigError for one that a matrix can't hold."""
        return {name: self._task(name) for name in self.config.tasks}

    def cells(self) -> Iterator[Cell]:
        """Every cell; baselines of labels are cells of their own, others stand in evaluations."""
        config = self.config
        for task, resolved in self.tasks.items():
            for seed in config.seeds:
                for name in config.baselines if resolved.kind == "labels" else ():
                    yield Cell(task, name, BASELINE, seed)
                first = True
                for encoder in config.encoders:
                    for adaptation in config.adaptations:
                        if adaptation != "scratch" or not self._is_control(encoder):
                            yield Cell(task, encoder, adaptation, seed, with_baselines=first)
                            first = False

    def methods(self) -> Iterator[str]:
        """The baselines that stand in evaluations."""
        for task in self.tasks.values():
            if isinstance(task, ForecastTaskConfig):
                yield from task.baselines.methods
            elif isinstance(task, PhaseTaskConfig):
                yield from PHASE_BASELINES

    def corpus(self, fold: Fold) -> Corpus:
        """The recordings of a fold."""
        return open_corpus(self._recordings(fold))

    def inputs(self, folds: Mapping[Fold, Corpus]) -> Pairs:
        """What the whole benchmark is made of; the matrix's own paths stay private."""
        found = [pair for corpus in folds.values() for pair in corpus.inputs()]
        found += [pair for fold in folds for pair in self._encoders(fold)]
        found += [pair for task in self.tasks.values() for pair in _task_inputs(task)]
        targets = [p for fold in folds for name in self.tasks for p in self._targets(name, fold)]
        return found + [("targets", load(path, RECORDINGS).manifest.id) for path in targets]

    def run_cell(self, cell: Cell, fold: Fold, context: Context) -> Mapping[str, Any]:
        """Run one cell of one fold; returns the facts of its evaluation.

        Raises NotRun for a baseline that can't be run on these recordings.
        """
        config, entry, folder = (
            self.config,
            self.config.tasks[cell.task],
            cell.folder(context.out, fold),
        )
        task, recordings = self._task_name(cell.task), self._recordings(fold)
        changes = config.finetune.task | entry.overrides
        if not cell.with_baselines and isinstance(self.tasks[cell.task], ForecastTaskConfig):
            changes |= {"baselines": changes.get("baselines", {}) | {"methods": ["persistence"]}}
        targets = tuple(str(path) for path in self._targets(cell.task, fold))
        tuned = config.finetune.model_copy(update={"task": changes, "targets": targets})
        if cell.adaptation == BASELINE:
            sub = Context(folder, seed=cell.seed)
            return run_baseline(cell.encoder, tuned, config, recordings, task, sub).facts
        encoder = config.encoders[cell.encoder]
        adaptation = tuned.adaptation.model_copy(update={"kind": cell.adaptation})
        tuned = tuned.model_copy(
            update={"encoder_weights": encoder.weights, "adaptation": adaptation}
        )
        model, evaluation = (Context(folder / n, seed=cell.seed) for n in ("model", "evaluation"))
        made = finetune.run(tuned, recordings, self._place(encoder.path, fold), task, model)
        settings = config.evaluate.model_copy(update={"targets": targets})
        scored = evaluate.run(settings, model.out, recordings, evaluation)
        return scored.facts | {"warnings": [*made.facts["warnings"], *scored.facts["warnings"]]}

    def _task(self, name: str) -> AnyTask:
        changes = self.config.finetune.task | self.config.tasks[name].overrides
        task = read_task(self._task_name(name), changes)
        if task.kind == "patients":
            raise ConfigError(
                f"tasks.{name}: `eegssl finetune` compares encoder, band power and clinical data "
                "on the same patients in one table; run it once for each encoder, and leave the "
                "task out of the matrix"
            )
        return task

    def _task_name(self, name: str) -> str:
        task = self.config.tasks[name].task
        return str(self.base / task) if task.endswith(".toml") else task

    def _is_control(self, name: str) -> bool:
        """Whether an entry is the random weights of one that stands in the matrix as pretrained.

        Both have one architecture, which is all that ``scratch`` takes.
        """
        entry = self.config.encoders[name]
        return entry.weights == "random" and any(
            other.path == entry.path and other.weights == "pretrained"
            for other in self.config.encoders.values()
        )

    def _recordings(self, fold: Fold) -> list[Path]:
        return [self._place(path, fold) for path in self.config.recordings]

    def _targets(self, task: str, fold: Fold) -> list[Path]:
        return [self._place(path, fold) for path in self.config.tasks[task].targets]

    def _place(self, path: str, fold: Fold) -> Path:
        return self.base / (path if fold is None else path.replace("{fold}", str(fold)))

    def _encoders(self, fold: Fold) -> Pairs:
        """Which encoder stands under which name."""
        made = {
            name: load(self._place(entry.path, fold), finetune.ENCODER)
            for name, entry in self.config.encoders.items()
        }
        return [(f"encoder {name}", made[name].manifest.id) for name in sorted(made)]


def metrics_of(cell: Cell, out: Path, fold: Fold) -> Any:
    """All scores of a finished cell."""
    folder = cell.folder(out, fold)
    scored = folder if cell.adaptation == BASELINE else folder / "evaluation"
    return json.loads((scored / evaluate.METRICS).read_text())


def baseline_of(cell: Cell, method: str) -> Cell:
    """The row of a baseline that stands in the evaluation of a cell."""
    return replace(cell, encoder=method, adaptation=BASELINE)


def _task_inputs(task: AnyTask) -> Pairs:
    """What a task's file and labels table say: the matrix only names them."""
    table = getattr(task, "table", None)
    labels = hash_file(Path(table)) if table and Path(table).is_file() else ""
    return [("task", hash_json([public_values(task), labels]))]

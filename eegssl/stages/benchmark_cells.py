"""List and run the cells of a benchmark's matrix."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from eegssl.artifacts.atomic import hash_file, hash_json
from eegssl.artifacts.context import Context
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.reading import load
from eegssl.config.resolve import read_task
from eegssl.config.settings import public_values
from eegssl.config.stages import BenchmarkConfig
from eegssl.corpus.audits.recordings_contract import KIND as RECORDINGS
from eegssl.corpus.store import Corpus, open_corpus
from eegssl.errors import ConfigError
from eegssl.reports.benchmark.results import Controls
from eegssl.reports.benchmark.score_columns import ScoreColumn, with_subject_means
from eegssl.stages import evaluate, finetune
from eegssl.tasks.base import check_settings
from eegssl.tasks.benchmarked import BASELINE, BaselineJob, Benchmarked
from eegssl.tasks.benchmarks.matrix_cells import Cell, Fold, MatrixSettings
from eegssl.tasks.kinds import KINDS
from eegssl.tasks.settings_read import require_read, require_way_reads
from eegssl.tasks.trained_for import ENCODER

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Matrix:
    """A benchmark's settings, its paths seen from ``base``."""

    config: BenchmarkConfig
    base: Path

    @cached_property
    def tasks(self) -> dict[str, Any]:
        """The tasks by name; ConfigError for one that a matrix can't hold."""
        return {name: self._task(name) for name in self.config.tasks}

    @cached_property
    def settings(self) -> MatrixSettings:
        """The settings by which cells are listed and named, as the manifest holds them."""
        return MatrixSettings.model_validate_json(to_json(public_values(self.config)))

    def cells(self) -> list[Cell]:
        """Every cell; ConfigError for a task that a matrix can't hold."""
        kinds = {name: self.benchmark_of(name) for name in self.tasks}
        controls = [name for name in self.config.encoders if self._is_control(name)]
        return list(self.settings.cells(kinds, controls))

    def methods(self) -> Iterator[str]:
        """The baselines that stand in evaluations."""
        for task in self.tasks.values():
            yield from KINDS[task.kind].benchmark.methods(task)

    def benchmark_of(self, task: str) -> Benchmarked:
        """The place of this task's kind in a benchmark."""
        return KINDS[self.tasks[task].kind].benchmark

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[ScoreColumn, ...]]:
        """Task -> the scores on its page, of which the first ranks."""
        shown = {}
        for task in dict.fromkeys(row["task"] for row in rows):
            own = [row for row in rows if row["task"] == task]
            filled = {name for row in own for name, value in row.items() if value is not None}
            shown[task] = with_subject_means(self.benchmark_of(task).shown(filled), filled)
        return shown

    @property
    def controls(self) -> Controls:
        """The tasks whose scores should be at chance, and the encoders with random weights."""
        return Controls(
            frozenset(n for n, t in self.tasks.items() if self.benchmark_of(n).is_control(t)),
            frozenset(n for n, e in self.config.encoders.items() if e.weights == "random"),
        )

    def corpus(self, fold: Fold) -> Corpus:
        """The recordings of a fold."""
        return open_corpus(self._recordings(fold))

    def encoders(self, fold: Fold) -> list[Artifact]:
        """The encoders of a fold, each once."""
        named = ((name, seed) for name in self.config.encoders for seed in self.config.seeds)
        paths = dict.fromkeys(self._encoder_path(name, fold, seed) for name, seed in named)
        return [load(path, ENCODER) for path in paths]

    def inputs(self, folds: Mapping[Fold, Corpus]) -> Pairs:
        """Inputs of the whole benchmark, by id; the matrix's own paths stay private."""
        inputs = [pair for corpus in folds.values() for pair in corpus.inputs()]
        inputs += self._encoders(folds)
        inputs += [pair for task in self.tasks.values() for pair in _task_inputs(task)]
        targets = [p for fold in folds for name in self.tasks for p in self._targets(name, fold)]
        return inputs + [("targets", load(path, RECORDINGS).manifest.id) for path in targets]

    def require_subjects(self, corpora: Iterable[Corpus]) -> None:
        """Raise InputError for numbers of labelled subjects that a task can't have."""
        numbers = [n for n in self.config.labels_subjects if n != "all"]
        for corpus in corpora if numbers else ():
            for name, task in self.tasks.items():
                self.benchmark_of(name).require_subjects(corpus, task, numbers)

    def require_read(self, flags: Iterable[str]) -> None:
        """Raise ConfigError for a setting given by a flag that no task and adaptation reads."""
        reads: dict[str, set[str]] = {}
        for task in self.tasks.values():
            own = KINDS[task.kind].reads_of_way
            if not own:
                return
            for way, names in own.items():
                reads.setdefault(way, set()).update(names)
        tuned = [flag.removeprefix("finetune.") for flag in flags if flag.startswith("finetune.")]
        require_way_reads(tuned, self.config.adaptations, reads, ", ".join(self.tasks))

    def run_cell(self, cell: Cell, fold: Fold, context: Context) -> Mapping[str, Any]:
        """Run one cell of one fold; returns the facts of its evaluation.

        Raises NotRun for a baseline that can't be run on these recordings.
        """
        config, folder = self.config, cell.folder(context.out, fold)
        task, recordings = self._task_name(cell.task), self._recordings(fold)
        benchmark = self.benchmark_of(cell.task)
        changes = config.finetune.task | config.tasks[cell.task].overrides
        if not cell.with_baselines:
            changes = benchmark.without_baselines(changes)
        targets = tuple(str(path) for path in self._targets(cell.task, fold))
        tuned = config.finetune.model_copy(update={"task": changes, "targets": targets})
        if cell.labels_subjects is not None:
            labels = {"labels_subjects": cell.labels_subjects, "labels_draw": cell.draw}
            tuned = tuned.model_copy(update=labels)
        if cell.adaptation == BASELINE:
            context = Context(folder, seed=cell.seed)
            resolved = self.tasks[cell.task]
            job = BaselineJob(cell.encoder, tuned, config, recordings, resolved, context)
            return benchmark.run_baseline(job).facts
        encoder = config.encoders[cell.encoder]
        adaptation = tuned.adaptation.model_copy(update={"kind": cell.adaptation})
        tuned = tuned.model_copy(
            update={"encoder_weights": encoder.weights, "adaptation": adaptation}
        )
        model, evaluation = (Context(folder / n, seed=cell.seed) for n in ("model", "evaluation"))
        place = self._encoder_path(cell.encoder, fold, cell.seed)
        made = finetune.run(tuned, recordings, place, task, model)
        settings = config.evaluate.model_copy(update={"targets": targets})
        scored = evaluate.run(settings, model.out, recordings, evaluation)
        return scored.facts | {"warnings": [*made.facts["warnings"], *scored.facts["warnings"]]}

    def _task(self, name: str) -> Any:
        changes = self.config.finetune.task | self.config.tasks[name].overrides
        task = read_task(self._task_name(name), changes)
        kind, config = KINDS[task.kind], self.config
        if kind.not_in_matrix:
            raise ConfigError(
                f"tasks.{name}: {kind.not_in_matrix}; leave the task out of the matrix"
            )
        for adaptation in config.adaptations:
            changed = config.finetune.adaptation.model_copy(update={"kind": adaptation})
            targets = config.tasks[name].targets
            update = {"adaptation": changed, "targets": targets or config.finetune.targets}
            numbers = [n for n in config.labels_subjects if n != "all"]
            if numbers:
                update |= {"labels_subjects": numbers[0]}
            check_settings(kind, config.finetune.model_copy(update=update), task)
        evaluation = config.evaluate.model_copy(update={"targets": targets})
        require_read(evaluation, kind.evaluate_reads, kind.unread, task.name, kind.name)
        return task

    def _task_name(self, name: str) -> str:
        task = self.config.tasks[name].task
        return str(self.base / task) if task.endswith(".toml") else task

    def _is_control(self, name: str) -> bool:
        """Tell if an entry is the random weights of one that stands in the matrix as pretrained.

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

    def _encoder_path(self, name: str, fold: Fold, seed: int) -> Path:
        path = self.config.encoders[name].path
        return self._place(path.replace("{seed}", str(seed)), fold)

    def _encoders(self, folds: Iterable[Fold]) -> Pairs:
        """The ids of the encoders under each name; ConfigError where two seeds have the same."""
        pairs = []
        for fold in folds:
            for name in sorted(self.config.encoders):
                paths = {s: self._encoder_path(name, fold, s) for s in self.config.seeds}
                ids = {path: load(path, ENCODER).manifest.id for path in paths.values()}
                if len(set(ids.values())) < len(ids):
                    raise ConfigError(
                        f"encoders.{name}: two of the seeds {', '.join(map(str, paths))} have the "
                        "same encoder, expected one of its own for each; pretrain each with "
                        "another --seed, or give one path without {seed}"
                    )
                pairs += [(f"encoder {name}", id_) for id_ in ids.values()]
        return pairs


def _task_inputs(task: Any) -> Pairs:
    """Hash a task's settings and its table of labels: the matrix only names them."""
    table = getattr(task, "table", None)
    labels = hash_file(Path(table)) if table and Path(table).is_file() else ""
    return [("task", hash_json([public_values(task), labels]))]

"""Define the interface of a kind of task."""

import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import TypeAdapter

from eegssl.artifacts.contract import Contract, Reader
from eegssl.artifacts.json_parts import STRICT, JsonObject
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.settings import Settings
from eegssl.config.stages import EvaluateConfig, FinetuneConfig
from eegssl.corpus.new_files.file_labels import Labels
from eegssl.corpus.store import Corpus
from eegssl.errors import ConfigError
from eegssl.reports.sections import Page, Section
from eegssl.scoring.config import ScoringConfig
from eegssl.tasks.benchmarked import Benchmarked
from eegssl.tasks.jobs import (
    MODEL,
    Data,
    Fitted,
    Inputs,
    Job,
    ScoredFacts,
    Scores,
    Table,
    Task,
    TaskInfo,
    Test,
    Trial,
)
from eegssl.tasks.new_file import NewFile
from eegssl.tasks.one_file.file_answer import ANSWERS, FileAnswer
from eegssl.tasks.one_file.outputs import Outputs
from eegssl.tasks.table_spec import View

Model = TypeVar("Model")


class Unlabelled(ABC, Generic[Model, Table]):
    """The way in which models of a kind of task read recordings without labels."""

    view: ClassVar[type[View]]
    """The table of what they predict there."""

    def require_answers(self, model: Artifact) -> None:
        """Raise an error, with the reason, for a model that says nothing of one file."""

    def detects(self, model: Artifact) -> bool:
        """Whether a model finds events in time."""
        return False

    def needs_events(self, model: Artifact) -> bool:
        """Whether a model tells given events apart, so that it needs a detector of them."""
        return False

    def needed(self, model: Artifact) -> tuple[str, ...]:
        """The channels that a model reads by name; none where it reads any montage."""
        return ()

    @abstractmethod
    def load(self, model: Artifact, corpus: Corpus) -> Model:
        """A model, for recordings at the rate of these."""

    @abstractmethod
    def predict(self, trial: Trial, model: Model, file: NewFile) -> Table:
        """The table of predictions of a file's recordings; no truth is in it.

        Raises InputError where they are too short.
        """

    scored_by_labels: ClassVar[bool] = False
    """Whether labels of events in the files score its predictions; then `with_labels` is there."""

    def with_labels(self, table: Table, labels: Mapping[str, Labels]) -> Table:
        """The predictions of recordings (id -> labels) with their truth, to be scored.

        Raises ConfigError where labels of events say nothing of such predictions.
        """
        raise ConfigError("labels of events say nothing of what this model answers")

    @abstractmethod
    def answer(self, table: Table, file: NewFile) -> FileAnswer:
        """What the rows of one file say of it."""

    def write(self, table: Table, answer: FileAnswer, outputs: Outputs) -> None:
        """Write what belongs to one file beside its rows of the table.

        Raises RecordingRefused where that can't be.
        """
        document = json.dumps(answer.document, indent=2, ensure_ascii=False, allow_nan=False)
        id_, stem = answer.file.id, outputs.stem
        outputs.write(f"{ANSWERS}/{id_ if stem.endswith(id_) else stem}.json", document + "\n")


class Kind(ABC, Generic[Task, Data, Test, Table, Scores]):
    """A kind of task: what it reads, and what the flow (`eegssl.tasks.base`) asks of it.

    A table is a dataclass with ``about``, a dictionary with ``task`` and ``leaks`` at least.
    """

    name: ClassVar[str]
    settings: ClassVar[type[Settings]]
    """The settings of a task of this kind."""
    view: ClassVar[type[View]]
    """Its table of predictions."""
    paths: ClassVar[tuple[str, ...]] = ()
    """The settings of a task that are paths of files, seen from the task's own file."""
    finetune_reads: ClassVar[tuple[str, ...]] = ()
    """The settings of `finetune` that it reads, whole parts too; others are refused."""
    evaluate_reads: ClassVar[tuple[str, ...]] = ()
    """The same of `evaluate`."""
    page_reads: ClassVar[tuple[str, ...]] = ()
    """Those of `evaluate` that the page of a stored table reads, without a model."""
    unread: ClassVar[Mapping[str, str]] = {}
    """Reasons for which a setting is not read, and what to do instead."""
    reads_of_way: ClassVar[Mapping[str, Collection[str]]] = {}
    """Settings of `adaptation` and `training` that each way of adapting reads; empty: all."""
    makes: ClassVar[str] = MODEL
    """The artifact that `finetune` makes."""
    contract: ClassVar[Contract] = Contract(MODEL)
    """What its models hold, where it makes models."""
    stored_scores: ClassVar[TypeAdapter[Any]] = TypeAdapter(JsonObject, config=STRICT)
    """The schema of ``metrics.json``."""
    stored_facts: ClassVar[type[ScoredFacts]] = ScoredFacts
    """The facts that stages read of artifacts with its scores."""
    scored_others: ClassVar[Mapping[str, Reader]] = {}
    """Parts that an artifact with its scores may have."""
    benchmark: ClassVar[Benchmarked] = Benchmarked()
    """Columns, scores and baselines of its tasks in a benchmark."""
    unlabelled: ClassVar[Unlabelled[Any, Any] | None] = None
    """The way in which its models read recordings without labels, if they do."""
    unread_files: ClassVar[str] = ""
    """The reason why they read no new file, where they don't, and what to do instead."""
    not_in_matrix: ClassVar[str] = ""
    """The reason why they can't stand in one, and what to do instead."""
    files: ClassVar[tuple[str, ...]] = ()
    """Names (or patterns) of the files that it writes into it beside table, scores and page."""

    def check(self, config: FinetuneConfig, task: Task) -> None:
        """Raise ConfigError for settings that can't be followed together."""

    def with_flags(
        self, config: FinetuneConfig, folds: int | str | None, allow_leak: bool
    ) -> tuple[FinetuneConfig, int | str | None, bool]:
        """The settings, and what is left of ``--folds`` and ``--allow-leak`` for the flow."""
        if allow_leak and folds is None:
            raise ConfigError("--allow-leak belongs to --folds: nothing is scored without")
        return config, folds, allow_leak

    @abstractmethod
    def prepare(self, job: Job[Task]) -> Data:
        """Gather what there is to learn from; raises InputError where that is too little."""

    @abstractmethod
    def fit(self, job: Job[Task], data: Data, writer: ArtifactWriter) -> Fitted[Table]:
        """Fit and save a model, or what an analysis gives at once.

        Facts of a model hold ``n_parameters_trained``.
        """

    def require_over_ranks(self, job: Job[Task]) -> None:
        """Raise ConfigError unless several ranks can fit this together."""
        raise ConfigError(
            f"tasks of {self.name} are fitted in one process, and {job.options.place.n_ranks} "
            "ranks were started: start it without torchrun or srun"
        )

    def take_part(self, job: Job[Task], data: Data, work: Path) -> None:
        """Train along on another rank than the first, which fits and saves the model.

        ``work`` is the scratch folder that all ranks share.
        """
        raise NotImplementedError

    def open(self, trial: Trial) -> Test:
        """A model and what it is to be tested on."""
        raise ConfigError(
            f"tasks of {self.name} are fitted and scored in one, by finetune; there is no model "
            "to evaluate"
        )

    def predict(self, trial: Trial, data: Test) -> Table:
        """The table of predictions; every score follows from it."""
        raise ConfigError(f"tasks of {self.name} have no model that predicts")

    def corrupted(self, trial: Trial, data: Test, writer: ArtifactWriter) -> Sequence[Section]:
        """Write predictions of corrupted recordings and their scores, and show them.

        ``writer`` holds the predictions of the clean ones.
        """
        return ()

    def stored_beside(self, folder: Path) -> dict[str, Any]:
        """What ``--json`` shows of the tables of an evaluation, beside its facts."""
        return {}

    def beside(self, trial: Trial, data: Test) -> dict[str, Any]:
        """Facts of an evaluation that are shown and not stored, as they are of this machine."""
        return {}

    def concerns(self, table: Table) -> Sequence[str]:
        """Warnings for a reader."""
        return ()

    @abstractmethod
    def score(self, table: Table, config: ScoringConfig, seed: int) -> Scores:
        """Every score; nothing but the table is read."""

    def left_out(self, scores: Scores) -> Sequence[str]:
        """Warnings of what is in none of these scores."""
        return ()

    def metrics(self, table: Table, scores: Scores) -> dict[str, Any]:
        """All scores as plain values."""
        return scores.as_dict()

    def tables(self, table: Table, scores: Scores) -> Mapping[str, str]:
        """Name -> text of further files of an evaluation."""
        return {}

    @abstractmethod
    def facts(self, table: Table, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """The scores in short, for a manifest; of its table and `metrics` alone.

        Readers compare them with what a manifest says.
        """

    @abstractmethod
    def page(
        self, table: Table, scores: Scores, config: EvaluateConfig, ran: tuple[Trial, Test] | None
    ) -> Page:
        """The page; ``ran`` is None where no model was run."""

    @abstractmethod
    def explain(self, task: Task, corpus: Corpus | None, seed: int) -> TaskInfo:
        """Explain what a task asks, and what recordings hold for it and lack."""

    def check_folds(self, jobs: Sequence[Job[Task]]) -> Inputs:
        """Refuse, before the first is trained, folds with nothing to learn from or to score.

        Returns what a manifest records of the data that all share.
        """
        prepared = [self.prepare(job) for job in jobs]
        return prepared[0].inputs

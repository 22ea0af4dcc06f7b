"""Cut pairs of context and target for kinds of task that forecast."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from eegssl.artifacts.context import Context
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.stages import FinetuneConfig
from eegssl.corpus.rebuilt_filters import require_causal
from eegssl.corpus.store import Corpus, Recording
from eegssl.tasks.forecast.config import ForecastConfig
from eegssl.tasks.forecast.data import RecordedPairs
from eegssl.tasks.forecast.fit import ForecastPlan, require_possible
from eegssl.tasks.forecast.targets import none_in_fold, open_targets, require_trained_targets
from eegssl.tasks.forecast.temporal_split import recordings_of
from eegssl.tasks.jobs import Inputs, Job, Scores, Table, Task, Trial
from eegssl.tasks.kind import Kind
from eegssl.training.history import METRICS

FINETUNE_READS = (
    *("encoder_weights", "adaptation.kind", "adaptation.layer_decay"),
    *("adaptation.head_lr_scale", "adaptation.drop_path", "adaptation.lora", "training"),
    *("cross", "targets"),
)
"""Settings of `finetune` that forecasts of signals and of phases read."""
EVALUATE_READS = (
    *("split", "allow_leak", "targets", "scoring.bootstrap_resamples", "device", "traces"),
)
"""Settings of `evaluate` that they read."""
UNREAD = {
    "adaptation": "a forecast has a head of its own; see head among the task's settings",
    **dict.fromkeys(
        ("labels_fraction", "labels_subjects", "labels_draw"),
        "a forecast has no labels; to learn from fewer pairs set task.pairs_per_recording",
    ),
    "labels": "a forecast has no labels",
    "class_weights": "a forecast has no classes",
    "choose_threshold_by": "a forecast needs no threshold",
    "postprocess": "a forecast detects no events",
    "scoring": "scores of a forecast are errors, of which the intervals alone can be set "
    "(scoring.bootstrap_resamples)",
    "cache": "what is computed once for a pair is kept in memory",
    "cache_gb": "what is computed once for a pair is kept in memory",
    "trace_s": "an example shows the whole horizon",
    "corruptions": "corruptions are measured by scores of labels, which a forecast has not",
    "batch_size": "phases are forecast a few pairs at once",
}
"""The reason why another setting is not read."""


Pairs = TypeVar("Pairs", bound=RecordedPairs)
Model = TypeVar("Model")


@dataclass(frozen=True)
class WithTargets:
    """Data whose ``targets`` are filtered apart; None where they are the contexts' continuation."""

    targets: Corpus | None

    @property
    def inputs(self) -> Inputs:
        """Kind and id of the targets' artifacts, as a manifest records them."""
        return tuple(("targets", id_) for _, id_ in self.targets.inputs()) if self.targets else ()


@dataclass(frozen=True)
class TrainingPairs(WithTargets, Generic[Pairs]):
    """Pairs of training and validation."""

    train: Pairs
    val: Pairs


@dataclass(frozen=True)
class TestPairs(WithTargets, Generic[Model, Pairs]):
    """A model, and the pairs that it is tested on."""

    model: Model
    pairs: Pairs


class PairsKind(
    Kind[Task, TrainingPairs[Pairs], TestPairs[Model, Pairs], Table, Scores],
    Generic[Task, Model, Pairs, Table, Scores],
):
    """Tasks of forecasting after a time t, from a context before it: signals, or phases."""

    finetune_reads: ClassVar[tuple[str, ...]] = FINETUNE_READS
    evaluate_reads: ClassVar[tuple[str, ...]] = EVALUATE_READS
    unread = UNREAD

    @abstractmethod
    def times(self, task: Task) -> ForecastConfig:
        """Lengths of contexts and horizon, and how recordings are split."""

    @abstractmethod
    def cut(
        self,
        corpus: Corpus,
        recordings: Sequence[Recording],
        task: Task,
        part: str,
        targets: Corpus | None,
    ) -> Pairs:
        """The pairs of recordings; raises InputError when none is long enough."""

    @abstractmethod
    def load(self, model: Artifact, corpus: Corpus) -> tuple[Model, Task]:
        """A model for use on a corpus, and its task."""

    def check(self, config: FinetuneConfig, task: Task) -> None:
        """Raise ConfigError for ways to adapt that forecasts don't have."""
        require_possible(config.adaptation)

    def prepare(self, job: Job[Task]) -> TrainingPairs[Pairs]:
        """Cut pairs of training and validation.

        Raises ConfigError for recordings that were not filtered causally, InputError when none is
        long enough.
        """
        require_causal(job.corpus)
        targets = open_targets(job.config.targets, job.corpus)
        parts = []
        for split in ("train", "val"):
            recordings = recordings_of(job.corpus, split, self.times(job.task))
            parts.append(self.cut(job.corpus, recordings, job.task, split, targets))
            _warn_short(recordings, parts[-1], split, job.context)
        return TrainingPairs(targets, *parts)

    def open(self, trial: Trial) -> TestPairs[Model, Pairs]:
        """The model, and the pairs of the recordings.

        Raises ConfigError for recordings that were not filtered causally or targets where the
        model had none, InputError when no recording is long enough.
        """
        require_causal(trial.corpus)
        model, task = self.load(trial.model, trial.corpus)
        targets = open_targets(trial.config.targets, trial.corpus)
        require_trained_targets(trial.model, targets)
        pairs = self.cut(trial.corpus, trial.recordings, task, "test", targets)
        _warn_short(trial.recordings, pairs, trial.config.split, trial.context)
        return TestPairs(targets, model, pairs)

    def check_folds(self, jobs: Sequence[Job[Task]]) -> Inputs:
        """Refuse folds with no pair to learn from or to score."""
        for k, job in enumerate(jobs):
            splits = self.explain(job.task, job.corpus, job.context.seed).splits
            if error := none_in_fold(job.task, splits, k, len(jobs)):
                raise error
        return ()


def plan_of(job: Job[Any], writer: ArtifactWriter, label: str) -> ForecastPlan:
    """The training that a job asks for; ``label`` names its progress."""
    return ForecastPlan(
        training=job.config.training,
        seed=job.context.seed,
        device=job.device,
        folder=writer.work,
        metrics=writer / METRICS,
        keep_gb=job.config.cache_gb,
        on_step=job.context.progress.track(label, job.config.training.steps),
        on_row=job.on_row,
        warn=job.context.progress.warn,
    )


def _warn_short(
    recordings: Sequence[Recording], pairs: RecordedPairs, split: str, context: Context
) -> None:
    short = len(recordings) - len(pairs.recordings)
    if short:
        context.warn(f"split {split}: {short} recording(s) are too short for a forecast, left out")

"""Compose each stage's settings of its modules' own."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from eegssl.adaptation.config import AdaptationConfig, Kind
from eegssl.baselines.config import BaselinesConfig
from eegssl.config.corpus_stages import PreprocessConfig, PretrainConfig, TokenizeConfig
from eegssl.config.matrix_entries import (
    BaselineName,
    CellName,
    EncoderEntry,
    Natural,
    TaskEntry,
)
from eegssl.config.settings import MAY_NAME_PEOPLE, Settings
from eegssl.container.config import ContainerConfig
from eegssl.corpus.config import Limits
from eegssl.io.config import ReadSettings, SubjectSettings
from eegssl.probes.config import ProbesConfig
from eegssl.scoring.config import PostprocessConfig, ScoringConfig, ThresholdCriterion
from eegssl.signal.config import ChannelSettings
from eegssl.signal.corruptions.config import CorruptionsConfig
from eegssl.synth.config import SynthConfig
from eegssl.training.config import Device, TrainingConfig


class FoldConfig(Settings):
    """One fold of a cross-validation by subject."""

    folds: int = Field(0, ge=0)
    """Number of folds; with 0 the splits of the recordings hold."""
    fold: int = Field(0, ge=0)
    """The one whose subjects are tested, counted from 0."""

    @model_validator(mode="after")
    def _one_of_them(self) -> "FoldConfig":
        if self.folds and self.fold >= self.folds:
            raise ValueError(f"fold {self.fold} is none of {self.folds}, which count from 0")
        return self


NumberOfSubjects = Annotated[int, Field(ge=1)] | Literal["all"]


class FinetuneConfig(Settings):
    """From recordings, an encoder and a task to a model."""

    encoder_weights: Literal["pretrained", "random"] = "pretrained"
    """``random`` keeps the encoder's architecture and draws new weights: the control."""
    adaptation: AdaptationConfig = AdaptationConfig()
    """What is trained."""
    labels_fraction: float = Field(1.0, gt=0, le=1)
    """Share of the training subjects whose labels are used, by seed; a smaller share is a part of
    every larger one, and every class is in it."""
    labels_subjects: NumberOfSubjects = "all"
    """Number of training subjects whose labels are used, in place of a share: fewer are a part of
    every larger number, and every class is in it."""
    labels_draw: int | None = Field(None, ge=0)
    """Seed of the draw of these subjects; by default the run's own, which decides all else too."""
    class_weights: Literal["sampling", "loss", "none"] = "sampling"
    """Rare classes count as much as frequent ones since they are drawn more often (`sampling`) or
    their windows weigh more (`loss`); or they do not (`none`)."""
    cache: str | None = Field(None, json_schema_extra=MAY_NAME_PEOPLE)
    """Folder that keeps the embeddings of frozen encoders for later runs; the model is the same
    with it and without."""
    cache_gb: float = Field(8.0, ge=0)
    """With `attention`, embeddings are kept if those of training or validation take no more."""
    training: TrainingConfig = TrainingConfig(steps=400, batch_size=32, validate_every=50)
    """Length, speed and place of its training."""
    choose_threshold_by: ThresholdCriterion = "balanced_accuracy"
    """What the decision threshold maximises on the validation windows."""
    postprocess: PostprocessConfig = PostprocessConfig()
    """Ways from windows to detections that are tried on the validation recordings."""
    cross: FoldConfig = FoldConfig()
    """Splits made anew for one fold; `--folds` sets it for each."""
    targets: tuple[str, ...] = Field((), json_schema_extra=MAY_NAME_PEOPLE)
    """For forecasting: recordings folders that the targets are taken from, of the same files as the
    contexts but filtered without delay (``filter.phase = "zero"``); else they are the contexts'
    own continuation."""
    task: dict[str, Any] = Field(default_factory=dict)
    """Settings that override the task's own, e.g. ``--set task.window_s=2``."""

    @model_validator(mode="after")
    def _one_number_of_subjects(self) -> "FinetuneConfig":
        if self.labels_subjects != "all" and self.labels_fraction < 1:
            raise ValueError(
                f"labels_subjects is {self.labels_subjects} and labels_fraction is "
                f"{self.labels_fraction:g}; set one of them"
            )
        of_all = self.labels_subjects == "all" and self.labels_fraction == 1
        if self.labels_draw is not None and of_all:
            raise ValueError(
                "labels_draw chooses subjects, and all are used; set labels_subjects too"
            )
        return self


class EvaluateConfig(Settings):
    """From a model and recordings to predictions, scores and a report."""

    split: Literal["test", "all"] = "test"
    """Subjects to score; ``all`` for a corpus that nothing upstream has seen."""
    allow_leak: bool = False
    """Score also what something upstream was fitted on; every result is marked."""
    labels: str | None = Field(None, json_schema_extra=MAY_NAME_PEOPLE)
    """Labels table of these recordings, for a task that was trained with one."""
    targets: tuple[str, ...] = Field((), json_schema_extra=MAY_NAME_PEOPLE)
    """For forecasting: recordings folders that the targets are taken from, as for fine-tuning."""
    scoring: ScoringConfig = ScoringConfig()
    """Choices by which predictions become scores."""
    batch_size: int = Field(64, ge=1)
    """Windows a forward pass."""
    device: Device = "auto"
    """Device to predict on."""
    corruptions: CorruptionsConfig = CorruptionsConfig()
    """Ways in which the recordings are corrupted and predicted again; none by default."""
    traces: int = Field(12, ge=0)
    """Pictures of EEG in the report: missed events, false alarms and events found, of each as many;
    of other tasks so many recordings."""
    trace_s: float = Field(40.0, gt=0)
    """Seconds drawn of each."""


OutputFormat = Literal["tsv", "edf", "html", "json"]


class PredictConfig(Settings):
    """From new files and a model to what it finds in them."""

    corpus: str = ""
    """The name under which the same files were preprocessed, if any, so that their ids agree."""
    read: ReadSettings = ReadSettings()
    """What is taken for what a file does not say; a default stands for the model's recordings'."""
    channels: ChannelSettings = ChannelSettings()
    """Labels that are renamed, and channels that are left out; likewise."""
    subjects: SubjectSettings = SubjectSettings(unknown="file")
    """The way to a file's subject."""
    formats: tuple[OutputFormat, ...] = ("tsv",)
    """What is written of each file in which events are detected: SzCORE's table, an EDF+ with
    annotations, a page, JSON."""
    keep_names: bool = False
    """Call what is written as the files are called; names may tell who they are of."""
    keep_identity: bool = False
    """Write the files' own date, and leave patient and annotations in copies of them."""
    limits: Limits = Limits()
    """What one file may cost."""
    batch_size: int = Field(64, ge=1)
    """Windows a forward pass."""
    device: Device = "auto"
    """Device to predict on."""


class CrossvalidationConfig(Settings):
    """What a cross-validation depends on."""

    finetune: FinetuneConfig
    """Settings of every fold's model."""
    evaluate: EvaluateConfig
    """Settings of its evaluation."""
    folds: int
    """Number of folds."""


class BaselineConfig(Settings):
    """What a baseline's cell of a benchmark depends on."""

    task: dict[str, Any]
    """The task, resolved."""
    name: str
    """Its name."""
    baseline: BaselinesConfig
    """Its settings."""
    labels_fraction: float
    """Share of the training subjects whose labels are used."""
    labels_subjects: NumberOfSubjects
    """Number of them, in place of a share."""
    labels_draw: int | None
    """Seed of their draw; None: that of the cell."""
    choose_threshold_by: ThresholdCriterion
    """What the threshold maximises on validation windows."""
    postprocess: PostprocessConfig
    """Ways from windows to detections that are tried on the validation recordings."""
    scoring: ScoringConfig
    """Choices by which predictions become scores."""
    corruptions: CorruptionsConfig
    """Ways in which the recordings are corrupted and predicted again."""


class BenchmarkConfig(Settings):
    """The matrix: encoders × tasks × adaptations × seeds, and the baselines beside them."""

    recordings: tuple[str, ...] = Field(min_length=1, json_schema_extra=MAY_NAME_PEOPLE)
    """Recordings folders, seen from the matrix file; ``{fold}`` stands for the fold."""
    encoders: dict[CellName, EncoderEntry] = Field(min_length=1)
    """Name in the table -> encoder."""
    tasks: dict[CellName, TaskEntry] = Field(min_length=1)
    """Name in the table -> task."""
    adaptations: tuple[Kind, ...] = Field(("probe",), min_length=1)
    """Ways in which each encoder is adapted."""
    seeds: tuple[Natural, ...] = Field((0,), min_length=1)
    """Each cell is run once a seed."""
    labels_subjects: tuple[NumberOfSubjects, ...] = ()
    """Each cell is run with the labels of so many training subjects; by default those that
    ``finetune`` says, all."""
    draws: tuple[Natural, ...] = ()
    """Each cell with fewer than all is run once a draw of these; by default its seed draws."""
    folds: tuple[Natural, ...] = ()
    """Cross-validation: scores are means over these folds, each with folders of its own."""
    baselines: tuple[BaselineName, ...] = ("band-power-channels", "band-power-regions")
    """What every encoder is shown beside."""
    compare_with: str = ""
    """The system that all others are tested against, as `encoder adaptation` or a baseline's name;
    by default the first encoder with the first adaptation."""
    finetune: FinetuneConfig = FinetuneConfig()
    """Settings of every fine-tuning."""
    evaluate: EvaluateConfig = EvaluateConfig()
    """Settings of every evaluation."""
    baseline: BaselinesConfig = BaselinesConfig()
    """Settings of the baselines."""

    @model_validator(mode="after")
    def _nothing_twice(self) -> "BenchmarkConfig":
        for name in ("adaptations", "seeds", "labels_subjects", "draws", "folds", "baselines"):
            values = getattr(self, name)
            if len(set(values)) != len(values):
                raise ValueError(f"{name} names one thing twice: {list(values)}")
        if self.folds and not all("{fold}" in path for path in self.recordings):
            raise ValueError("with folds, each path of recordings needs a {fold} of its own")
        return self

    @model_validator(mode="after")
    def _labels_said_once(self) -> "BenchmarkConfig":
        tuned = self.finetune
        labels = (tuned.labels_fraction, tuned.labels_subjects, tuned.labels_draw)
        if self.labels_subjects and labels != (1.0, "all", None):
            raise ValueError(
                "labels_subjects is set, and whose labels are used in [finetune] too; set one"
            )
        if self.draws and not set(self.labels_subjects) - {"all"}:
            raise ValueError(
                "draws choose labelled subjects, and all are used; set labels_subjects, such as "
                '[1, 2, 4, 8, "all"]'
            )
        return self


STAGES: dict[str, type[Settings]] = {
    "synth": SynthConfig,
    "preprocess": PreprocessConfig,
    "tokenize": TokenizeConfig,
    "pretrain": PretrainConfig,
    "finetune": FinetuneConfig,
    "evaluate": EvaluateConfig,
    "probes": ProbesConfig,
    "predict": PredictConfig,
    "container": ContainerConfig,
    "benchmark": BenchmarkConfig,
}

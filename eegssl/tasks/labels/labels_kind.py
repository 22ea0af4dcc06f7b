"""Fine-tune and evaluate on labels of windows, events, recordings or patients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from eegssl.adaptation.read_by_way import READS_OF_WAY
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.stages import EvaluateConfig, FinetuneConfig
from eegssl.corpus.label_table import LabelTable, format_labels, read_stored_labels
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.store import Corpus
from eegssl.corpus.windows import require_whole_patches
from eegssl.encoder.config import EncoderConfig
from eegssl.errors import ConfigError
from eegssl.reports.sections import Page, Section
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.threshold import concerns as few_windows
from eegssl.signal.corruptions.known_corruptions import levels_of
from eegssl.tasks.jobs import Fitted, Inputs, Job, TaskInfo, Trial
from eegssl.tasks.kind import Kind
from eegssl.tasks.labels import explain
from eegssl.tasks.labels.answers import as_predictions
from eegssl.tasks.labels.calibration import decide, locked_postprocess, validation_scores
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.corrupted.robustness_part import (
    ROBUSTNESS,
    ROBUSTNESS_PARTS,
    corrupted_part,
    read_robustness,
)
from eegssl.tasks.labels.data import (
    few_labels,
    labelled_windows,
    require_classes,
    training_windows,
    warn_left_out,
    warn_unlabelled,
    warn_untested,
)
from eegssl.tasks.labels.fit import Labelled, adapt, require_readable, unconverged
from eegssl.tasks.labels.label_columns import LabelScores
from eegssl.tasks.labels.learning.set_up import classifier_of, plan_of, require_shareable
from eegssl.tasks.labels.learning.training_labels import TrainingLabels, model_facts
from eegssl.tasks.labels.measures.detection_files import detection_files
from eegssl.tasks.labels.measures.stored_scores import (
    STORED_SCORES,
    LabelFacts,
)
from eegssl.tasks.labels.model import (
    CONTRACT,
    FILES,
    LABELS,
    TrainedModel,
    load_model,
    logits_of,
    predict,
    save_model,
)
from eegssl.tasks.labels.page import page_of, with_model, without_model
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import AllScores, concerns, score, score_facts
from eegssl.tasks.labels.unlabelled.unlabelled_windows import UnlabelledWindows
from eegssl.tasks.labels.windows.table_windows import task_table
from eegssl.training.features import features_of
from eegssl.training.fitting.devices import choose_device

UNREAD = {"targets": "targets belong to tasks of forecasting, and labels are the truth here"}
"""Reasons for which labels do not read a setting."""
_OF_MODEL = ("task", "adaptation", "encoder_weights", "labels_permuted")


@dataclass(frozen=True)
class TestLabels:
    """A model, and the labels of what it is tested on."""

    trained: TrainedModel
    table: LabelTable

    @property
    def inputs(self) -> Inputs:
        """The labels table, where there is one."""
        return self.table.inputs


class Labels(Kind[TaskConfig, TrainingLabels, TestLabels, Predictions, AllScores]):
    """Classes or numbers of windows, seconds, events, recordings or patients."""

    name = "labels"
    settings = TaskConfig
    view = Predictions
    paths = ("table",)
    finetune_reads = (
        *("encoder_weights", "adaptation", "labels_fraction", "labels_subjects", "labels_draw"),
        *(
            "class_weights",
            "cache",
            "cache_gb",
            "training",
            "choose_threshold_by",
            "postprocess",
            "cross",
        ),
    )
    evaluate_reads = (
        *("split", "allow_leak", "labels", "scoring", "batch_size", "device"),
        *("corruptions", "traces", "trace_s"),
    )
    unread = UNREAD
    reads_of_way = READS_OF_WAY
    files = FILES
    contract = CONTRACT
    stored_scores = STORED_SCORES
    stored_facts = LabelFacts
    scored_others = ROBUSTNESS_PARTS
    benchmark = LabelScores()
    unlabelled = UnlabelledWindows()

    def check(self, config: FinetuneConfig, task: TaskConfig) -> None:
        """Raise ConfigError for an adaptation that can't be followed, or tell what is asked."""
        require_readable(config.adaptation)
        if config.adaptation.kind == "prototypes" and task.target == "number":
            raise ConfigError(
                "prototypes are of classes, and this task has numbers; adapt in another way, such "
                "as --adapt probe"
            )

    def prepare(self, job: Job[TaskConfig]) -> TrainingLabels:
        """Label the windows of training and validation; raises InputError for a class missing."""
        corpus, task, context = job.corpus, job.task, job.context
        table = task_table(corpus, task)
        few = few_labels(job.config, context.seed)
        windows = training_windows(corpus, task, table, few, context)
        train, val = windows.train, windows.val
        require_classes(train, task, "train")
        require_classes(val, task, "val")
        _require_patches(train, task, job.encoder)
        warn_unlabelled(corpus, task, context)
        for reason, n in sorted((table.skipped or {}).items()):
            if n:
                context.warn(f"{n} row(s) of the labels table are left out: {reason}")
        for split, part in (("train", train), ("val", val)):
            warn_left_out(part, split, context)
        return TrainingLabels(table, train, val, windows.n_labelled)

    def fit(
        self, job: Job[TaskConfig], data: TrainingLabels, writer: ArtifactWriter
    ) -> Fitted[Predictions]:
        """Adapt the encoder; lock temperature, threshold and post-processing on validation data."""
        config, task = job.config, job.task
        classifier = classifier_of(job, data.train)
        plan = plan_of(job, writer.work)
        training = adapt(classifier, Labelled(task, data.train, data.val), plan)
        for concern in unconverged(training):
            job.context.warn(concern)
        features = features_of(classifier, data.val.windows, plan.device, plan.cache)
        size, balanced = config.training.batch_size, config.class_weights != "none"
        logits = logits_of(classifier, features, data.val.windows, size)
        decided = decide(classifier, logits, data.val, task, config.choose_threshold_by, balanced)
        for concern in few_windows(decided.threshold):
            job.context.warn(concern)
        value = decided.threshold.value if decided.threshold else None
        rule = locked_postprocess(
            data.val, decided.answers, task, value, config.postprocess, job.context
        )
        model = TrainedModel(classifier, task, decided.threshold, rule, decided.temperature)
        save_model(writer, model)
        if data.table.labels is not None:
            writer.write(LABELS, format_labels(data.table.labels))
        scores = validation_scores(data.val, decided.answers, value, task)
        facts = model_facts(job, data, model) | training | {"val": scores}
        return Fitted(facts, (*data.train.windows.recordings, *data.val.windows.recordings))

    def require_over_ranks(self, job: Job[TaskConfig]) -> None:
        """Raise ConfigError where the encoder stays frozen, or a batch can't be shared."""
        require_shareable(job)

    def take_part(self, job: Job[TaskConfig], data: TrainingLabels, work: Path) -> None:
        """Adapt the encoder along with the first rank."""
        adapt(
            classifier_of(job, data.train),
            Labelled(job.task, data.train, data.val),
            plan_of(job, work),
        )

    def open(self, trial: Trial) -> TestLabels:
        """The model, and the labels of the recordings as given now, or as it was given them."""
        levels_of(trial.config.corruptions)  # refuses those that mean nothing
        trained = load_model(trial.model, trial.corpus)
        table = _test_labels(trial, trained.task)
        warn_untested(trial.corpus, trial.recordings, trained.task, trial.context)
        return TestLabels(trained, table)

    def predict(self, trial: Trial, data: TestLabels) -> Predictions:
        """Probabilities (or numbers) of every labelled window."""
        trained, context, config = data.trained, trial.context, trial.config
        labelled = labelled_windows(
            trial.corpus, trial.recordings, trained.task, data.table.labels, seed=context.seed
        )
        short = sum(r.duration_s < trained.task.window_s for r in trial.recordings)
        if short and trained.task.detects:
            context.warn(f"{short} recording(s) are shorter than a window and are not scored")
        warn_left_out(labelled, config.split, context)
        context.progress.say(f"predicting {len(labelled)} windows")
        return _answer(trial, trained, labelled)

    def corrupted(
        self, trial: Trial, data: TestLabels, writer: ArtifactWriter
    ) -> Sequence[Section]:
        """Curves of scores over severity, where corruptions are asked for."""
        config = trial.config
        if not config.corruptions.kinds:
            return ()
        labelled = labelled_windows(
            trial.corpus,
            trial.recordings,
            data.trained.task,
            data.table.labels,
            seed=trial.context.seed,
        )
        answer = partial(_answer, trial, data.trained)
        return corrupted_part(
            writer, labelled, answer, config.corruptions, config.scoring, trial.context
        )

    def stored_beside(self, folder: Path) -> dict[str, Any]:
        """Scores over severity."""
        path = folder / ROBUSTNESS
        return {"robustness": read_robustness(path)} if path.exists() else {}

    def concerns(self, table: Predictions) -> Sequence[str]:
        """Time that windows leave out, overlaps, and truth that contradicts events."""
        return concerns(table)

    def score(self, table: Predictions, config: ScoringConfig, seed: int) -> AllScores:
        """Scores of windows, units and events."""
        return score(table, config, seed)

    def left_out(self, scores: AllScores) -> Sequence[str]:
        """Recordings that are too short for scores of events."""
        words = scores.events.szcore.left_out if scores.events else ""
        return [words] if words else []

    def tables(self, table: Predictions, scores: AllScores) -> Mapping[str, str]:
        """What was detected, a table for each recording."""
        if scores.detections is None:
            return {}
        return detection_files(scores.detections, table.about, table.classes[1])

    def facts(self, table: Predictions, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """Whose predictions these are, and their scores in short."""
        about = {name: table.about.get(name) for name in _OF_MODEL}
        return about | score_facts(table, metrics)

    def page(
        self,
        table: Predictions,
        scores: AllScores,
        config: EvaluateConfig,
        ran: tuple[Trial, TestLabels] | None,
    ) -> Page:
        """The page, with lineage, training and traces where a model was run."""
        page = page_of(table, scores)
        if ran is None:
            return without_model(page, scores)
        return with_model(page, ran[0], table, scores)

    def explain(self, task: TaskConfig, corpus: Corpus | None, seed: int) -> TaskInfo:
        """Explain what the task asks, and which labels recordings hold for it."""
        return explain.explain(task, corpus, seed)

    def check_folds(self, jobs: Sequence[Job[TaskConfig]]) -> Inputs:
        """Refuse folds without labels to learn from or to score."""
        prepared = [self.prepare(job) for job in jobs]
        table = prepared[0].table
        for job in jobs:
            tested = job.corpus.of_split("test")
            labelled_windows(job.corpus, tested, job.task, table.labels, seed=job.context.seed)
        return table.inputs


def _answer(trial: Trial, trained: TrainedModel, labelled: LabelledWindows) -> Predictions:
    """A model's predictions of labelled windows."""
    device = choose_device(trial.config.device)
    probabilities = predict(trained.classifier, labelled.windows, trial.config.batch_size, device)
    return as_predictions(
        labelled,
        probabilities,
        trained.task,
        trained.threshold,
        trained.postprocess,
        trial.about("labels_permuted"),
    )


def _require_patches(train: LabelledWindows, task: TaskConfig, encoder: EncoderConfig) -> None:
    """Raise ConfigError unless the encoder's patches fill the windows, or are their seconds."""
    require_whole_patches(train.windows, encoder.patch_samples, "task.window_s")
    if task.unit == "second" and encoder.patch_samples != encoder.sfreq_hz:
        raise ConfigError(
            f"task {task.name} labels seconds; this encoder's patches are "
            f"{encoder.patch_samples / encoder.sfreq_hz:g} s long: take unit = 'window', with "
            "--set task.unit=window, or an encoder with patches of a second"
        )


def _test_labels(trial: Trial, task: TaskConfig) -> LabelTable:
    """The table that is given now, or the model's own where it names one of these recordings."""
    labels = trial.config.labels
    if labels:
        return task_table(trial.corpus, task, labels)
    if task.table is None:
        return LabelTable(None)
    stored = read_stored_labels(trial.model / LABELS)
    here = {recording.id for recording in trial.recordings}
    if task.labels == "events" and not any(one.recording in here for one in stored):
        trial.context.warn(
            "the table that the model learned from names none of these recordings: their own "
            "events count; --set labels=TABLE gives others"
        )
        return LabelTable(None)
    return LabelTable(stored)

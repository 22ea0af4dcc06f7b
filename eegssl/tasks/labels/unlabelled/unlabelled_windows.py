"""Predict recordings without labels, such as new files."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from eegssl.artifacts.json_parts import read_json
from eegssl.artifacts.manifest import Artifact
from eegssl.corpus.new_files.file_labels import Labels
from eegssl.corpus.store import Corpus
from eegssl.errors import ConfigError
from eegssl.scoring.config import ScoringConfig
from eegssl.tasks.jobs import Trial
from eegssl.tasks.kind import Unlabelled
from eegssl.tasks.labels.answers import as_predictions
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.files.file_outputs import write_detections
from eegssl.tasks.labels.measures.detected import Detected
from eegssl.tasks.labels.model import CHANNEL_NAMES, CHANNELS, TrainedModel, load_model, predict
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import detections_of
from eegssl.tasks.labels.unlabelled.class_answers import (
    number_answer,
    whole_answer,
    window_answer,
)
from eegssl.tasks.labels.unlabelled.event_answers import events_answer
from eegssl.tasks.labels.unlabelled.file_windows import (
    times_in_file,
    windows_of_events,
    windows_without_labels,
)
from eegssl.tasks.labels.unlabelled.with_labels import with_labels
from eegssl.tasks.new_file import NewFile
from eegssl.tasks.one_file.file_answer import EVENTS, FileAnswer
from eegssl.tasks.one_file.outputs import Outputs
from eegssl.training.fitting.devices import choose_device
from eegssl.training.weights import read_module_config


class UnlabelledWindows(Unlabelled[TrainedModel, Predictions]):
    """Windows of a task of labels, or seconds: events, or the class or number of what they are of.

    Tasks about given events are told of those that a detector found.
    """

    view = Predictions

    def detects(self, model: Artifact) -> bool:
        """Whether its task detects events."""
        return _task_of(model).detects

    def needs_events(self, model: Artifact) -> bool:
        """Whether its task is about given events."""
        return _task_of(model).unit == "event"

    def needed(self, model: Artifact) -> tuple[str, ...]:
        """The channels that the model reads by name; none where it reads any montage."""
        return read_json(model / CHANNELS, CHANNEL_NAMES)

    def load(self, model: Artifact, corpus: Corpus) -> TrainedModel:
        """The model; raises ArtifactError for another rate than its own."""
        return load_model(model, corpus)

    def predict(self, trial: Trial, model: TrainedModel, file: NewFile) -> Predictions:
        """Probabilities, or numbers, of every window or second."""
        task = model.task.model_copy(update={"permute_labels": False})
        if task.unit == "event":
            windows = windows_of_events(trial.corpus, trial.recordings, task, file.events)
        else:
            seed = trial.context.seed
            windows = windows_without_labels(trial.corpus, trial.recordings, task, seed)
        answers = np.zeros((0, task.n_outputs))
        if len(windows):
            device, size = choose_device(trial.config.device), trial.config.batch_size
            answers = predict(model.classifier, windows.windows, size, device)
        about = trial.about("labels_permuted") | {"min_overlap": task.min_overlap}
        table = as_predictions(windows, answers, task, model.threshold, model.postprocess, about)
        unlabelled = tuple(replace(one, labelled=False) for one in table.references)
        return replace(table, references=unlabelled)

    def answer(self, table: Predictions, file: NewFile) -> FileAnswer:
        """The events in a file; or its class, those of its windows, or its number."""
        if table.about["unit"] == "event":
            return events_answer(table, file)
        if table.about["labels"] == "events":
            return _detected_answer(table, file)
        if table.about["target"] == "number":
            return number_answer(table, file)
        if table.about["unit"] in ("recording", "patient"):
            return whole_answer(table, file)
        return window_answer(table, file)

    scored_by_labels = True

    def with_labels(self, table: Predictions, labels: Mapping[str, Labels]) -> Predictions:
        """The predictions of recordings with labels, and their true classes."""
        if table.about["labels"] != "events" or table.about["unit"] == "event":
            raise ConfigError(
                "this model answers in classes or numbers of its own, and labels of events say "
                "nothing of them: preprocess the files, and evaluate the model with a table"
            )
        return with_labels(table, labels)

    def write(self, table: Predictions, answer: FileAnswer, outputs: Outputs) -> None:
        """Write what a detector found, in the file's own time; else the answer."""
        if table.about["unit"] == "event" or not answer.detects:
            super().write(table, answer, outputs)
        else:
            write_detections(table, answer, outputs)


def _task_of(model: Artifact) -> TaskConfig:
    return read_module_config(model.path, "task", TaskConfig)


def _detected_answer(table: Predictions, file: NewFile) -> FileAnswer:
    detected = _in_file(table, file)
    times_s = times_in_file(table, file)
    order = np.argsort(times_s, kind="stable")
    spans = np.array(detected.detections, dtype=np.float64).reshape(-1, 2)
    n = len(spans)
    return FileAnswer(
        file,
        EVENTS,
        float(n),
        {"events": n},
        times_s[order],
        float(table.duration_s[0]),
        table.probabilities[order],
        table.classes,
        spans[:, 0],
        spans[:, 1] - spans[:, 0],
        np.array(detected.confidence, dtype=np.float64),
        (table.classes[1],) * n,
        detects=True,
    )


def _in_file(table: Predictions, file: NewFile) -> Detected:
    """What was detected in all recordings of a file, in the file's own time."""
    detections = detections_of(table, ScoringConfig())
    assert detections is not None  # the task detects, and no label was permuted
    rows = [
        ((onset_s + file.onset_s[one.recording], end_s + file.onset_s[one.recording]), confidence)
        for one in detections.recordings
        for (onset_s, end_s), confidence in zip(one.detections, one.confidence, strict=True)
    ]
    rows.sort()
    spans, confidence = tuple(span for span, _ in rows), tuple(p for _, p in rows)
    return Detected(file.subject, file.id, file.span_s, spans, confidence, labelled=False)

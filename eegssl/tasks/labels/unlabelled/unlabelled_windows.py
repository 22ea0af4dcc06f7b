"""Predict recordings without labels, such as new files."""

from collections.abc import Mapping

from eegssl.artifacts.json_parts import read_json
from eegssl.artifacts.manifest import Artifact
from eegssl.corpus.store import Corpus
from eegssl.errors import ConfigError
from eegssl.scoring.config import ScoringConfig
from eegssl.tasks.kind import Trial, Unlabelled
from eegssl.tasks.labels.answers import as_predictions
from eegssl.tasks.labels.data import labelled_windows
from eegssl.tasks.labels.measures.detected import Detected
from eegssl.tasks.labels.measures.detection_files import event_table
from eegssl.tasks.labels.model import CHANNEL_NAMES, CHANNELS, TrainedModel, load_model, predict
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import detections_of
from eegssl.tasks.new_file import NewFile
from eegssl.training.loop import choose_device


class UnlabelledWindows(Unlabelled[TrainedModel, Predictions]):
    """Windows, or seconds, of a task that detects events."""

    def needed(self, model: Artifact) -> tuple[str, ...]:
        """The channels that the model reads by name; none where it reads any montage."""
        return read_json(model / CHANNELS, CHANNEL_NAMES)

    def load(self, model: Artifact, corpus: Corpus) -> TrainedModel:
        """The model; raises ConfigError unless its task detects events."""
        trained = load_model(model, corpus)
        if not trained.task.detects:
            raise ConfigError(
                f"the model is of task {trained.task.name}, which asks about labelled events, "
                "recordings or patients: predict reads models that detect events"
            )
        return trained

    def predict(self, trial: Trial, model: TrainedModel) -> Predictions:
        """Probabilities of every window or second."""
        task = model.task.model_copy(update={"permute_labels": False})
        corpus, recordings, seed = trial.corpus, trial.recordings, trial.context.seed
        windows = labelled_windows(corpus, recordings, task, None, seed=seed)
        device, size = choose_device(trial.config.device), trial.config.batch_size
        answers = predict(model.classifier, windows.windows, size, device)
        about = trial.about("labels_permuted")
        return as_predictions(windows, answers, task, model.threshold, model.postprocess, about)

    def texts(self, table: Predictions, file: NewFile) -> Mapping[str, str]:
        """The table of events in the file, in its own time."""
        name, text = event_table(_in_file(table, file), table.about, table.classes[1])
        return {name: text}

    def counts(self, table: Predictions, file: NewFile) -> dict[str, int]:
        """The number of events."""
        return {"events": len(_in_file(table, file).detections)}


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

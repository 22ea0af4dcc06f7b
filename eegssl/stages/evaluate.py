"""evaluate: a model and recordings to predictions, scores and a report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from eegssl.artifacts import Artifact, inputs_of, load
from eegssl.config import EvaluateConfig
from eegssl.corpus.labels import LabelTable, label_table
from eegssl.corpus.store import Corpus, Recording, open_corpus
from eegssl.errors import ConfigError, LeakError
from eegssl.io.labels import read_stored_labels
from eegssl.io.tables import Predictions, write_predictions
from eegssl.reports.build import build_evaluation
from eegssl.reports.evaluation import render_evaluation
from eegssl.reports.scores import AllScores, score
from eegssl.stages.run import Result, Run, warn_unlabelled
from eegssl.tasks.config import TaskConfig
from eegssl.tasks.labels import LabelledWindows, labelled_windows
from eegssl.training.loop import choose_device
from eegssl.training.models import LABELS, load_model, predict

KIND = "evaluation"
MODEL = "model"
REPORT = "report.html"
PREDICTIONS = "predictions.parquet"
METRICS = "metrics.json"


def run(config: EvaluateConfig, model: Path, folders: Sequence[Path], run: Run) -> Result:
    """Make an evaluation artifact.

    Raises LeakError when something upstream was fitted on a subject that is to be scored.
    """
    corpus = open_corpus(folders)
    artifact = load(model, MODEL)
    splits = ("train", "val", "test") if config.split == "all" else ("test",)
    recordings = corpus.of_split(*splits)
    refuse_leaks(artifact, recordings)
    trained = load_model(artifact, corpus)
    table = _labels(config, trained.task, artifact, corpus)
    inputs = [*inputs_of(artifact), *corpus.inputs(), *table.inputs]
    warn_unlabelled(corpus, trained.task, run)
    draft = run.begin(KIND, config, inputs)
    if isinstance(draft, Result):
        return draft
    task = trained.task
    labelled = labelled_windows(corpus, recordings, task, table.labels, seed=run.seed)
    short = len(recordings) - len(labelled.windows.recordings)
    if short and task.labels == "events":
        run.warn(f"{short} recording(s) are shorter than a window and are not scored")
    run.progress.say(f"predicting {len(labelled)} windows")
    device = choose_device(config.device)
    probabilities = predict(trained.classifier, labelled.windows, config.batch_size, device)
    predictions = as_predictions(labelled, probabilities, task, corpus)
    threshold = trained.threshold
    value = threshold.value if threshold else None
    scores = score(predictions, labelled.windows.recordings, task, value, config.scoring)
    with draft.writing(PREDICTIONS) as path:
        write_predictions(path, predictions)
    draft.write_json(METRICS, scores.as_dict())
    page = build_evaluation(
        artifact,
        corpus,
        labelled.windows.recordings,
        predictions,
        scores,
        task,
        threshold,
        config.traces,
        config.trace_s,
    )
    draft.write(REPORT, render_evaluation(page))
    told = ("task", "adaptation", "encoder_weights", "labels_permuted")
    facts = {name: artifact.manifest.facts[name] for name in told}
    facts |= score_facts(scores, predictions, corpus)
    return run.finish(draft, facts, artifact.manifest.fitted_on)


def refuse_leaks(model: Artifact, recordings: Sequence[Recording]) -> None:
    """Raise LeakError when model or anything upstream was fitted on what is to be scored."""
    fitted = model.manifest.fitted_on
    seen = sorted({r.id for r in recordings} & set(fitted.recordings))
    if seen:
        raise LeakError(
            f"{model.path} or something upstream was fitted on {len(seen)} of the "
            f"{len(recordings)} recordings to score ({seen[0]} …); score others"
        )
    apart = {r.subject for r in recordings if not r.within_subject}
    known = sorted(apart & set(fitted.subjects))
    if known:
        raise LeakError(
            f"{model.path} or something upstream was fitted on {len(known)} of the subjects to "
            f"score ({known[0]} …); train on this folder's own training subjects, or score others"
        )


def as_predictions(
    labelled: LabelledWindows, probabilities: NDArray[Any], task: TaskConfig, corpus: Corpus
) -> Predictions:
    """The table of predictions of labelled windows."""
    windows = labelled.windows
    owners = [windows.recordings[k] for k in windows.owner]
    return Predictions(
        subject=[r.subject for r in owners],
        recording=[r.id for r in owners],
        start_s=windows.start_s,
        duration_s=windows.start_s * 0 + windows.window_s,
        truth=labelled.truth,
        probabilities=probabilities,
        classes=task.classes,
        split_hash=corpus.split_hash,
    )


def _labels(
    config: EvaluateConfig, task: TaskConfig, model: Artifact, corpus: Corpus
) -> LabelTable:
    """The labels of the recordings: as given now, or as the model was given them."""
    if task.labels != "table":
        if config.labels:
            raise ConfigError(f"task {task.name} takes its labels from events; leave labels out")
        return LabelTable(None)
    if config.labels:
        return label_table(corpus, config.labels)
    return LabelTable(read_stored_labels(model / LABELS))


def score_facts(scores: AllScores, predictions: Predictions, corpus: Corpus) -> dict[str, Any]:
    """What a manifest says of scores."""
    shown = ("auroc", "auc_pr", "balanced_accuracy", "sensitivity", "specificity")
    events, recordings = scores.events, scores.recordings
    means = events.event.subject_mean if events else {}
    return {
        "windows": {name: scores.windows[name] for name in ("n", "n_per_class", *shown)},
        "recordings": recordings and {name: recordings[name] for name in ("n", *shown)},
        "events": events
        and {"scored_subjects": len(events.event.per_subject)}
        | {name: mean.mean for name, mean in means.items()},
        "subjects": sorted(scores.per_subject),
        "split_hash": predictions.split_hash,
        "within_subject": corpus.within_subject,
        "synthetic": corpus.synthetic,
    }

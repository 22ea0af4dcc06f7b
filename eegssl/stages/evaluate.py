"""evaluate: a model and recordings to predictions, scores and a report.

The table of predictions is the only source of every number: ``rescore`` makes scores and report
from it alone, and so does ``run`` once the model has spoken.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from eegssl.artifacts.atomic import hash_file, hash_json
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.manifest import Artifact, inputs_of
from eegssl.artifacts.reading import load
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.stages import EvaluateConfig
from eegssl.corpus.audits.leaks import audit_windows, refuse
from eegssl.corpus.audits.temporal_leaks import audit_model
from eegssl.corpus.folds import refolded
from eegssl.corpus.label_table import LabelTable, label_table, read_stored_labels
from eegssl.corpus.store import Corpus, open_corpus
from eegssl.errors import ConfigError, InputError
from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.io.tables.event_trees import Missing, read_tree, recording_of
from eegssl.io.tables.tsv import format_tsv
from eegssl.scoring.events.event_scores import RecordingEvents
from eegssl.tasks.kinds import KINDS
from eegssl.tasks.labels.answers import as_predictions
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.data import labelled_windows, warn_left_out, warn_unlabelled
from eegssl.tasks.labels.model import LABELS, TASK, load_model, predict
from eegssl.tasks.labels.page import render_evaluation
from eegssl.tasks.labels.predictions import (
    Predictions,
    kind_of_table,
    read_predictions,
    write_predictions,
)
from eegssl.tasks.labels.scores import AllScores, concerns, score, score_facts, tree_facts
from eegssl.tasks.labels.sections.event_report import event_report
from eegssl.tasks.labels.sections.model_sections import with_model
from eegssl.tasks.labels.sections.page_content import events_page, page_of
from eegssl.training.loop import choose_device

KIND = "evaluation"
MODEL = "model"
REPORT = "report.html"
PREDICTIONS = "predictions.parquet"
METRICS = "metrics.json"
FAULTS = "faults.tsv"
_FAULT_WORDS = {
    "missing": "missing, counted as no detections",
    "unreadable": "unreadable, counted as no detections",
    "wrong-length": "of a recording of another length, counted as no detections",
    "no-reference": "without a reference, not scored",
}
_TOLD = ("task", "adaptation", "encoder_weights", "labels_permuted")


def run(config: EvaluateConfig, model: Path, folders: Sequence[Path], context: Context) -> Result:
    """Make an evaluation artifact.

    Raises LeakError when something upstream was fitted on what is to be scored, unless
    ``config.allow_leak``: then every result is marked.
    """
    artifact = load(model, MODEL)
    corpus = _as_trained(open_corpus(folders), artifact)
    splits = ("train", "val", "test") if config.split == "all" else ("test",)
    recordings = corpus.of_split(*splits)
    leaks = audit_model(artifact, corpus, recordings)
    if not config.allow_leak:
        refuse(leaks, artifact)
    kind = json.loads((artifact / TASK).read_text())["kind"]
    if kind in KINDS:
        return KINDS[kind].evaluate(config, artifact, corpus, recordings, leaks, context)
    trained = load_model(artifact, corpus)
    task = trained.task
    table = _labels(config, task, artifact, corpus)
    inputs = [*inputs_of(artifact), *corpus.inputs(), *table.inputs]
    warn_unlabelled(corpus, task, context)
    for leak in leaks:
        context.warn(f"LEAK, allowed: {leak.in_words()}")
    writer = context.begin(KIND, config, inputs)
    if isinstance(writer, Result):
        return writer
    labelled = labelled_windows(corpus, recordings, task, table.labels, seed=context.seed)
    short = len(recordings) - len(labelled.windows.recordings)
    if short and task.detects:
        context.warn(f"{short} recording(s) are shorter than a window and are not scored")
    warn_left_out(labelled, config.split, context)
    context.progress.say(f"predicting {len(labelled)} windows")
    device = choose_device(config.device)
    probabilities = predict(trained.classifier, labelled.windows, config.batch_size, device)
    about = {name: artifact.manifest.facts[name] for name in _TOLD}
    predictions = as_predictions(
        labelled,
        probabilities,
        task,
        trained.threshold,
        trained.postprocess,
        about | {"leaks": [leak.in_words() for leak in leaks]},
    )
    scores = _write_scores(writer, predictions, config, context)
    page = with_model(
        page_of(predictions, scores), artifact, corpus, predictions, config.traces, config.trace_s
    )
    writer.write(REPORT, render_evaluation(page))
    facts = about | score_facts(scores, predictions)
    return context.finish(writer, facts, replace(artifact.manifest.fitted_on, sketches={}))


def rescore(config: EvaluateConfig, source: Path, context: Context) -> Result:
    """Make an evaluation artifact from the predictions of another one; no model is run.

    ``source`` is an evaluation's folder, or its ``predictions.parquet``.
    """
    if config.targets:
        raise ConfigError("scores are made anew from predictions alone: leave --targets out")
    path = source / PREDICTIONS if source.is_dir() else source
    if not path.is_file():
        raise InputError(
            f"there is no {path}; give an evaluation's folder or its predictions, or a tree of "
            "event tables with --reference TREE"
        )
    kind = kind_of_table(path)
    if kind in KINDS:
        return KINDS[kind].rescore(config, path, context)
    predictions = read_predictions(path)
    twice = audit_windows(predictions)
    if not config.allow_leak:
        refuse(twice)
    known = [*predictions.about["leaks"], *(leak.in_words() for leak in twice)]
    predictions = replace(predictions, about=predictions.about | {"leaks": known})
    for words in known:
        context.warn(f"LEAK, allowed: {words}")
    writer = context.begin(KIND, config, [("predictions", hash_file(path))])
    if isinstance(writer, Result):
        return writer
    scores = _write_scores(writer, predictions, config, context)
    writer.write(REPORT, render_evaluation(page_of(predictions, scores)))
    about = {name: predictions.about.get(name) for name in _TOLD}
    return context.finish(writer, about | score_facts(scores, predictions))


def score_trees(
    config: EvaluateConfig,
    hypothesis: Path,
    reference: Path,
    context: Context,
    *,
    missing: Missing = "error",
    show_names: bool = False,
) -> Result:
    """Make an evaluation artifact from two trees of SzCORE event tables; no model is run.

    With ``missing="count"`` a table of the hypothesis that is missing or can't be read counts as
    no detections, and is told.
    """
    people = Pseudonyms()

    def id_of(table: str) -> str:
        return people.recording(recording_of(table))

    try:
        found, faults = read_tree(reference, hypothesis, missing, str if show_names else id_of)
    finally:
        if not context.dry_run:
            people.save()
    lists = [
        RecordingEvents(
            people.subject(one.subject),
            people.recording(one.recording),
            one.duration_s,
            one.reference,
            one.hypothesis,
        )
        for one in found
    ]
    told = [[id_of(fault.file), fault.kind, fault.reason] for fault in faults]
    for kind, n in sorted(Counter(fault.kind for fault in faults).items()):
        context.warn(f"{n} table(s) of the hypothesis: {_FAULT_WORDS[kind]} ({FAULTS} lists them)")
    said = hash_json([[vars(one) for one in lists], told])
    writer = context.begin(KIND, config, [("event-tables", said)])
    if isinstance(writer, Result):
        return writer
    events = event_report(lists, config.scoring, context.seed)
    writer.write(FAULTS, format_tsv(["recording", "kind", "reason"], told))
    writer.write_json(METRICS, {"events": events.as_dict()})
    page = events_page(events, "Evaluation: event tables")
    writer.write(REPORT, render_evaluation(page))
    return context.finish(writer, tree_facts(events) | {"faults": len(told)})


def _write_scores(
    writer: ArtifactWriter, predictions: Predictions, config: EvaluateConfig, context: Context
) -> AllScores:
    """Write the table and the scores that follow from it."""
    for concern in concerns(predictions):
        context.warn(concern)
    scores = score(predictions, config.scoring, context.seed)
    with writer.writing(PREDICTIONS) as path:
        write_predictions(path, predictions)
    writer.write_json(METRICS, scores.as_dict())
    return scores


def _as_trained(corpus: Corpus, model: Artifact) -> Corpus:
    """The corpus, split as for the fold that the model was trained on, if it is that corpus."""
    cross = model.manifest.config["cross"]
    same = {i for kind, i in model.manifest.inputs if kind == "recordings"} == {
        i for _, i in corpus.inputs()
    }
    if not cross["folds"] or not same:
        return corpus
    return refolded(corpus, cross["folds"], cross["fold"], model.manifest.seed)


def _labels(
    config: EvaluateConfig, task: TaskConfig, model: Artifact, corpus: Corpus
) -> LabelTable:
    """The labels of the recordings: as given now, or as the model was given them."""
    if task.labels != "table":
        if config.labels:
            raise ConfigError(f"task {task.name} takes its labels from events; leave labels out")
        return LabelTable(None)
    if config.labels:
        return label_table(corpus, config.labels, skip_unknown=task.skip_unknown)
    return LabelTable(read_stored_labels(model / LABELS))

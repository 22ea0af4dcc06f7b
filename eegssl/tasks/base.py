"""Fine-tune, evaluate and rescore every kind of task by one flow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from eegssl.artifacts.atomic import canonical_json
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.contract import Contract, open_artifact
from eegssl.artifacts.json_parts import STRICT, JsonObject, damaged, read_json
from eegssl.artifacts.manifest import MANIFEST, Artifact, inputs_of
from eegssl.artifacts.threads import THREADS
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.settings import public_values
from eegssl.config.stages import EvaluateConfig, FinetuneConfig
from eegssl.corpus.audits.growth import tell_growth
from eegssl.corpus.audits.leaks import audit_windows, refuse
from eegssl.corpus.audits.temporal_leaks import audit_model
from eegssl.corpus.new_files.cleaned_as import cleaned_as
from eegssl.corpus.store import Corpus, fitted_on, require_sketches
from eegssl.reports.cautions import with_warnings
from eegssl.reports.glossary import READING
from eegssl.reports.html import render_page
from eegssl.reports.live.shown_training import shown
from eegssl.reports.sections import inserted
from eegssl.tasks.jobs import CLEANING, MODEL, Inputs, Job, Trial
from eegssl.tasks.kind import Kind
from eegssl.tasks.settings_read import require_read
from eegssl.tasks.table import pool_tables, read_table, rows, write_table
from eegssl.tasks.table_spec import View
from eegssl.tasks.trained_for import ENCODER, MONTAGES, differences, encoder_settings, montages_in
from eegssl.training.cost import Meter
from eegssl.training.fitting.sharding import require_shardable
from eegssl.training.history import copy_history
from eegssl.training.ranks.together import RunOptions, begin_together, elsewhere, on_all
from eegssl.training.weights import ENCODER as PRETRAINED

EVALUATION = "evaluation"
PREDICTIONS, SCORES, REPORT = "predictions.parquet", "metrics.json", "report.html"
"""Files of every artifact with scores."""
SCORED = (
    *(PREDICTIONS, SCORES, REPORT),
    *("detections/sub-*_events.tsv", "corrupted/*.parquet", "robustness.tsv"),
)
"""The same, tables of detections and those of corrupted recordings, as names or patterns."""
SCORED_KINDS = (EVALUATION, "crossvalidation", "baseline")
"""Artifacts with scores."""

OF_RUN = dict.fromkeys(
    ("split", "labels", "targets", "batch_size", "device", "corruptions", "traces", "trace_s"),
    "scores come from stored tables and no model is run; to set it, evaluate a model",
)
"""Settings of `evaluate` on how a model is run and shown, and why scoring alone refuses them."""

_METRICS = TypeAdapter(JsonObject, config=STRICT)

AnyKind = Kind[Any, Any, Any, Any, Any]


def scored_contract(kind: AnyKind, makes: str) -> Contract:
    """What an artifact of predictions and their scores holds: an evaluation, or its like."""
    return Contract(
        makes,
        parts={
            PREDICTIONS: partial(read_table, view=kind.view),
            SCORES: partial(read_json, schema=kind.stored_scores),
        },
        others=kind.scored_others,
        facts=kind.stored_facts,
        whole=partial(require_facts, view=kind.view, facts=kind.facts),
    )


def require_facts(
    artifact: Artifact,
    *,
    view: type[View],
    facts: Callable[[Any, Mapping[str, Any]], Mapping[str, Any]],
) -> None:
    """Raise ArtifactError where a manifest says other ``facts`` than follow from its parts.

    Those are of the table and of all scores; what a manifest does not say contradicts nothing.
    """
    table, source = read_table(artifact / PREDICTIONS, view), artifact / SCORES
    metrics = read_json(source, _METRICS)
    try:
        derived = facts(table, metrics)
    except (AttributeError, LookupError, TypeError) as error:
        problem = f"a score is missing, or of another type ({type(error).__name__})"
        raise damaged(source, problem) from None
    stated = artifact.manifest.facts
    for name in sorted(derived.keys() & stated.keys()):
        if canonical_json(derived[name]) != canonical_json(stated[name]):
            raise damaged(artifact.path / MANIFEST, f"facts.{name} are not those of its scores")


def check_settings(kind: AnyKind, config: FinetuneConfig, task: Any) -> None:
    """Raise ConfigError for a setting that the kind does not read or can't follow."""
    require_read(config, kind.finetune_reads, kind.unread, task.name, kind.name)
    kind.check(config, task)


def check_rescore(kind: AnyKind, config: EvaluateConfig, task: str) -> None:
    """Raise ConfigError for a setting that scores of a table alone do not read."""
    scoring = [name for name in kind.evaluate_reads if name.startswith("scoring")]
    reads = ("allow_leak", *scoring, *kind.page_reads)
    require_read(config, reads, {**kind.unread, **OF_RUN}, task, kind.name)


def job_of(
    kind: AnyKind,
    config: FinetuneConfig,
    corpus: Corpus,
    pretrained: Artifact,
    task: Any,
    context: Context,
) -> Job[Any]:
    """Gather all that fine-tuning needs.

    Raises ConfigError for a setting that the kind does not read or can't follow, ArtifactError
    when the recordings have another sampling rate than the encoder.
    """
    check_settings(kind, config, task)
    config = config.model_copy(update={"task": public_values(task)})
    return Job(config, corpus, task, pretrained, encoder_settings(pretrained, corpus), context)


def finetune(
    kind: AnyKind,
    config: FinetuneConfig,
    corpus: Corpus,
    encoder: Path,
    task: Any,
    context: Context,
    options: RunOptions = RunOptions(),
) -> Result:
    """Make the artifact of a task: a model, or the table and scores of an analysis.

    Raises ConfigError for settings that the kind can't follow, InputError for recordings that
    hold too little for the task.
    """
    require_shardable(config.training, options.place.n_ranks)

    def prepared() -> tuple[Job[Any], Any]:
        pretrained = open_artifact(encoder, PRETRAINED)
        job = replace(job_of(kind, config, corpus, pretrained, task, context), options=options)
        if options.place.n_ranks > 1:
            kind.require_over_ranks(job)
        return job, kind.prepare(job)

    job, data = on_all(options.place, prepared)
    tell_growth(corpus.artifacts, [job.pretrained], context)
    weights = job.weights == "pretrained"
    for difference in differences(job.pretrained, corpus, corpus.recordings, pretrained=weights):
        context.warn(difference)
    inputs = [*corpus.inputs(), *inputs_of(job.pretrained), *data.inputs]
    names = (*SCORED, *kind.files)
    contract = kind.contract if kind.makes == MODEL else scored_contract(kind, kind.makes)
    alike = {"which recordings are trained on": corpus.split_hash}
    settings = without_cache(job.config)
    begun = begin_together(options, context, contract, settings, inputs, alike, names=names)
    if isinstance(begun, Result):
        return begun
    writer = begun.writer
    if writer is None:
        kind.take_part(job, data, begun.work)
        return elsewhere(context, kind.makes)
    threads = begun.threads(context)
    meter = Meter(job.device)
    with shown(writer, context) as on_row:
        fitted = kind.fit(replace(job, on_row=on_row), data, writer)
    if fitted.table is not None:
        scored = _write_scores(kind, writer, fitted.table, EvaluateConfig(), context)
        return context.finish(writer, scored | {THREADS: threads})
    copy_history(writer, job.pretrained, "pretrain")
    cleaned = cleaned_as(corpus, fitted.recordings)
    writer.write_json(CLEANING, cleaned.model_dump(mode="json"))
    require_sketches(fitted.recordings)
    seen = fitted_on(list(fitted.recordings))
    if job.weights == "pretrained":
        seen = seen | job.pretrained.manifest.fitted_on
    facts = {
        "task": task.name,
        "adaptation": config.adaptation.kind,
        "encoder_weights": job.weights,
        THREADS: threads,
        MONTAGES: montages_in(fitted.recordings),
        "split_hash": corpus.split_hash,
        "within_subject": corpus.within_subject,
        "synthetic": corpus.synthetic,
    } | fitted.facts
    cost = meter.read(facts["n_parameters_trained"])
    context.progress.say(", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in cost.items()))
    return replace(context.finish(writer, facts, seen), beside={"cost": cost})


def without_cache(config: FinetuneConfig) -> FinetuneConfig:
    """The settings that decide a model: where and how much of its embeddings is kept does not."""
    unset = {name: FinetuneConfig.model_fields[name].default for name in ("cache", "cache_gb")}
    return config.model_copy(update=unset)


def evaluate(
    kind: AnyKind, config: EvaluateConfig, model: Artifact, corpus: Corpus, context: Context
) -> Result:
    """Make an evaluation artifact: predictions of recordings, their scores and a page.

    Raises LeakError when something upstream was fitted on what is to be scored, unless
    ``config.allow_leak``: then every result is marked.
    """
    name = model.manifest.facts["task"]
    require_read(config, kind.evaluate_reads, kind.unread, name, kind.name)
    splits = ("train", "val", "test") if config.split == "all" else ("test",)
    recordings = corpus.of_split(*splits)
    tell_growth(corpus.artifacts, [model], context)
    leaks = audit_model(model, corpus, recordings)
    if not config.allow_leak:
        refuse(leaks, model)
    trial = Trial(config, model, corpus, recordings, tuple(leaks), context)
    weights = model.manifest.facts["encoder_weights"] == "pretrained"
    if f"{ENCODER}.json" in model.manifest.files:  # some kinds have no encoder in their models
        for difference in differences(model, corpus, recordings, pretrained=weights):
            context.warn(difference)
    data = kind.open(trial)
    for leak in leaks:
        context.warn(f"LEAK, allowed: {leak.in_words()}")
    inputs = [*inputs_of(model), *corpus.inputs(), *data.inputs]
    writer = context.begin(scored_contract(kind, EVALUATION), config, inputs, names=SCORED)
    if isinstance(writer, Result):
        return replace(writer, beside=kind.stored_beside(writer.out))
    table = kind.predict(trial, data)
    for concern in kind.concerns(table):
        context.warn(concern)
    facts = _write_scores(kind, writer, table, config, context, (trial, data))
    result = context.finish(writer, facts, replace(model.manifest.fitted_on, sketches={}))
    beside = kind.stored_beside(result.out) | kind.beside(trial, data)
    return replace(result, beside=beside)


def rescore(
    kind: AnyKind, config: EvaluateConfig, table: Any, inputs: Inputs, context: Context
) -> Result:
    """Make an evaluation artifact from a table of predictions alone; no model is run.

    ``inputs`` are kind and hash of what the table is from. Raises LeakError when rows are there
    twice, unless ``config.allow_leak``.
    """
    check_rescore(kind, config, table.about["task"])
    twice = audit_windows(rows(table))
    if not config.allow_leak:
        refuse(twice)
    leaks = [*table.about["leaks"], *(leak.in_words() for leak in twice)]
    table = table.with_leaks(leaks)
    for words in leaks:
        context.warn(f"LEAK, allowed: {words}")
    writer = context.begin(scored_contract(kind, EVALUATION), config, inputs, names=SCORED)
    if isinstance(writer, Result):
        return writer
    for concern in kind.concerns(table):
        context.warn(concern)
    return context.finish(writer, _write_scores(kind, writer, table, config, context))


def pool(
    kind: AnyKind,
    writer: ArtifactWriter,
    tables: Sequence[Path],
    config: EvaluateConfig,
    context: Context,
) -> dict[str, Any]:
    """Write the predictions of several folds as one table, their scores and a page; the facts."""
    table = pool_tables([read_table(path, kind.view) for path in tables])
    return _write_scores(kind, writer, table, config, context)


def _write_scores(
    kind: AnyKind,
    writer: ArtifactWriter,
    table: Any,
    config: EvaluateConfig,
    context: Context,
    ran: tuple[Trial, Any] | None = None,
) -> dict[str, Any]:
    """Write the table, and the scores and page that follow from what was written; the facts."""
    with writer.writing(PREDICTIONS) as path:
        write_table(path, table)
    table = read_table(writer / PREDICTIONS, kind.view)
    scores = kind.score(table, config.scoring, context.seed)
    for words in kind.left_out(scores):
        context.warn(words)
    metrics = kind.metrics(table, scores)
    writer.write_json(SCORES, metrics)
    for name, text in kind.tables(table, scores).items():
        writer.write(name, text)
    more = kind.corrupted(*ran, writer) if ran else ()
    page = kind.page(table, scores, config, ran)
    for one in more:
        page = inserted(page, one, (READING,))
    writer.write(REPORT, render_page(with_warnings(page, context.warnings)))
    return kind.facts(table, metrics)

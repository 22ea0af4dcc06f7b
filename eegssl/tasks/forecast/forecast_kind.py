"""Forecasting the signal: what `finetune`, `evaluate` and `info --task` do for such tasks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eegssl.artifacts.atomic import hash_file
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.manifest import Artifact, inputs_of
from eegssl.artifacts.reading import load
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.settings import public_values
from eegssl.config.stages import EvaluateConfig, FinetuneConfig
from eegssl.corpus.audits.leaks import Leak
from eegssl.corpus.rebuilt_filters import filter_phases, require_causal
from eegssl.corpus.store import Corpus, Recording, fitted_on
from eegssl.encoder.architectures import build_encoder
from eegssl.errors import ConfigError, InputError
from eegssl.signal.bands import BANDS_HZ
from eegssl.tasks.base import TaskInfo
from eegssl.tasks.forecast.config import ForecastTaskConfig
from eegssl.tasks.forecast.data import RecordedPairs, cut_pairs, horizon_of
from eegssl.tasks.forecast.error_sums import KIND as FORECAST
from eegssl.tasks.forecast.error_sums import Forecasts, pooled, read_forecasts, write_forecasts
from eegssl.tasks.forecast.fit import (
    ForecastPlan,
    Trained,
    adapt_encoder,
    fit_baseline,
    fit_network,
    is_frozen,
    require_possible,
)
from eegssl.tasks.forecast.forecast_rows import MODEL, forecast_rows, latencies_ms, methods_of
from eegssl.tasks.forecast.methods.forecast_head import build_head, resolved_base
from eegssl.tasks.forecast.methods.phase_compensation import Forecaster
from eegssl.tasks.forecast.model import ForecastModel, load_forecast_model, save_forecast_model
from eegssl.tasks.forecast.page import (
    ForecastContent,
    forecast_page,
    render_forecast,
    with_examples,
)
from eegssl.tasks.forecast.scores import ForecastReport, forecast_facts, score_forecasts
from eegssl.tasks.forecast.targets import (
    contents,
    in_words,
    inputs_of_targets,
    kind_of_targets,
    open_targets,
    pairs_of_split,
    require_trained_targets,
    understood,
)
from eegssl.tasks.forecast.temporal_split import (
    PARTS,
    TESTED,
    past_facts,
    recordings_of,
    within_subject,
)
from eegssl.tasks.labels.model import encoder_settings
from eegssl.training.cost import Meter
from eegssl.training.history import METRICS, copy_history
from eegssl.training.loop import choose_device
from eegssl.training.weights import load_weights

PREDICTIONS, SCORES, REPORT = "predictions.parquet", "metrics.json", "report.html"
_TOLD = ("task", "adaptation", "encoder_weights")


def finetune(
    config: FinetuneConfig,
    corpus: Corpus,
    encoder: Path,
    task: ForecastTaskConfig,
    context: Context,
) -> Result:
    """Make a model artifact: a head on the encoder, and its baselines fitted on the same pairs.

    Raises ConfigError for ways to adapt that forecasts don't have and for recordings that were not
    filtered causally, InputError when none is long enough.
    """
    require_possible(config.adaptation)
    _require_no_labels(config)
    require_causal(corpus)
    pretrained = load(encoder, "encoder")
    settings = encoder_settings(pretrained, corpus)
    targets = open_targets(config.targets, corpus)
    train, val = (_pairs(corpus, split, task, targets, context) for split in ("train", "val"))
    config = config.model_copy(update={"task": public_values(task)})
    unset = {name: FinetuneConfig.model_fields[name].default for name in ("cache", "cache_gb")}
    inputs = [*corpus.inputs(), *inputs_of(pretrained), *inputs_of_targets(targets)]
    writer = context.begin("model", config.model_copy(update=unset), inputs)
    if isinstance(writer, Result):
        return writer
    device = choose_device(config.training.device)
    meter, adaptation = Meter(device), config.adaptation
    horizon = horizon_of(task, corpus.sfreq_hz)
    task = resolved_base(task, val, horizon)
    context.progress.say(f"the head adds to {task.head.base}")
    network = build_encoder(settings, context.seed)
    weights = "random" if adaptation.kind == "scratch" else config.encoder_weights
    seen = pretrained if weights == "pretrained" else None
    past, doubts = past_facts(task, seen, corpus)
    for doubt in doubts:
        context.warn(doubt)
    if weights == "pretrained":
        load_weights(network, pretrained.path, "encoder")
    head = build_head(network, horizon, task, context.seed, frozen=is_frozen(adaptation))
    plan = _plan(config, writer, context)
    trained, told = adapt_encoder(
        head,
        adaptation,
        plan,
        lambda groups: fit_network(head, train, val, task.unit, plan, groups),
    )
    baselines: dict[str, Forecaster] = {}
    for name in task.baselines.methods:
        context.progress.say(f"baseline {name}")
        baselines[name] = fit_baseline(name, train, val, horizon, task, plan)
    save_forecast_model(writer, ForecastModel(head, task, adaptation, baselines))
    copy_history(writer, pretrained, "pretrain")
    fitted = fitted_on([*train.windows.recordings, *val.windows.recordings])
    if weights == "pretrained":
        fitted = fitted | pretrained.manifest.fitted_on
    facts = _facts(task, config, corpus, train, val, trained) | told
    facts |= past | {
        "encoder_weights": weights,
        "n_parameters": sum(p.numel() for p in head.parameters()),
        "targets": kind_of_targets(targets),
    }
    cost = meter.read(trained.n_parameters_trained)
    return replace(context.finish(writer, facts, fitted), beside={"cost": cost})


def evaluate(
    config: EvaluateConfig,
    model: Artifact,
    corpus: Corpus,
    recordings: Sequence[Recording],
    leaks: Sequence[Leak],
    context: Context,
) -> Result:
    """Make an evaluation artifact: forecasts of the model and of every baseline, and their scores.

    Raises ConfigError for recordings that were not filtered causally, InputError when none is
    long enough.
    """
    require_causal(corpus)
    trained = load_forecast_model(model, corpus)
    targets = open_targets(config.targets, corpus)
    require_trained_targets(model, targets)
    pairs = cut_pairs(corpus, recordings, trained.task, part="test", targets=targets)
    _warn_short(recordings, pairs, config.split, context)
    for leak in leaks:
        context.warn(f"LEAK, allowed: {leak.in_words()}")
    inputs = [*inputs_of(model), *corpus.inputs(), *inputs_of_targets(targets)]
    writer = context.begin("evaluation", config, inputs)
    if isinstance(writer, Result):
        return writer
    methods = methods_of(trained, choose_device(config.device))
    context.progress.say(f"forecasting {len(pairs)} windows by {len(methods)} methods")
    advance = context.progress.track("recordings", len(pairs.windows.recordings))
    keys, sums = forecast_rows(methods, pairs, config.batch_size, advance)
    facts = model.manifest.facts
    about = {name: facts[name] for name in _TOLD} | {
        "kind": FORECAST,
        "methods": list(methods),
        "model": MODEL,
        "bands": BANDS_HZ,
        "sfreq_hz": corpus.sfreq_hz,
        "context_s": trained.task.context_s,
        "horizon_s": trained.task.horizon_s,
        "head": trained.task.head.kind,
        "base": trained.task.head.base,
        "best_step": facts["best_step"],
        "minimised": trained.task.unit,
        "targets": kind_of_targets(targets),
        "synthetic": corpus.synthetic,
        "within_subject": within_subject(corpus, trained.task),
        "parts": in_words(trained.task),
        "leaks": [leak.in_words() for leak in leaks],
    }
    table = Forecasts(keys, sums, corpus.split_hash, about)
    page = _write_scores(writer, table, config, context)
    page = with_examples(page, methods, pairs, model, config.traces)
    writer.write(REPORT, render_forecast(page))
    result = context.finish(
        writer, _scored(page.report, table), replace(model.manifest.fitted_on, sketches={})
    )
    return replace(result, beside={"latency_ms": latencies_ms(methods, pairs)})


def rescore(config: EvaluateConfig, path: Path, context: Context) -> Result:
    """Make an evaluation artifact from a table of forecasts alone; no model is run.

    Its report has no examples, which are made of signals.
    """
    table = read_forecasts(path)
    for words in table.about["leaks"]:
        context.warn(f"LEAK, allowed: {words}")
    writer = context.begin("evaluation", config, [("predictions", hash_file(path))])
    if isinstance(writer, Result):
        return writer
    page = _write_scores(writer, table, config, context)
    writer.write(REPORT, render_forecast(page))
    return context.finish(writer, _scored(page.report, table))


def pool(
    writer: ArtifactWriter, tables: Sequence[Path], config: EvaluateConfig, context: Context
) -> dict[str, Any]:
    """Write the forecasts of several folds as one table, their scores and a report; the facts."""
    table = pooled([read_forecasts(path) for path in tables])
    page = _write_scores(writer, table, config, context)
    writer.write(REPORT, render_forecast(page))
    return _scored(page.report, table)


def explain(task: ForecastTaskConfig, corpus: Corpus | None) -> TaskInfo:
    """What the task asks, and of recordings: their filters, pairs, and which are too short."""
    info = TaskInfo(understood(task))
    if corpus is None:
        return info
    info.understood["filters"] = filter_phases(corpus)
    try:
        require_causal(corpus)
    except ConfigError as error:
        info.problems.append(error)
    for split in PARTS:
        of = TESTED if task.in_time else split
        recordings = [r for r in corpus.recordings if r.split == of]
        pairs = None
        try:
            pairs = pairs_of_split(corpus, recordings, task, split)
        except InputError as error:
            needed = split != "test" or task.in_time is not None
            if needed and str(error) not in map(str, info.problems):
                info.problems.append(error)
        if recordings:
            info.splits[split] = contents(recordings, pairs)
    return info


def _pairs(
    corpus: Corpus, split: str, task: ForecastTaskConfig, targets: Corpus | None, context: Context
) -> RecordedPairs:
    """The pairs of a split; tells how many recordings are too short for one."""
    recordings = recordings_of(corpus, split, task)
    pairs = pairs_of_split(corpus, recordings, task, split, targets)
    _warn_short(recordings, pairs, split, context)
    return pairs


def _warn_short(
    recordings: Sequence[Recording], pairs: RecordedPairs, split: str, context: Context
) -> None:
    short = len(recordings) - len(pairs.windows.recordings)
    if short:
        context.warn(f"split {split}: {short} recording(s) are too short for a forecast, left out")


def _require_no_labels(config: FinetuneConfig) -> None:
    if config.labels_fraction < 1:
        raise ConfigError("a forecast has no labels: leave --labels (labels_fraction) out")


def _plan(config: FinetuneConfig, writer: ArtifactWriter, context: Context) -> ForecastPlan:
    return ForecastPlan(
        training=config.training,
        seed=context.seed,
        device=choose_device(config.training.device),
        folder=writer.work,
        metrics=writer / METRICS,
        keep_gb=config.cache_gb,
        on_step=context.progress.track("forecast", config.training.steps),
    )


def _facts(
    task: ForecastTaskConfig,
    config: FinetuneConfig,
    corpus: Corpus,
    train: RecordedPairs,
    val: RecordedPairs,
    trained: Trained,
) -> dict[str, Any]:
    """What the manifest says of a model, but for its encoder."""
    parts = {"train": train, "val": val}
    chosen_on = sorted({r.id for r in val.windows.recordings})
    return {
        "task": task.name,
        "context_s": task.context_s,
        "horizon_s": task.horizon_s,
        "pairs": {split: len(pairs) for split, pairs in parts.items()},
        "subjects": {split: len(set(pairs.subjects)) for split, pairs in parts.items()},
        "adaptation": config.adaptation.kind,
        "head": task.head.kind,
        "base": task.head.base,
        "best_step": trained.best_step,
        "n_parameters_trained": trained.n_parameters_trained,
        "val": {"unit": task.unit, "mse_of_base": trained.first_error, "mse": trained.error},
        "baselines": list(task.baselines.methods),
        "statistics": {"base": chosen_on, "weights": chosen_on, "penalties": chosen_on},
        "split_hash": corpus.split_hash,
        "within_subject": within_subject(corpus, task),
        "synthetic": corpus.synthetic,
    }


def _write_scores(
    writer: ArtifactWriter, table: Forecasts, config: EvaluateConfig, context: Context
) -> ForecastContent:
    """Write the table and the scores that follow from it; the page of both."""
    report = score_forecasts(table, config.scoring, context.seed)
    with writer.writing(PREDICTIONS) as path:
        write_forecasts(path, table)
    writer.write_json(SCORES, report.as_dict())
    return forecast_page(table, report)


def _scored(report: ForecastReport, table: Forecasts) -> dict[str, Any]:
    about = {name: table.about[name] for name in (*_TOLD, "horizon_s", "targets")}
    return about | forecast_facts(report, table)

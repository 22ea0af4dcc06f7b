"""Frequency and phase to come: what `finetune`, `evaluate` and `info --task` do for it.

The table of predictions is the only source of every number, as for labels.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from eegssl.artifacts.atomic import hash_file
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.manifest import Artifact, inputs_of
from eegssl.artifacts.reading import load
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.settings import public_values
from eegssl.config.stages import EvaluateConfig, FinetuneConfig
from eegssl.corpus.audits.leaks import Leak, Times, audit_windows, refuse
from eegssl.corpus.rebuilt_filters import require_causal
from eegssl.corpus.store import Corpus, Recording, fitted_on
from eegssl.encoder.architectures import build_encoder
from eegssl.errors import ConfigError, EegsslError, InputError
from eegssl.tasks.base import TaskInfo
from eegssl.tasks.forecast.fit import ForecastPlan, require_possible
from eegssl.tasks.forecast.targets import (
    in_words,
    inputs_of_targets,
    kind_of_targets,
    open_targets,
    require_trained_targets,
)
from eegssl.tasks.forecast.temporal_split import past_facts, recordings_of, within_subject
from eegssl.tasks.labels.model import encoder_settings
from eegssl.tasks.phase.config import PhaseTaskConfig
from eegssl.tasks.phase.data import PhasePairs, cut_phase_pairs
from eegssl.tasks.phase.fit import fit_phase_head, load_phase_head, save_phase_head
from eegssl.tasks.phase.page import render_phase_page
from eegssl.tasks.phase.phase_methods import predict_phases
from eegssl.tasks.phase.phase_rows import (
    PhasePredictions,
    pooled,
    read_phase_predictions,
    write_phase_predictions,
)
from eegssl.tasks.phase.scores import score_phase_table
from eegssl.training.cost import Meter
from eegssl.training.history import METRICS, copy_history
from eegssl.training.loop import choose_device
from eegssl.training.weights import load_weights

ENCODER, MODEL, EVALUATION = "encoder", "model", "evaluation"
PREDICTIONS, SCORES, REPORT = "predictions.parquet", "metrics.json", "report.html"
_TOLD = ("task", "adaptation", "encoder_weights", "base", "targets")


def finetune(
    config: FinetuneConfig, corpus: Corpus, encoder: Path, task: PhaseTaskConfig, context: Context
) -> Result:
    """Train a head on the encoder; weights and bases are chosen on validation subjects."""
    _require_possible(config)
    require_causal(corpus)
    pretrained = load(encoder, ENCODER)
    settings = encoder_settings(pretrained, corpus)
    targets = open_targets(config.targets, corpus)
    train, val = (
        cut_phase_pairs(corpus, recordings_of(corpus, split, task.forecast), task, targets, split)
        for split in ("train", "val")
    )
    inputs = [*corpus.inputs(), *inputs_of(pretrained), *inputs_of_targets(targets)]
    config = config.model_copy(update={"task": public_values(task)})
    writer = context.begin(MODEL, config, inputs)
    if isinstance(writer, Result):
        return writer
    device = choose_device(config.training.device)
    meter, kind = Meter(device), config.adaptation.kind
    weights = "random" if kind == "scratch" else config.encoder_weights
    seen = pretrained if weights == "pretrained" else None
    past, doubts = past_facts(task.forecast, seen, corpus)
    for doubt in doubts:
        context.warn(doubt)
    network = build_encoder(settings, context.seed)
    if weights == "pretrained":
        load_weights(network, pretrained.path, ENCODER)
    context.progress.say(f"reading {len(train)} and {len(val)} pairs")
    plan = ForecastPlan(
        config.training,
        context.seed,
        device,
        writer.work,
        writer / METRICS,
        on_step=context.progress.track(task.name, config.training.steps),
    )
    head, told = fit_phase_head(network, train, val, config.adaptation, plan)
    save_phase_head(writer, head)
    copy_history(writer, pretrained, "pretrain")
    fitted = fitted_on([*_recordings(train), *_recordings(val)])
    if weights == "pretrained":
        fitted = fitted | pretrained.manifest.fitted_on
    facts = told | past
    facts |= {
        "task": task.name,
        "kind": task.kind,
        "pairs": {"train": len(train), "val": len(val)},
        "subjects": {"train": _n_subjects(train), "val": _n_subjects(val)},
        "adaptation": kind,
        "encoder_weights": weights,
        "targets": kind_of_targets(targets),
        "n_parameters": sum(p.numel() for p in head.parameters()),
        "statistics": {"base": sorted(r.id for r in _recordings(val))},
        "split_hash": corpus.split_hash,
        "within_subject": within_subject(corpus, task.forecast),
        "synthetic": corpus.synthetic,
    }
    cost = meter.read(told["n_parameters_trained"])
    return replace(context.finish(writer, facts, fitted), beside={"cost": cost})


def evaluate(
    config: EvaluateConfig,
    model: Artifact,
    corpus: Corpus,
    recordings: Sequence[Recording],
    leaks: Sequence[Leak],
    context: Context,
) -> Result:
    """Forecast phases by the model and by both baselines, and score them beside each other.

    Raises ConfigError for recordings of zero phase, or for targets where the model had none.
    """
    require_causal(corpus)
    if config.labels:
        raise ConfigError("a task of phases has no labels; leave labels out")
    targets, facts = open_targets(config.targets, corpus), model.manifest.facts
    require_trained_targets(model, targets)
    head = load_phase_head(model, corpus)
    pairs = cut_phase_pairs(corpus, recordings, head.task, targets, "test")
    for leak in leaks:
        context.warn(f"LEAK, allowed: {leak.in_words()}")
    inputs = [*inputs_of(model), *corpus.inputs(), *inputs_of_targets(targets)]
    writer = context.begin(EVALUATION, config, inputs)
    if isinstance(writer, Result):
        return writer
    short = len(recordings) - len(_recordings(pairs))
    if short:
        context.warn(
            f"{short} recording(s) are shorter than context and horizon and are not scored"
        )
    context.progress.say(f"forecasting {len(pairs)} times")
    head.to(choose_device(config.device))
    about = {name: facts[name] for name in _TOLD} | {
        "synthetic": corpus.synthetic,
        "within_subject": within_subject(corpus, head.task.forecast),
        "parts": in_words(head.task.forecast),
        "leaks": [leak.in_words() for leak in leaks],
    }
    table = predict_phases(head, pairs, corpus.split_hash, about)
    with writer.writing(PREDICTIONS) as path:
        write_phase_predictions(path, table)
    told = _write_scores(writer, read_phase_predictions(writer / PREDICTIONS), config, context)
    return context.finish(writer, told, replace(model.manifest.fitted_on, sketches={}))


def rescore(config: EvaluateConfig, path: Path, context: Context) -> Result:
    """Make an evaluation from the ``predictions.parquet`` of another one; no model is run."""
    table = read_phase_predictions(path)
    twice = audit_windows(_times(table))
    if not config.allow_leak:
        refuse(twice)
    known = [*table.about["leaks"], *(leak.in_words() for leak in twice)]
    table = replace(table, about=table.about | {"leaks": known})
    for words in known:
        context.warn(f"LEAK, allowed: {words}")
    writer = context.begin(EVALUATION, config, [("predictions", hash_file(path))])
    if isinstance(writer, Result):
        return writer
    with writer.writing(PREDICTIONS) as out:
        write_phase_predictions(out, table)
    return context.finish(writer, _write_scores(writer, table, config, context))


def pool(
    writer: ArtifactWriter, tables: Sequence[Path], config: EvaluateConfig, context: Context
) -> dict[str, Any]:
    """Write the phases of several folds as one table, their scores and a report; the facts."""
    table = pooled([read_phase_predictions(path) for path in tables])
    with writer.writing(PREDICTIONS) as out:
        write_phase_predictions(out, table)
    return _write_scores(writer, table, config, context)


def _write_scores(
    writer: ArtifactWriter, table: PhasePredictions, config: EvaluateConfig, context: Context
) -> dict[str, Any]:
    """Write scores and report of a table; returns the facts of an evaluation."""
    scores = score_phase_table(table, config.scoring, context.seed)
    writer.write_json(SCORES, scores.as_dict())
    writer.write(REPORT, render_phase_page(table, scores, config.traces))
    told = (*_TOLD, "kind", "within_subject", "synthetic", "leaks")
    about = {name: table.about.get(name) for name in told}
    n_pairs = len(set(zip(table.recording, table.t_s.tolist(), strict=True)))
    counts = {"windows": {"n": n_pairs}, "subjects": sorted(set(table.subject))}
    return about | counts | {"phase": scores.facts()}


def explain(task: PhaseTaskConfig, corpus: Corpus | None) -> TaskInfo:
    """What the task asks, and of recordings how many pairs each split holds."""
    forecast, phase = task.forecast, task.phase
    bands = {name: f"{low:g} to {high:g} Hz" for name, (low, high) in phase.bands.items()}
    info = TaskInfo(
        {
            "name": task.name,
            "kind": task.kind,
            "which means": "from a context before a time t: of each channel and band the dominant "
            "frequency after t, and the phase around the context's",
            "context_s": forecast.context_s,
            "horizon_s": forecast.horizon_s,
            "a time t every (s)": forecast.stride_s,
            "times in a recording at most": forecast.pairs_per_recording,
            "bands": bands,
            "phases are of a band of (Hz)": f"± {phase.half_width_hz:g}",
            "baselines": "phi0 + 2 pi f t; AR + Hilbert",
        }
        | in_words(forecast)
    )
    if corpus is None:
        return info
    try:
        require_causal(corpus)
    except ConfigError as error:
        info.problems.append(error)
    for split in ("train", "val", "test"):
        _look(info, corpus, task, split)
    return info


def _look(info: TaskInfo, corpus: Corpus, task: PhaseTaskConfig, split: str) -> None:
    """What one split holds; test needs nothing of its own, but is told too."""
    try:
        recordings = recordings_of(corpus, split, task.forecast)
        pairs = cut_phase_pairs(corpus, recordings, task, part=split)
    except EegsslError as error:
        needed = split != "test" or not isinstance(error, InputError)
        if needed and str(error) not in map(str, info.problems):
            info.problems.append(error)
        return
    info.splits[split] = {
        "recordings": len(_recordings(pairs)),
        "subjects": _n_subjects(pairs),
        "pairs": len(pairs),
    }


def _require_possible(config: FinetuneConfig) -> None:
    """Raise ConfigError for settings that mean nothing for a task of phases."""
    require_possible(config.adaptation)
    if config.labels_fraction < 1:
        raise ConfigError("a task of phases has no labels to learn from fewer of; leave --labels")


def _recordings(pairs: PhasePairs) -> tuple[Recording, ...]:
    """The recordings that any pair is of."""
    windows = pairs.pairs.windows
    return tuple(windows.recordings[k] for k in np.unique(windows.owner))


def _n_subjects(pairs: PhasePairs) -> int:
    return len({r.subject for r in _recordings(pairs)})


def _times(table: PhasePredictions) -> Times:
    """Rows by what they are of, for the audit of what is there twice."""
    parts = zip(table.recording, table.channel, table.band, strict=True)
    return Times([" ".join(part) for part in parts], table.t_s, np.zeros(len(table)))

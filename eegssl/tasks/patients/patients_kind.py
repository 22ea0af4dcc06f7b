"""Outcomes of patients: what `finetune`, `evaluate` and `info --task` do for such tasks.

`finetune` is the whole analysis, and makes a `crossvalidation`: every patient is tested by models
that never saw one of that patient's windows. The encoder stays as it is.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eegssl.adaptation.classifier import build_classifier
from eegssl.artifacts.atomic import hash_file
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.manifest import Artifact, inputs_of
from eegssl.artifacts.reading import load
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.baselines.plain_systems import band_power_of
from eegssl.config.settings import public_values
from eegssl.config.stages import EvaluateConfig, FinetuneConfig
from eegssl.corpus.audits.leaks import Leak, audit
from eegssl.corpus.folds import LEAVE_ONE_OUT
from eegssl.corpus.store import Corpus, Recording
from eegssl.corpus.windows import Windows, require_whole_patches
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.errors import ConfigError, EegsslError, LeakError
from eegssl.tasks.base import TaskInfo
from eegssl.tasks.labels.model import encoder_settings
from eegssl.tasks.patients.analysis import conclude, fit, n_permutations
from eegssl.tasks.patients.cohort.limits import check_enough, limits_of
from eegssl.tasks.patients.config import PatientsConfig, PatientTaskConfig
from eegssl.tasks.patients.data import (
    Cohort,
    follow_up,
    gather,
    in_words,
    sessions_by_window,
    windows_of,
)
from eegssl.tasks.patients.descriptions import methods, understood
from eegssl.tasks.patients.left_out import (
    PatientPredictions,
    read_patients_left_out,
    write_patients,
)
from eegssl.tasks.patients.page import page_of_patients, patient_facts, render_patients
from eegssl.tasks.patients.patient_inputs import Prepared
from eegssl.tasks.patients.patient_inputs import prepare as prepare_rows
from eegssl.training.features import Cache, embed_windows
from eegssl.training.loop import choose_device
from eegssl.training.weights import load_weights

KIND = "crossvalidation"
ENCODER = "encoder"
PREDICTIONS = "predictions.parquet"
METRICS = "metrics.json"
REPORT = "report.html"


def finetune(
    config: FinetuneConfig, corpus: Corpus, encoder: Path, task: PatientTaskConfig, context: Context
) -> Result:
    """Make a crossvalidation artifact of patients.

    Raises ConfigError for settings that mean nothing here, InputError for tables and cohorts that
    can't be analysed, LeakError when the encoder has seen the patients' EEG.
    """
    _require_meaning(config, task)
    pretrained = load(encoder, ENCODER)
    settings = encoder_settings(pretrained, corpus)
    cohort = gather(task, corpus)
    check_enough(cohort.counts["good"], cohort.counts["poor"])
    leaks = _leaks(config, task, pretrained, corpus, cohort)
    _tell(cohort, leaks, context)
    windows = windows_of(cohort, corpus, task)
    require_whole_patches(windows, settings.patch_samples, "task.window_s")
    kept_in = config.cache
    config = config.model_copy(
        update={"task": public_values(task), "cache": None, "cache_gb": _default("cache_gb")}
    )
    inputs = [*corpus.inputs(), *inputs_of(pretrained), *cohort.inputs]
    writer = context.begin(KIND, config, inputs)
    if isinstance(writer, Result):
        return writer
    cache = Cache(Path(kept_in) if kept_in else writer.work / "embeddings", config.cache_gb)
    prepared = _features(config, task, cohort, windows, pretrained, settings, cache, context)
    context.progress.say(
        f"{len(prepared.patients)} patients, {len(prepared.inputs)} inputs: "
        f"{task.analysis.repeats} repeats, {n_permutations(task.analysis)} permutations"
    )
    fitted = fit(
        prepared.patients,
        prepared.truth,
        prepared.inputs,
        task.analysis,
        seed=context.seed,
        advance=context.progress.track("permutations", n_permutations(task.analysis)),
    )
    about = _about(config, task, cohort, prepared, corpus, leaks, context.seed)
    found = PatientPredictions(prepared.patients, prepared.truth, fitted, about)
    return context.finish(writer, _write(writer, found))


def with_flags(config: FinetuneConfig, folds: int | str | None, allow_leak: bool) -> FinetuneConfig:
    """The settings with what ``--folds`` and ``--allow-leak`` say to a task of patients.

    Raises ConfigError for ``loso``.
    """
    if folds == LEAVE_ONE_OUT:
        raise ConfigError(
            "--folds loso: the AUROC of a task of patients compares patients who were left out "
            "together, and with one a fold there is nobody to compare with; give a number of folds"
        )
    said: dict[str, Any] = dict(config.task)
    if folds is not None:
        said["analysis"] = {**said.get("analysis", {}), "outer_folds": folds}
    if allow_leak:
        said["allow_leak"] = True
    return config.model_copy(update={"task": said})


def evaluate(
    config: EvaluateConfig,
    model: Artifact,
    corpus: Corpus,
    recordings: Sequence[Recording],
    leaks: Sequence[Leak],
    context: Context,
) -> Result:
    """Refused: a patient-level task is scored where it is fitted."""
    raise ConfigError(
        "tasks of patients are fitted and scored in one, by finetune; there is no model to evaluate"
    )


def rescore(config: EvaluateConfig, path: Path, context: Context) -> Result:
    """Make scores and report again from ``predictions.parquet`` alone; nothing is fitted."""
    found = read_patients_left_out(path)
    writer = context.begin("evaluation", config, [("predictions", hash_file(path))])
    if isinstance(writer, Result):
        return writer
    return context.finish(writer, _write(writer, found))


def explain(task: PatientTaskConfig, corpus: Corpus | None) -> TaskInfo:
    """What the task asks, and, of recordings, what they hold for it and what they lack."""
    info = TaskInfo(understood(task))
    if corpus is None:
        return info
    try:
        cohort = gather(task, corpus)
        info.splits["all patients"] = {
            "patients": cohort.counts,
            "recordings": len(cohort.recordings),
            "follow-up": follow_up(cohort, task.outcome),
            "left out": dict(cohort.left_out),
            "recordings set aside": dict(cohort.set_aside),
            "of how many patients": dict(cohort.set_aside_of),
            "outcomes told by": dict(cohort.told_by),
        }
        limits = limits_of(cohort.counts["good"], cohort.counts["poor"])
        info.understood["what so many patients can't show"] = " ".join(limits.words)
    except EegsslError as error:
        info.problems.append(error)
    return info


def _require_meaning(config: FinetuneConfig, task: PatientTaskConfig) -> None:
    """Raise ConfigError for settings of fine-tuning that a task of patients can't follow."""
    if config.adaptation.kind == "attention":
        raise ConfigError(
            "--adapt attention weighs the patches of a window; to weigh the windows of a patient "
            "take --set task.analysis.pooling=attention, and leave --adapt out"
        )
    if config.adaptation.kind != "probe":
        raise ConfigError(
            f"task {task.name}: the encoder stays frozen (--adapt probe), got "
            f"{config.adaptation.kind!r}: patients are too few to train it, and each fold would "
            "need an encoder of its own. For random weights take --set encoder_weights=random"
        )
    for name, usual, instead in (
        ("labels_fraction", 1.0, "all patients are needed"),
        ("targets", (), "targets belong to forecasting"),
    ):
        if getattr(config, name) != usual:
            raise ConfigError(f"task {task.name}: {name} means nothing here: {instead}")
    if config.cross.folds:
        raise ConfigError(
            f"task {task.name}: patients are dealt into folds by the analysis; in place of cross "
            "set task.analysis.outer_folds"
        )


def _default(name: str) -> Any:
    return FinetuneConfig.model_fields[name].default


def _leaks(
    config: FinetuneConfig,
    task: PatientTaskConfig,
    pretrained: Artifact,
    corpus: Corpus,
    cohort: Cohort,
) -> list[Leak]:
    """What the encoder has seen of the patients; LeakError unless that is allowed."""
    if config.encoder_weights == "random":
        return []
    leaks = audit(pretrained, corpus, cohort.recordings)
    if leaks and not task.allow_leak:
        listed = "; ".join(leak.in_words() for leak in leaks)
        raise LeakError(
            f"{pretrained.path} or something upstream was fitted on patients who are to be tested. "
            f"{listed}. It has seen their EEG, though not their outcomes. Give an encoder that was "
            "pretrained on other people, take random weights (--set encoder_weights=random), or "
            "--allow-leak, which marks every result",
            leaks=[{"kind": leak.kind, "n": leak.n, "what": leak.what} for leak in leaks],
        )
    return leaks


def _tell(cohort: Cohort, leaks: Sequence[Leak], context: Context) -> None:
    for leak in leaks:
        context.warn(f"LEAK, allowed: {leak.in_words()}")
    for doubt in cohort.doubts:
        context.warn(doubt)
    if cohort.left_out:
        context.warn(f"patients left out: {in_words(cohort.left_out)}")
    if cohort.set_aside:
        of = cohort.set_aside_of
        said = [f"{n} (of {of[why]} patients) {why}" for why, n in cohort.set_aside.items()]
        context.warn(f"recordings set aside: {', '.join(said)}")


def _features(
    config: FinetuneConfig,
    task: PatientTaskConfig,
    cohort: Cohort,
    windows: Windows,
    pretrained: Artifact,
    settings: EncoderConfig,
    cache: Cache,
    context: Context,
) -> Prepared:
    """Embeddings and band power of all windows, pooled to patients."""
    encoder = build_encoder(settings, context.seed)
    if config.encoder_weights == "pretrained":
        load_weights(encoder, pretrained.path, ENCODER)
    classifier = build_classifier(encoder, 2, config.adaptation, context.seed)
    context.progress.say(
        f"embedding {len(windows):,} windows of {len(cohort.recordings)} recordings"
    )
    device = choose_device(config.training.device)
    embedded = embed_windows(classifier, windows, device, cache)
    return prepare_rows(
        task,
        cohort.table.rows,
        embedded,
        [windows.recordings[k].subject for k in windows.owner.tolist()],
        sessions_by_window(cohort, windows, task),
        baseline=band_power_of(windows),
    )


def _about(
    config: FinetuneConfig,
    task: PatientTaskConfig,
    cohort: Cohort,
    prepared: Prepared,
    corpus: Corpus,
    leaks: Sequence[Leak],
    seed: int,
) -> dict[str, Any]:
    """What scores and report need beside the table, as plain values."""
    counts = {
        "Patients": len(prepared.patients),
        "of good outcome": int(prepared.truth.sum()),
        "of poor outcome": int((1 - prepared.truth).sum()),
        "Recordings": len(cohort.recordings),
        "Windows, pooled": prepared.n_windows,
    }
    return {
        "task": task.name,
        "design": task.design,
        "tested": "left out",
        "seed": seed,
        "analysis": task.analysis.model_dump(mode="json"),
        "counts": counts,
        "follow_up": follow_up(cohort, task.outcome),
        "told_by": cohort.told_by,
        "left_out": prepared.left_out,
        "set_aside": cohort.set_aside,
        "set_aside_of_patients": cohort.set_aside_of,
        "methods": methods(task, config.adaptation.pooling, config.encoder_weights),
        "encoder_weights": config.encoder_weights,
        "synthetic": corpus.synthetic,
        "leaks": [leak.in_words() for leak in leaks],
    }


def _write(writer: ArtifactWriter, found: PatientPredictions) -> dict[str, Any]:
    """Write the table, and scores and report, which follow from it alone; the facts."""
    about = found.about
    analysis = PatientsConfig(**about["analysis"])
    result = conclude(found.truth, found.inputs, analysis, seed=about["seed"])
    with writer.writing(PREDICTIONS) as path:
        write_patients(path, found)
    told = ("task", "design", "tested", "follow_up", "told_by", "left_out", "leaks", "synthetic")
    counted = ("counts", "set_aside", "set_aside_of_patients")
    said = {name: about[name] for name in (*told, *counted)}
    writer.write_json(METRICS, result.as_dict() | said)
    writer.write(REPORT, render_patients(page_of_patients(found, result)))
    return patient_facts(about, result)

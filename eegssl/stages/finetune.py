"""finetune: an encoder and a task to a model, its threshold chosen on validation data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.adaptation.classifier import Classifier, build_classifier
from eegssl.adaptation.few_labels import some_recordings
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.manifest import Artifact, inputs_of
from eegssl.artifacts.reading import load
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.resolve import read_task
from eegssl.config.settings import public_values
from eegssl.config.stages import FinetuneConfig
from eegssl.corpus.folds import n_folds, refolded
from eegssl.corpus.label_table import LabelTable, format_labels, label_table
from eegssl.corpus.labelled import LabelledWindows, require_classes
from eegssl.corpus.store import Corpus, fitted_on, open_corpus
from eegssl.corpus.windows import require_whole_patches
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.errors import ConfigError, InputError
from eegssl.scoring.config import PostprocessConfig
from eegssl.scoring.events.postprocess import Postprocess, choose_postprocess
from eegssl.tasks.kinds import KINDS
from eegssl.tasks.labels.answers import event_probabilities
from eegssl.tasks.labels.calibration import decide, validation_scores
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.data import labelled_windows, warn_left_out, warn_unlabelled
from eegssl.tasks.labels.fit import Labelled, Plan, adapt, require_possible
from eegssl.tasks.labels.model import LABELS, TrainedModel, encoder_settings, logits_of, save_model
from eegssl.training.cost import Meter
from eegssl.training.features import Cache, features_of
from eegssl.training.history import METRICS, copy_history
from eegssl.training.loop import choose_device
from eegssl.training.weights import load_weights

KIND = "model"
ENCODER = "encoder"


@dataclass(frozen=True)
class Job:
    """What is to be fine-tuned: settings, the pretrained encoder, and a task's labelled windows."""

    config: FinetuneConfig
    corpus: Corpus
    pretrained: Artifact
    encoder: EncoderConfig
    task: TaskConfig
    table: LabelTable
    train: LabelledWindows
    val: LabelledWindows


def run(
    config: FinetuneConfig, folders: Sequence[Path], encoder: Path, task: str, context: Context
) -> Result:
    """Make a model artifact from training subjects, its threshold from validation subjects.

    Tasks of other kinds than labels make what `eegssl.tasks.kinds` says.
    """
    corpus, cross = open_corpus(folders), config.cross
    if cross.folds:
        n_folds(corpus, cross.folds)
        corpus = refolded(corpus, cross.folds, cross.fold, context.seed)
    return run_on(config, corpus, encoder, task, context)


def run_on(
    config: FinetuneConfig, corpus: Corpus, encoder: Path, task: str, context: Context
) -> Result:
    """The same for a corpus that is open already, split as it says."""
    resolved = read_task(task, config.task)
    if not isinstance(resolved, TaskConfig):
        return KINDS[resolved.kind].finetune(config, corpus, encoder, resolved, context)
    job = prepare(config, corpus, load(encoder, ENCODER), resolved, context)
    inputs = [*corpus.inputs(), *inputs_of(job.pretrained), *job.table.inputs]
    writer = context.begin(KIND, without_cache(job.config), inputs)
    if isinstance(writer, Result):
        return writer
    device = choose_device(config.training.device)
    meter = Meter(device)
    classifier = _build(job, context.seed)
    plan = _plan(job, writer, device, context)
    told = adapt(classifier, Labelled(job.task, job.train, job.val), plan)
    features = features_of(classifier, job.val.windows, device, plan.cache)
    logits = logits_of(classifier, features, job.val.windows, config.training.batch_size)
    balanced = config.class_weights != "none"
    decided = decide(classifier, logits, job.val, job.task, config.choose_threshold_by, balanced)
    value = decided.threshold.value if decided.threshold else None
    rule = locked_postprocess(job.val, decided.said, job.task, value, config.postprocess, context)
    model = TrainedModel(classifier, job.task, decided.threshold, rule, decided.temperature)
    save_model(writer, model)
    if job.table.labels is not None:
        writer.write(LABELS, format_labels(job.table.labels))
    copy_history(writer, job.pretrained, "pretrain")
    fitted = fitted_on([*job.train.windows.recordings, *job.val.windows.recordings])
    if first_weights(job.config) == "pretrained":
        fitted = fitted | job.pretrained.manifest.fitted_on
    scores = validation_scores(job.val, decided.said, value, job.task)
    facts = _facts(job, model) | told | {"val": scores}
    cost = meter.read(told["n_parameters_trained"])
    context.progress.say(
        ", ".join(f"{name.replace('_', ' ')} {one:,}" for name, one in cost.items())
    )
    return replace(context.finish(writer, facts, fitted), beside={"cost": cost})


def prepare(
    config: FinetuneConfig, corpus: Corpus, pretrained: Artifact, task: TaskConfig, context: Context
) -> Job:
    """Label the windows, and refuse what can't be learned from."""
    encoder = encoder_settings(pretrained, corpus)
    require_possible(config.adaptation.kind, task.target)
    table = label_table(corpus, task.table, skip_unknown=task.skip_unknown)
    train, val = training_windows(corpus, task, table, config.labels_fraction, context.seed)
    require_classes(train, task, "train")
    require_classes(val, task, "val")
    _require_patches(train, task, encoder)
    warn_unlabelled(corpus, task, context)
    for reason, n in sorted((table.skipped or {}).items()):
        if n:
            context.warn(f"{n} row(s) of the labels table are left out: {reason}")
    for split, part in (("train", train), ("val", val)):
        warn_left_out(part, split, context)
    config = config.model_copy(update={"task": public_values(task)})
    return Job(config, corpus, pretrained, encoder, task, table, train, val)


def _facts(job: Job, model: TrainedModel) -> dict[str, Any]:
    """What the manifest says of a model, but for how its training went."""
    locked = {
        "temperature": model.temperature,
        "threshold": model.threshold,
        "postprocess": model.postprocess,
    }
    chosen_on = sorted({r.id for r in job.val.windows.recordings})
    task, train, val = job.task, job.train, job.val
    return {
        "task": task.name,
        "classes": list(task.classes),
        "window_s": task.window_s,
        "windows": {"train": _counts(train, task), "val": _counts(val, task)},
        "subjects": {"train": _n_subjects(train), "val": _n_subjects(val)},
        "labels_fraction": job.config.labels_fraction,
        "adaptation": job.config.adaptation.kind,
        "encoder_weights": first_weights(job.config),
        "n_parameters": sum(p.numel() for p in model.classifier.parameters()),
        **{name: one.as_dict() if one else None for name, one in locked.items()},
        "statistics": {name: chosen_on for name, one in locked.items() if one is not None},
        "labels_permuted": task.permute_labels,
        "split_hash": job.corpus.split_hash,
        "within_subject": job.corpus.within_subject,
        "synthetic": job.corpus.synthetic,
    }


def locked_postprocess(
    val: LabelledWindows,
    probabilities: NDArray[np.float64],
    task: TaskConfig,
    threshold: float | None,
    config: PostprocessConfig,
    context: Context,
) -> Postprocess | None:
    """From windows to detections: chosen on validation recordings, for tasks of events.

    Where these can't tell (too short, no event, labels permuted), the windows' threshold alone.
    """
    if not task.detects or threshold is None:
        return None
    if task.permute_labels:
        return Postprocess(threshold)
    try:
        return choose_postprocess(event_probabilities(val, probabilities, task), config)
    except InputError as error:
        context.warn(f"post-processing is the threshold of windows alone: {error}")
        return Postprocess(threshold)


def first_weights(config: FinetuneConfig) -> str:
    """Whether the encoder starts with its ``pretrained`` weights, or with ``random`` ones."""
    return "random" if config.adaptation.kind == "scratch" else config.encoder_weights


def training_windows(
    corpus: Corpus, task: TaskConfig, table: LabelTable, labels_fraction: float, seed: int
) -> tuple[LabelledWindows, LabelledWindows]:
    """Labelled windows of a share of the training subjects, and of all validation subjects.

    Who is in the share is chosen by true labels, so that every class is there.
    """
    recordings = corpus.of_split("train")
    if labels_fraction < 1:
        true = task.model_copy(update={"permute_labels": False})
        labelled = labelled_windows(corpus, recordings, true, table.labels, seed=seed)
        require_classes(labelled, task, "train")
        recordings = some_recordings(labelled, labels_fraction, seed)
    train, val = (
        labelled_windows(corpus, some, task, table.labels, seed=seed)
        for some in (recordings, corpus.of_split("val"))
    )
    return train, val


def _require_patches(train: LabelledWindows, task: TaskConfig, encoder: EncoderConfig) -> None:
    """Raise ConfigError unless the encoder's patches fill the windows, or are their seconds."""
    require_whole_patches(train.windows, encoder.patch_samples, "task.window_s")
    if task.unit == "second" and encoder.patch_samples != encoder.sfreq_hz:
        raise ConfigError(
            f"task {task.name} labels seconds; this encoder's patches are "
            f"{encoder.patch_samples / encoder.sfreq_hz:g} s long: take unit = 'window', with "
            "--set task.unit=window, or an encoder with patches of a second"
        )


def _build(job: Job, seed: int) -> Classifier:
    """A new head on the pretrained encoder, or on one of the same shape with random weights."""
    encoder = build_encoder(job.encoder, seed)
    if first_weights(job.config) == "pretrained":
        load_weights(encoder, job.pretrained.path, ENCODER)
    per_patch = job.task.unit == "second"
    return build_classifier(encoder, job.task.n_outputs, job.config.adaptation, seed, per_patch)


def _plan(job: Job, writer: ArtifactWriter, device: torch.device, context: Context) -> Plan:
    config = job.config
    return Plan(
        training=config.training,
        class_weights=config.class_weights,
        seed=context.seed,
        device=device,
        work=writer.work,
        metrics=writer / METRICS,
        cache=Cache(
            Path(config.cache) if config.cache else writer.work / "embeddings", config.cache_gb
        ),
        on_step=context.progress.track(job.task.name, config.training.steps),
    )


def without_cache(config: FinetuneConfig) -> FinetuneConfig:
    """What decides the model: where embeddings are kept does not."""
    unset = {name: FinetuneConfig.model_fields[name].default for name in ("cache", "cache_gb")}
    return config.model_copy(update=unset)


def _counts(labelled: LabelledWindows, task: TaskConfig) -> dict[str, int]:
    if task.target == "number":
        return {"labelled": len(labelled)}
    return dict(zip(task.classes, labelled.counts(len(task.classes)).tolist(), strict=True))


def _n_subjects(labelled: LabelledWindows) -> int:
    return len({r.subject for r in labelled.windows.recordings})

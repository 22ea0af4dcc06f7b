"""finetune: an encoder and a task to a model, its threshold chosen on validation data."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from eegssl.adaptation.classifier import Classifier, build_classifier
from eegssl.adaptation.groups import parameter_groups
from eegssl.artifacts import Artifact, inputs_of, load
from eegssl.config import FinetuneConfig
from eegssl.corpus.labels import label_table
from eegssl.corpus.store import fitted_on, open_corpus
from eegssl.corpus.windows import require_whole_patches
from eegssl.drafts import Draft
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.model import build_encoder
from eegssl.io.tables import format_tsv
from eegssl.resolve import read_task
from eegssl.scoring.threshold import Threshold, choose_threshold
from eegssl.scoring.windows import window_scores
from eegssl.settings import public_values
from eegssl.stages.run import Result, Run, warn_unlabelled
from eegssl.tasks.config import TaskConfig
from eegssl.tasks.labels import LabelledWindows, labelled_windows, require_classes
from eegssl.training.history import METRICS, copy_history
from eegssl.training.loop import choose_device, fit
from eegssl.training.models import (
    LABELS,
    encoder_settings,
    logits_by_index,
    predict,
    probabilities_of,
    save_model,
)
from eegssl.training.weights import load_weights

KIND = "model"
ENCODER = "encoder"


def run(
    config: FinetuneConfig, folders: Sequence[Path], encoder: Path, task: str, run: Run
) -> Result:
    """Make a model artifact from training subjects, its threshold from validation subjects."""
    corpus = open_corpus(folders)
    pretrained = load(encoder, ENCODER)
    settings = encoder_settings(pretrained, corpus)
    resolved = read_task(task, config.task)
    table = label_table(corpus, resolved.table)
    config = config.model_copy(update={"task": public_values(resolved)})
    inputs = [*corpus.inputs(), *inputs_of(pretrained), *table.inputs]
    train, val = (
        labelled_windows(corpus, corpus.of_split(split), resolved, table.labels, seed=run.seed)
        for split in ("train", "val")
    )
    require_classes(train, resolved, "train")
    require_classes(val, resolved, "val")
    require_whole_patches(train.windows, settings.patch_samples, "task.window_s")
    warn_unlabelled(corpus, resolved, run)
    draft = run.begin(KIND, config, inputs)
    if isinstance(draft, Result):
        return draft
    classifier = _build(config, settings, pretrained, len(resolved.classes), run.seed)
    history = _train(classifier, config, resolved, train, val, draft, run)
    device = choose_device(config.training.device)
    probabilities = predict(classifier, val.windows, config.training.batch_size, device)
    threshold = None
    if len(resolved.classes) == 2:
        threshold = choose_threshold(val.truth, probabilities[:, 1], config.choose_threshold_by)
    save_model(draft, classifier, resolved, threshold)
    if table.labels is not None:
        mine = [(r.id, table.labels[r.id]) for r in corpus.recordings if r.id in table.labels]
        draft.write(LABELS, format_tsv(["recording", "label"], mine))
    copy_history(draft, pretrained, "pretrain")
    scores = window_scores(val.truth, probabilities, _value(threshold), resolved.classes)
    fitted = fitted_on([*train.windows.recordings, *val.windows.recordings])
    facts = {
        "task": resolved.name,
        "classes": list(resolved.classes),
        "window_s": resolved.window_s,
        "windows": {"train": _counts(train, resolved), "val": _counts(val, resolved)},
        "subjects": {"train": _n_subjects(train), "val": _n_subjects(val)},
        "adaptation": config.adaptation.kind,
        "encoder_weights": config.encoder_weights,
        "n_parameters": sum(p.numel() for p in classifier.parameters()),
        "n_parameters_trained": sum(p.numel() for p in classifier.parameters() if p.requires_grad),
        "best_step": history,
        "threshold": threshold.as_dict() if threshold else None,
        "val": {name: scores[name] for name in ("auroc", "auc_pr", "balanced_accuracy")},
        "labels_permuted": resolved.permute_labels,
        "split_hash": corpus.split_hash,
        "within_subject": corpus.within_subject,
        "synthetic": corpus.synthetic,
    }
    if config.encoder_weights == "pretrained":
        fitted = fitted | pretrained.manifest.fitted_on
    return run.finish(draft, facts, fitted)


def _build(
    config: FinetuneConfig, settings: EncoderConfig, pretrained: Artifact, n_classes: int, seed: int
) -> Classifier:
    """A new head on the pretrained encoder, or on one of the same shape with random weights."""
    encoder = build_encoder(settings, seed)
    if config.encoder_weights == "pretrained":
        load_weights(encoder, pretrained.path, ENCODER)
    return build_classifier(encoder, n_classes, config.adaptation, seed)


def _train(
    classifier: Classifier,
    config: FinetuneConfig,
    task: TaskConfig,
    train: LabelledWindows,
    val: LabelledWindows,
    draft: Draft,
    run: Run,
) -> int:
    """Train on class-balanced draws; keeps the weights that validate best; returns their step."""
    device = choose_device(config.training.device)
    classifier.to(device)
    weights = 1.0 / train.counts(len(task.classes))[train.truth]
    truth = torch.from_numpy(train.truth).to(device)
    size = config.training.batch_size
    logits_of = logits_by_index(classifier, train.windows, size, device)
    val_logits_of = logits_by_index(classifier, val.windows, size, device)

    def step(k: int) -> dict[str, torch.Tensor]:
        index = train.windows.draw(size, seed=run.seed, step=k, weights=weights)
        logits = logits_of(index)
        wanted = truth[torch.from_numpy(index).to(device)]
        accuracy = (logits.argmax(dim=-1) == wanted).float().mean()
        return {"loss": F.cross_entropy(logits, wanted), "accuracy": accuracy}

    def validate() -> dict[str, float]:
        probabilities = probabilities_of(val_logits_of, val.windows, size)
        scores = window_scores(val.truth, probabilities, None, task.classes)
        chance = np.clip(probabilities[np.arange(len(val)), val.truth], 1e-12, 1.0)
        named = {name: scores[name] for name in ("auroc", "auc_pr", "balanced_accuracy")}
        return {"loss": float(-np.log(chance).mean())} | named

    classifier.train()
    history = fit(
        classifier,
        step,
        config.training,
        seed=run.seed,
        folder=draft.work,
        metrics=draft / METRICS,
        parameters=parameter_groups(classifier, config.training.lr, config.training.weight_decay),
        validate=validate,
        monitor=task.monitor,
        on_step=run.progress.track(task.name, config.training.steps),
    )
    classifier.eval()
    return history.best_step


def _counts(labelled: LabelledWindows, task: TaskConfig) -> dict[str, int]:
    return dict(zip(task.classes, labelled.counts(len(task.classes)).tolist(), strict=True))


def _n_subjects(labelled: LabelledWindows) -> int:
    return len({r.subject for r in labelled.windows.recordings})


def _value(threshold: Threshold | None) -> float | None:
    return threshold.value if threshold else None

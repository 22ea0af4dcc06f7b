"""Train an encoder on recordings and their tokens (the command pretrain)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.contract import open_artifact
from eegssl.artifacts.manifest import Artifact, inputs_of
from eegssl.artifacts.reading import require_parent
from eegssl.artifacts.threads import RANKS, THREADS
from eegssl.config.resolve import build
from eegssl.config.settings import Settings
from eegssl.config.stages import PretrainConfig
from eegssl.corpus.audits.recordings_contract import KIND as RECORDINGS
from eegssl.corpus.codes.tokens import Codes, open_codes
from eegssl.corpus.places.probe_windows import ProbeWindows, probe_windows
from eegssl.corpus.sampling import Sampler, of_some_subjects, sampler
from eegssl.corpus.store import Corpus, fitted_on, open_corpus, require_sketches
from eegssl.corpus.windows import tile
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.trained_on import electrodes_of, require_electrodes
from eegssl.errors import ConfigError
from eegssl.objectives.config import MaskedCodesConfig
from eegssl.objectives.masked_codes import build_masked_codes
from eegssl.objectives.objective import Objective
from eegssl.reports.live.shown_training import shown
from eegssl.signal.channels.electrodes import montages_of
from eegssl.training.eeg_seen import EegSeen, eeg_seen, for_hours
from eegssl.training.examples import write_examples
from eegssl.training.fitting.devices import chosen_precision
from eegssl.training.fitting.loop import fit
from eegssl.training.fitting.sharding import require_shardable
from eegssl.training.history import METRICS, History, copy_history
from eegssl.training.initial_encoder import InitialEncoder, open_initial
from eegssl.training.live.embedding_health import embedding_health
from eegssl.training.live.health_concerns import health_concerns
from eegssl.training.masked_steps import MaskedSteps
from eegssl.training.masked_windows import code_counts, masked_scores
from eegssl.training.ranks.checkpoint_room import tell_room
from eegssl.training.ranks.process_group import process_group
from eegssl.training.ranks.rank_device import device_of
from eegssl.training.ranks.together import (
    Begun,
    RunOptions,
    begin_together,
    elsewhere,
    on_all,
    require_whole_grains,
)
from eegssl.training.weights import ENCODER, TOKENS, read_tokenizer, save_module

KIND = "encoder"


@dataclass(frozen=True)
class ObjectiveParts:
    """The functions of one objective."""

    build: Callable[..., Objective]
    """(encoder, n_codes, config, seed) -> the encoder with a head."""
    scores: Callable[..., dict[str, float]]
    """(model, masking, validation codes, batch_size, frequencies of training codes) -> scores by
    name, among them the loss that is monitored."""
    write_examples: Callable[..., None]
    """(writer, model, tokenizer, validation codes, masking) -> a file for the report."""


OBJECTIVES: dict[type[Settings], ObjectiveParts] = {
    MaskedCodesConfig: ObjectiveParts(build_masked_codes, masked_scores, write_examples)
}
"""Class of the settings under ``objective`` -> the objective's functions."""


@dataclass(frozen=True)
class _Data:
    """What a pretraining reads."""

    corpus: Corpus
    tokens: Artifact
    settings: EncoderConfig
    train: Codes
    val: Codes
    draws: Sampler
    initial: InitialEncoder | None


def run(
    config: PretrainConfig,
    folders: Sequence[Path],
    tokens: Path,
    context: Context,
    options: RunOptions = RunOptions(),
    init_from: Path | None = None,
) -> Result:
    """Make an encoder artifact from the training subjects of ``folders`` and their codes.

    ``init_from`` is an encoder whose weights it begins with. Raises ArtifactError when the tokens
    were made from other recordings, or that encoder has another architecture.
    """
    device, seed = device_of(options.place, config.training.device), context.seed
    with process_group(options.place, device):
        data = on_all(
            options.place, lambda: _open(config, folders, tokens, init_from, seed, options)
        )
        further = [data.initial.artifact] if data.initial else []
        inputs = [*data.corpus.inputs(), *inputs_of(data.tokens, *further)]
        alike = {"which recordings are trained on": data.corpus.split_hash}
        begun = begin_together(options, context, ENCODER, config, inputs, alike)
        if isinstance(begun, Result):
            return begun
        training = for_hours(config.training, data.train.windows.window_s)
        config = config.model_copy(update={"training": training})
        return _run(config, data, begun, device, context, options)


def _open(
    config: PretrainConfig,
    folders: Sequence[Path],
    tokens: Path,
    init_from: Path | None,
    seed: int,
    options: RunOptions,
) -> _Data:
    """Open recordings and codes; raises where they do not fit each other or the settings."""
    corpus = open_corpus(folders)
    artifact = open_artifact(tokens, TOKENS)
    require_parent(artifact, corpus.artifacts, RECORDINGS)
    facts = artifact.manifest.facts
    if facts["patch_samples"] != config.encoder.patch_samples:
        raise ConfigError(
            f"the tokens have patches of {facts['patch_samples']} samples, encoder.patch_samples "
            f"is {config.encoder.patch_samples}; expected both equal: set encoder.patch_samples, "
            "or make tokens of this length"
        )
    settings = _settings(config.encoder, corpus)
    initial = open_initial(init_from) if init_from else None
    if initial:
        settings = initial.settings(settings)
    recordings = of_some_subjects(corpus.of_split("train"), config.sampling, seed)
    train = open_codes(artifact, tile(corpus, recordings, facts["window_s"]))
    val = open_codes(artifact, tile(corpus, corpus.of_split("val"), facts["window_s"]))
    val = replace(val, windows=val.windows.some(config.training.validate_windows))
    batch_size = config.training.batch_size
    draws = sampler(train.windows, config.sampling, batch_size)
    require_whole_grains(draws.n_grains(batch_size), batch_size, options.place)
    require_shardable(config.training, options.place.n_ranks)
    return _Data(corpus, artifact, settings, train, val, draws, initial)


def _run(
    config: PretrainConfig,
    data: _Data,
    begun: Begun,
    device: torch.device,
    context: Context,
    options: RunOptions,
) -> Result:
    """Train on all ranks; on the first, write the artifact."""
    corpus, artifact, settings = data.corpus, data.tokens, data.settings
    train, val, writer = data.train, data.val, begun.writer
    facts = artifact.manifest.facts
    counts = code_counts(data.tokens, train) if writer else np.zeros(0, np.int64)
    threads, ranks = begun.threads(context), begun.ranks(context)
    if data.initial and (tested := data.initial.tested(corpus)):
        context.warn(
            f"the encoder of --init-from was trained on {len(tested)} of the test subjects here: "
            "evaluate will refuse to score them; leave them out, or take another encoder"
        )
    if writer:
        require_sketches([*train.windows.recordings, *val.windows.recordings])
    model, history = _train(config, data, counts, begun, device, context, options)
    if writer is None:
        return elsewhere(context, KIND)
    save_module(writer, KIND, model.encoder, settings)
    save_module(writer, "head", model.head, config.objective)
    scores = _validate(model, config, val, counts)
    for concern in concerns(config, history, scores):
        context.warn(concern)
    OBJECTIVES[type(config.objective)].write_examples(
        writer, model, read_tokenizer(artifact.path), val, config.masking
    )
    copy_history(writer, artifact, "tokenize")
    upstream = artifact.manifest.fitted_on
    if data.initial:
        upstream = upstream | data.initial.artifact.manifest.fitted_on
    return context.finish(
        writer,
        {
            "n_parameters": sum(p.numel() for p in model.encoder.parameters()),
            "n_parameters_head": sum(p.numel() for p in model.head.parameters()),
            "n_codes": facts["n_codes"],
            "init_from": data.initial.artifact.manifest.id if data.initial else None,
            "masking": config.masking.kind,
            "window_s": facts["window_s"],
            "sfreq_hz": corpus.sfreq_hz,
            "montages": settings.montages,
            THREADS: threads,
            RANKS: ranks,
            "precision": chosen_precision(config.training, device),
            "windows": {"train": len(train.windows), "val": len(val.windows)},
            "eeg_seen": _eeg_seen(config, train, history.rows[-1]["step"]).as_facts(),
            "val": scores,
            "best_step": history.best_step,
            "within_subject": corpus.within_subject,
            "synthetic": corpus.synthetic,
        },
        fitted_on([*train.windows.recordings, *val.windows.recordings]) | upstream,
    )


def _eeg_seen(config: PretrainConfig, train: Codes, n_steps: int) -> EegSeen:
    """The EEG of so many steps."""
    windows = train.windows
    return eeg_seen(n_steps, config.training.batch_size, len(windows), windows.window_s)


def headline(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts of an encoder that matter first, in words; all of them are in its manifest."""
    kind, val, seen = facts["masking"], facts["val"], facts.get("eeg_seen")
    return {
        "validation loss": f"{val[f'loss_{kind}']:.4g}; by the codes' frequencies alone "
        f"{val[f'unigram_loss_{kind}']:.4g}",
        "hidden codes predicted": f"{val[f'accuracy_{kind}']:.1%}; always the most frequent one "
        f"{val[f'constant_accuracy_{kind}']:.1%}",
        "best step": facts["best_step"],
        "EEG seen": f"{seen['hours']:.4g} h, {seen['passes']:.3g} passes" if seen else "n/a",
        "weights": f"{facts['n_parameters']:,}",
    }


def _settings(config: EncoderConfig, corpus: Corpus) -> EncoderConfig:
    """The encoder's settings, at the rate of the recordings and for channels such as theirs."""
    names = {name for r in corpus.of_split("train", "val") for name in r.channels}
    values = config.model_dump() | {"sfreq_hz": corpus.sfreq_hz}
    values["montages"] = config.montages or montages_of(sorted(names))
    values["electrodes"] = require_electrodes(config.electrodes) or electrodes_of(names)
    return build(type(config), values, "the settings encoder")


def _train(
    config: PretrainConfig,
    data: _Data,
    counts: NDArray[np.int64],
    begun: Begun,
    device: torch.device,
    context: Context,
    options: RunOptions,
) -> tuple[Objective, History]:
    train, val = data.train, data.val
    n_codes = int(data.tokens.manifest.facts["n_codes"])
    encoder = build_encoder(data.settings, context.seed)
    build_objective = OBJECTIVES[type(config.objective)].build
    model = build_objective(encoder, n_codes, config.objective, context.seed)
    if data.initial:
        kept = data.initial.load(model, data.tokens)
        head = "its head too" if kept else "the head anew, since the codes are others"
        context.progress.say(f"beginning with the weights of {data.initial.artifact.path}, {head}")
    model.to(device)
    batch_size = config.training.batch_size
    probe = probe_windows(val.windows) if begun.writer else None
    steps = MaskedSteps(model, train, data.draws, config.masking, batch_size, context.seed)
    seen = _eeg_seen(config, train, config.training.steps)
    context.progress.say(f"training will see {seen.in_words}")
    tell_room(begun, model, context, with_best=True)
    with shown(begun.writer, context) as on_row:
        history = fit(
            model,
            steps,
            config.training,
            seed=context.seed,
            folder=begun.work,
            metrics=context.out / METRICS,
            num_workers=options.num_workers,
            validate=lambda: _validate(model, config, val, counts) | _health(model, config, probe),
            monitor=_monitor(config),
            lower_is_better=True,
            on_row=on_row,
            warn=context.progress.warn,
            report=context.progress.train("encoder", config.training.steps),
        )
    return model.eval(), history


def _validate(
    model: Objective, config: PretrainConfig, val: Codes, counts: NDArray[np.int64]
) -> dict[str, float]:
    scores = OBJECTIVES[type(config.objective)].scores
    return scores(model, config.masking, val, config.training.batch_size, counts)


def _health(
    model: Objective, config: PretrainConfig, probe: ProbeWindows | None
) -> dict[str, float]:
    """Scores of the embeddings themselves, which no weights are chosen by."""
    assert probe is not None  # the rank that validates has one
    return embedding_health(model.encoder, probe, config.training.batch_size)


def _monitor(config: PretrainConfig) -> str:
    """The validation loss whose lowest value keeps the weights: under the masks of training."""
    return f"loss_{config.masking.kind}"


def concerns(config: PretrainConfig, history: History, scores: dict[str, float]) -> Iterator[str]:
    """List what the validation loss says against this training."""
    name, kind = _monitor(config), config.masking.kind
    losses = {r["step"]: r[f"val_{name}"] for r in history.rows if f"val_{name}" in r}
    last = max(losses)
    if losses[last] > losses[history.best_step]:
        yield (
            f"the validation loss rose from {losses[history.best_step]:.3f} at step "
            f"{history.best_step} to {losses[last]:.3f} at step {last}; the weights of step "
            f"{history.best_step} are kept. Give more recordings, or set training.steps or "
            "encoder.width lower"
        )
    unigram = scores[f"unigram_loss_{kind}"]
    if scores[name] >= unigram:
        yield (
            f"the validation loss, {scores[name]:.3f}, is not below {unigram:.3f}, that of the "
            "codes' frequencies in training: this encoder has learned nothing that holds for other "
            "subjects. Give more recordings, or train longer (training.steps)"
        )
    yield from health_concerns(history.rows)

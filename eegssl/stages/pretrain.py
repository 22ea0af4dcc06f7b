"""Train an encoder on recordings by self-supervision (the command pretrain)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.contract import open_artifact
from eegssl.artifacts.manifest import Artifact, inputs_of
from eegssl.artifacts.reading import require_parent
from eegssl.artifacts.threads import RANKS, THREADS
from eegssl.config.corpus_stages import PretrainConfig
from eegssl.config.resolve import build
from eegssl.corpus.audits.growth import grown, tell_growth
from eegssl.corpus.audits.recordings_contract import KIND as RECORDINGS
from eegssl.corpus.codes.tokens import open_codes
from eegssl.corpus.places.probe_windows import ProbeWindows, probe_windows
from eegssl.corpus.sampling import Sampler, of_some_subjects, sampler
from eegssl.corpus.store import Corpus, Recording, fitted_on, open_corpus, require_sketches
from eegssl.corpus.windows import tile
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.trained_on import electrodes_of, require_electrodes
from eegssl.errors import ArtifactError, ConfigError
from eegssl.objectives.objective import Known
from eegssl.objectives.weighted_sum import WeightedSum, build_sum
from eegssl.probes.pretraining_report import probe_pretrained, write_report
from eegssl.probes.probes_contract import REPORT, SCORES
from eegssl.reports.live.shown_training import shown
from eegssl.signal.channels.electrodes import montages_of
from eegssl.training.eeg_seen import EegSeen, eeg_seen, for_hours
from eegssl.training.fitting.devices import chosen_precision, in_precision
from eegssl.training.fitting.loop import fit
from eegssl.training.fitting.sharding import require_shardable
from eegssl.training.history import METRICS, History, copy_history
from eegssl.training.live.embedding_health import embedding_health
from eegssl.training.pretraining.collapse import collapse
from eegssl.training.pretraining.examples import write_examples
from eegssl.training.pretraining.grain_reader import GrainReader
from eegssl.training.pretraining.initial_encoder import InitialEncoder, open_initial
from eegssl.training.pretraining.loss_concerns import (
    loss_concerns,
    monitored,
)
from eegssl.training.pretraining.pretraining_steps import PretrainingSteps
from eegssl.training.pretraining.requirements import (
    require_comparable,
    require_possible,
    require_several,
    require_tokens,
    subject_concerns,
)
from eegssl.training.pretraining.target_statistics import begin_objectives
from eegssl.training.pretraining.validation import code_counts, validation_scores
from eegssl.training.ranks.checkpoint_room import tell_room
from eegssl.training.ranks.process_group import process_group
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

_WINDOW_S = 10.0
"""Of windows, where neither tokens nor settings say it."""


@dataclass(frozen=True)
class _Data:
    """What a pretraining reads."""

    corpus: Corpus
    tokens: Artifact | None
    settings: EncoderConfig
    train: GrainReader
    val: GrainReader
    draws: Sampler
    initial: InitialEncoder | None

    @property
    def n_codes(self) -> int:
        """Codes of the tokens, K; 0 without any."""
        return int(self.tokens.manifest.facts["n_codes"]) if self.tokens else 0

    def known(self) -> Known:
        """What is known of the training windows before the first step."""
        codes = self.train.codes
        if self.tokens is None or codes is None:
            return Known()
        return Known(code_counts(self.tokens, codes), self.n_codes)


def run(
    config: PretrainConfig,
    folders: Sequence[Path],
    tokens: Path | None,
    context: Context,
    options: RunOptions = RunOptions(),
    init_from: Path | None = None,
) -> Result:
    """Make an encoder artifact from the training subjects of ``folders``, and of their codes.

    ``tokens`` are needed by objectives that predict codes, and refused by others. ``init_from`` is
    an encoder whose weights it begins with. Raises ArtifactError when the tokens were made from
    other recordings, or that encoder has another architecture; ConfigError for settings that the
    objectives contradict.
    """
    seed = context.seed
    with process_group(options.place, config.training.device) as device:
        data = on_all(
            options.place, lambda: _open(config, folders, tokens, init_from, seed, options)
        )
        initial = data.initial.artifact if data.initial else None
        tell_growth(data.corpus.artifacts, [initial], context)
        made_of = [data.tokens] if data.tokens else []
        further = [initial] if initial else []
        inputs = [*data.corpus.inputs(), *inputs_of(*made_of, *further)]
        alike = {"which recordings are trained on": data.corpus.split_hash}
        names = (SCORES, REPORT)
        begun = begin_together(options, context, ENCODER, config, inputs, alike, names=names)
        if isinstance(begun, Result):
            return begun
        training = for_hours(config.training, data.train.windows.window_s)
        config = config.model_copy(update={"training": training})
        return _run(config, data, begun, device, context, options)


def _open(
    config: PretrainConfig,
    folders: Sequence[Path],
    tokens: Path | None,
    init_from: Path | None,
    seed: int,
    options: RunOptions,
) -> _Data:
    """Open recordings and codes; raises where they do not fit each other or the settings."""
    require_tokens(config.objective, config.masking, given=tokens is not None)
    corpus = open_corpus(folders)
    artifact = _open_tokens(tokens, corpus, config) if tokens else None
    settings = _settings(config.encoder, corpus)
    initial = open_initial(init_from) if init_from else None
    if initial:
        settings = initial.settings(settings)
    window_s = _window_s(config, artifact, corpus)
    masking = config.masking if config.objective.reads_masks else None

    def reader(recordings: Sequence[Recording]) -> GrainReader:
        windows = tile(corpus, recordings, window_s)
        codes = open_codes(artifact, windows) if artifact else None
        return GrainReader(windows, codes, settings, masking)

    train = reader(of_some_subjects(corpus.of_split("train"), config.sampling, seed))
    val = reader(corpus.of_split("val"))
    val = val.of_windows(val.windows.some(config.training.validate_windows))
    n_patches = train.windows.length // settings.patch_samples
    require_possible(config.objective, config.masking, settings, n_patches)
    batch_size = config.training.batch_size
    require_several(config.objective, config.sampling, batch_size)
    draws = sampler(train.windows, config.sampling, batch_size)
    require_whole_grains(draws.n_grains(batch_size), batch_size, options.place)
    require_shardable(config.training, options.place.n_ranks)
    require_comparable(config.objective, config.training)
    return _Data(corpus, artifact, settings, train, val, draws, initial)


def _open_tokens(path: Path, corpus: Corpus, config: PretrainConfig) -> Artifact:
    """The tokens; raises unless they are of these recordings and of patches of this length."""
    artifact = open_artifact(path, TOKENS)
    folders = [(one.path, one.manifest) for one in corpus.artifacts]
    if before := list(grown(path, artifact.manifest, folders)):
        raise ArtifactError("; ".join(one.in_words() for one in before))
    require_parent(artifact, corpus.artifacts, RECORDINGS)
    facts = artifact.manifest.facts
    if facts["patch_samples"] != config.encoder.patch_samples:
        raise ConfigError(
            f"the tokens have patches of {facts['patch_samples']} samples, encoder.patch_samples "
            f"is {config.encoder.patch_samples}; expected both equal: set encoder.patch_samples, "
            "or make tokens of this length"
        )
    return artifact


def _window_s(config: PretrainConfig, tokens: Artifact | None, corpus: Corpus) -> float:
    """Length of the windows; raises ConfigError where tokens or patches have another."""
    if tokens:
        theirs = float(tokens.manifest.facts["window_s"])
        if config.window_s not in (None, theirs):
            raise ConfigError(
                f"window_s is {config.window_s:g}, and the tokens are of windows of {theirs:g} s; "
                "leave window_s out, or make tokens of such windows"
            )
        return theirs
    window_s = config.window_s or _WINDOW_S
    samples, patch = round(window_s * corpus.sfreq_hz), config.encoder.patch_samples
    if samples % patch:
        raise ConfigError(
            f"windows of {window_s:g} s have {samples} samples, which are no whole number of "
            f"patches of {patch}: set window_s to a multiple of {patch / corpus.sfreq_hz:g} s, or "
            "encoder.patch_samples to a divisor"
        )
    return window_s


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
    train, val, writer = data.train.windows, data.val.windows, begun.writer
    known = data.known() if writer else Known(n_codes=data.n_codes)
    threads, ranks = begun.threads(context), begun.ranks(context)
    if data.initial and (tested := data.initial.tested(corpus)):
        context.warn(
            f"the encoder of --init-from was trained on {len(tested)} of the test subjects here: "
            "evaluate will refuse to score them; leave them out, or take another encoder"
        )
    if writer:
        require_sketches([*train.recordings, *val.recordings])
        for concern in subject_concerns(
            config.objective, len({r.subject for r in train.recordings})
        ):
            context.warn(concern)
    model, history = _train(config, data, known, begun, device, context, options)
    if writer is None:
        return elsewhere(context, KIND)
    save_module(writer, KIND, model.encoder, settings)
    save_module(writer, "head", model.heads, config.objective)
    val_reader = data.val.of_model(model)
    with in_precision(config.training, device):
        scores = validation_scores(model, val_reader, config.training.batch_size)
    for concern in loss_concerns(config.objective, config.masking, history, scores):
        context.warn(concern)
    upstream = fitted_on([*train.recordings, *val.recordings])
    if artifact:
        write_examples(writer, model, read_tokenizer(artifact.path), val_reader)
        copy_history(writer, artifact, "tokenize")
        upstream |= artifact.manifest.fitted_on
    if data.initial:
        upstream |= data.initial.artifact.manifest.fitted_on
    facts = {
        "n_parameters": sum(p.numel() for p in model.encoder.parameters()),
        "n_parameters_head": sum(p.numel() for p in model.heads.parameters()),
        "n_codes": data.n_codes,
        "objective": list(config.objective.terms),
        "init_from": data.initial.artifact.manifest.id if data.initial else None,
        "masking": config.masking.kind if config.objective.reads_masks else None,
        "window_s": train.window_s,
        "sfreq_hz": corpus.sfreq_hz,
        "montages": settings.montages,
        THREADS: threads,
        RANKS: ranks,
        "precision": chosen_precision(config.training, device),
        "windows": {"train": len(train), "val": len(val)},
        "eeg_seen": _eeg_seen(config, data, history.rows[-1]["step"]).as_facts(),
        "val": scores,
        "best_step": history.best_step or history.rows[-1]["step"],
        "within_subject": corpus.within_subject,
        "synthetic": corpus.synthetic,
    }
    initial = data.initial.artifact if data.initial else None
    probes = probe_pretrained(config, model.encoder, corpus, train.window_s, initial, context)
    write_report(writer, facts, history.rows, probes, context.warnings)
    return context.finish(writer, facts, upstream)


def _eeg_seen(config: PretrainConfig, data: _Data, n_steps: int) -> EegSeen:
    """The EEG of so many steps."""
    windows = data.train.windows
    return eeg_seen(n_steps, config.training.batch_size, len(windows), windows.window_s)


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
    known: Known,
    begun: Begun,
    device: torch.device,
    context: Context,
    options: RunOptions,
) -> tuple[WeightedSum, History]:
    encoder = build_encoder(data.settings, context.seed)
    model = build_sum(encoder, config.objective, context.seed, known)
    begin_objectives(model, data.train.windows)
    if data.initial:
        kept = data.initial.load(model, data.tokens)
        head = "its head too" if kept else "the head anew, since it predicts something else"
        context.progress.say(f"beginning with the weights of {data.initial.artifact.path}, {head}")
    model.to(device)
    batch_size = config.training.batch_size
    probe = probe_windows(data.val.windows) if begun.writer else None
    train, val = data.train.of_model(model), data.val.of_model(model)
    steps = PretrainingSteps(model, train, data.draws, batch_size, context.seed)
    seen = _eeg_seen(config, data, config.training.steps)
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
            validate=lambda: (
                validation_scores(model, val, batch_size) | _health(model, config, probe)
            ),
            monitor=monitored(config.objective, config.masking),
            lower_is_better=True,
            useless=lambda row: collapse(config.objective, config.masking, row),
            on_row=on_row,
            warn=context.progress.warn,
            say=context.progress.say,
            report=context.progress.train("encoder", config.training.steps),
        )
    return model.eval(), history


def _health(
    model: WeightedSum, config: PretrainConfig, probe: ProbeWindows | None
) -> dict[str, float]:
    """Scores of the embeddings themselves, which no weights are chosen by."""
    assert probe is not None  # the rank that validates has one
    return embedding_health(model.encoder, probe, config.training.batch_size)

"""Learn a codebook and write recordings as codes (the command tokenize).

Training, shards of the recordings, and the end can be processes of their own.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.contract import open_artifact
from eegssl.artifacts.manifest import Artifact, inputs_of
from eegssl.artifacts.threads import RANKS, THREADS
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.corpus_stages import TokenizeConfig
from eegssl.config.resolve import build
from eegssl.corpus.audits.growth import tell_growth
from eegssl.corpus.codes.tokens import (
    CODES,
    ENTROPIES,
    ENTROPY_TABLE,
    TABLE,
)
from eegssl.corpus.config import SamplingConfig
from eegssl.corpus.inventory.shards import Shard, require_begun, require_same_number
from eegssl.corpus.processes.dask_cluster import dask_cluster
from eegssl.corpus.processes.engine import Engine
from eegssl.corpus.sampling import Sampler, of_some_subjects, sampler
from eegssl.corpus.store import Corpus, fitted_on, open_corpus, require_sketches
from eegssl.corpus.windows import Windows, require_whole_patches, tile
from eegssl.errors import ArtifactError, ConfigError
from eegssl.reports.live.shown_training import shown
from eegssl.stages.tokenizing.described_codes import (
    describe_codes,
    quality_of,
    unlike_float32,
)
from eegssl.stages.tokenizing.encoded_recordings import (
    NAME,
    Part,
    encode,
    encode_shard,
    encoded,
    hand_out,
    require_shards,
    trained_in,
    write_code_tables,
)
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.diagnostics import (
    codebook_usage,
    fitting_codebook,
    oversized_message,
    starving_message,
)
from eegssl.tokenizer.tokenizer import Tokenizer, build_tokenizer
from eegssl.training.eeg_seen import eeg_seen, for_hours
from eegssl.training.encoding import PatchCoder
from eegssl.training.fitting.loop import fit
from eegssl.training.fitting.sharding import require_shardable
from eegssl.training.history import METRICS, USAGE
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
from eegssl.training.tokenizer_steps import TokenizerSteps
from eegssl.training.tokenizer_windows import start_windows, tokenizer_scores
from eegssl.training.weights import TOKENS, read_tokenizer, save_module


def run(
    config: TokenizeConfig,
    folders: Sequence[Path],
    context: Context,
    *,
    tokenizer: Path | None = None,
    options: RunOptions = RunOptions(),
    part: Part | Shard = Part.ALL,
    dask: str | None = None,
) -> Result:
    """Make a tokens artifact from the training and validation subjects of ``folders``.

    With ``tokenizer`` (another tokens artifact) its tokenizer is used as it is; workers of the Dask
    scheduler at the address ``dask`` encode. Or do a part of it: raises ArtifactError where that
    comes before those that it needs.
    """
    if dask and options.place.n_ranks > 1:
        raise ConfigError(
            "--dask is of one process: train in ranks with --train-only, then encode without them"
        )
    if part is Part.TRAIN and tokenizer:
        raise ConfigError("--train-only trains what --tokenizer gives: leave out one of them")
    if part not in (Part.ALL, Part.TRAIN):
        options.require_usual("a part of tokenize")
    here = nullcontext() if dask is None else dask_cluster(dask, [f.absolute() for f in folders])
    with here as cluster, process_group(options.place, config.training.device) as device:
        if cluster:
            context.progress.say(str(cluster))
        data = on_all(options.place, lambda: _open(config, folders, tokenizer, context, options))
        tell_growth(data.corpus.artifacts, [data.source], context)
        inputs = [*data.corpus.inputs(), *inputs_of(*([data.source] if data.source else []))]
        if isinstance(part, Shard):
            return _shard(config, data, inputs, part, device, context)
        if part is Part.FINALIZE:
            require_begun(context.out)
        alike = {"which recordings are trained on": data.corpus.split_hash}
        begun = begin_together(options, context, TOKENS, config, inputs, alike)
        if isinstance(begun, Result):
            return begun
        training = for_hours(config.training, config.window_s)
        config = config.model_copy(update={"training": training})
        return _run(config, data, begun, device, context, options, part, cluster)


@dataclass(frozen=True)
class _Data:
    """What a tokenization reads."""

    corpus: Corpus
    source: Artifact | None
    """Tokens whose tokenizer is used as it is."""
    reused: Tokenizer | None
    train: Windows
    val: Windows
    draws: Sampler


def _open(
    config: TokenizeConfig,
    folders: Sequence[Path],
    tokenizer: Path | None,
    context: Context,
    options: RunOptions,
) -> _Data:
    """Open recordings and a tokenizer; raises where they do not fit each other or the settings."""
    corpus = open_corpus(folders)
    source = open_artifact(tokenizer, TOKENS) if tokenizer else None
    sampling = SamplingConfig() if source else config.sampling
    if sampling != config.sampling:
        context.warn("sampling.* is not read: the tokenizer of --tokenizer is used as it is")
    recordings = of_some_subjects(corpus.of_split("train"), sampling, context.seed)
    train = tile(corpus, recordings, config.window_s)
    val = tile(corpus, corpus.of_split("val"), config.window_s)
    val = val.some(config.training.validate_windows)
    reused = _reused(source, corpus) if source else None
    settings = reused.config if reused else _at_rate(config.tokenizer, corpus.sfreq_hz)
    require_whole_patches(train, settings.patch_samples, "window_s")
    batch_size = config.training.batch_size
    draws = sampler(train, sampling, batch_size)
    require_whole_grains(draws.n_grains(batch_size), batch_size, options.place)
    require_shardable(config.training, options.place.n_ranks)
    return _Data(corpus, source, reused, train, val, draws)


def _shard(
    config: TokenizeConfig,
    data: _Data,
    inputs: Sequence[tuple[str, str]],
    shard: Shard,
    device: torch.device,
    context: Context,
) -> Result:
    """Encode some of the recordings, beside other such processes."""
    model = data.reused or trained_in(context.out, f"--shard {shard}")
    check = partial(require_same_number, context.out, shard)
    writer = context.join(TOKENS, config, inputs, shard.name, check)
    if isinstance(writer, Result):
        return writer
    bfloat16 = config.encode_precision == "bfloat16"
    coder = PatchCoder(model.to(device), data.corpus, data.train.length, bfloat16)
    return encode_shard(coder, shard, writer, context)


def _run(
    config: TokenizeConfig,
    data: _Data,
    begun: Begun,
    device: torch.device,
    context: Context,
    options: RunOptions,
    part: Part | Shard,
    engine: Engine | None,
) -> Result:
    """Train on all ranks; on the first, encode the corpus and write the artifact."""
    corpus, train, val, draws = data.corpus, data.train, data.val, data.draws
    threads, ranks = begun.threads(context), begun.ranks(context)
    if data.source and data.reused:
        model = data.reused
        fitted = data.source.manifest.fitted_on
    else:
        if begun.writer:
            require_sketches([*train.recordings, *val.recordings])
        settings = _fit_codebook(config, train, context)
        if part is Part.FINALIZE:
            model = trained_in(context.out, "--finalize")
        else:
            model = _train(config, settings, draws, val, begun, device, context, options)
        fitted = fitted_on([*train.recordings, *val.recordings])
    writer = begun.writer
    if writer is None:
        return elsewhere(context, TOKENS.kind)
    save_module(writer, NAME, model, model.config)
    if part is Part.TRAIN:
        return _trained(model, writer, context)
    bfloat16 = config.encode_precision == "bfloat16"
    coder = PatchCoder(model.to(device), corpus, train.length, bfloat16)
    if part is Part.FINALIZE:
        require_shards(coder, writer)
        writer.resumed = False
    elif engine:
        hand_out(engine, coder, writer, context)
    else:
        encode(coder, encoded(coder), writer, context)
    unlike = {"codes_unlike_float32": unlike_float32(model, val, context)} if bfloat16 else {}
    model.cpu()
    counts = write_code_tables(coder, writer)
    spread = {name: codebook_usage(c) for name, c in counts.items()}
    usage = spread["val"]
    if message := starving_message(usage):
        context.warn(message)
    quality = quality_of(model, train, val, context)
    told = {"usage": {name: asdict(one) for name, one in spread.items()}, "quality": quality}
    writer.write_json(USAGE, {name: c.tolist() for name, c in counts.items()} | told)
    atlas = describe_codes(model, corpus, config, quality, writer, context)
    facts = {
        "n_codes": model.config.n_codes,
        THREADS: threads,
        RANKS: ranks,
        "codes_depend_on": "window" if model.config.context_layers else "patch",
        "window_s": config.window_s,
        "patch_samples": model.config.patch_samples,
        "patches_per_window": train.length // model.config.patch_samples,
        "sfreq_hz": corpus.sfreq_hz,
        "n_parameters": sum(p.numel() for p in model.parameters()),
        "patches": {name: int(c.sum()) for name, c in counts.items()},
        "codes_used_val": usage.used,
        "perplexity_val": usage.perplexity,
        "most_frequent_share_val": usage.share_of_most_frequent,
        "quality": quality,
        "ictal_windows_train": len(draws.ictal),
        "atlas": atlas.facts(),
        "within_subject": corpus.within_subject,
        "synthetic": corpus.synthetic,
        **unlike,
    }
    return context.finish(writer, facts, fitted, bulk={CODES: TABLE, ENTROPIES: ENTROPY_TABLE})


def _trained(model: Tokenizer, writer: ArtifactWriter, context: Context) -> Result:
    """The result of a training alone, whose folder others go on with."""
    if writer.lock:
        writer.lock.release()
    facts = {
        "n_codes": model.config.n_codes,
        "n_parameters": sum(p.numel() for p in model.parameters()),
    }
    warnings = tuple(context.warnings)
    return Result(context.out, NAME, "made", facts, writer.config, warnings=warnings)


def _reused(tokens: Artifact, corpus: Corpus) -> Tokenizer:
    """The tokenizer inside a tokens artifact; ArtifactError if the corpus has another rate."""
    tokenizer = read_tokenizer(tokens.path)
    if tokenizer.config.sfreq_hz != corpus.sfreq_hz:
        raise ArtifactError(
            f"{tokens.path} holds a tokenizer for {tokenizer.config.sfreq_hz:g} Hz, "
            f"{corpus.artifacts[0].path} has recordings at {corpus.sfreq_hz:g} Hz: preprocess them "
            f"with --set filter.sfreq_hz={tokenizer.config.sfreq_hz:g}, or train a tokenizer of "
            "their own (without --tokenizer)"
        )
    return tokenizer


def _train(
    config: TokenizeConfig,
    settings: TokenizerConfig,
    draws: Sampler,
    val: Windows,
    begun: Begun,
    device: torch.device,
    context: Context,
    options: RunOptions,
) -> Tokenizer:
    """Start the codebook by k-means on seeded windows, then train."""
    train = draws.windows
    model = build_tokenizer(settings, context.seed).to(device)
    batch = config.training.batch_size
    start = start_windows(draws, settings, context.seed)
    model.start_codebook_on([[part.to(device) for part in one] for one in start], context.seed)

    training = config.training
    seen = eeg_seen(training.steps, training.batch_size, len(train), config.window_s)
    context.progress.say(f"the tokenizer's training will see {seen.in_words}")
    tell_room(begun, model, context, with_best=False)
    with shown(begun.writer, context) as on_row:
        fit(
            model,
            TokenizerSteps(model, draws, batch, context.seed),
            config.training,
            seed=context.seed,
            folder=begun.work,
            metrics=context.out / METRICS,
            num_workers=options.num_workers,
            validate=lambda: tokenizer_scores(model, val, batch),
            on_row=on_row,
            warn=context.progress.warn,
            say=context.progress.say,
            report=context.progress.train("tokenizer", training.steps),
        )
    return model.cpu().eval()


def _at_rate(config: TokenizerConfig, sfreq_hz: float) -> TokenizerConfig:
    """The settings at the recordings' sampling rate, validated again."""
    values = config.model_dump() | {"sfreq_hz": sfreq_hz}
    return build(TokenizerConfig, values, "the settings tokenizer")


def _fit_codebook(config: TokenizeConfig, train: Windows, context: Context) -> TokenizerConfig:
    """The tokenizer's settings for this corpus: its rate, and as many codes as it allows."""
    settings = _at_rate(config.tokenizer, train.corpus.sfreq_hz)
    patches = train.total_channels * (train.length // settings.patch_samples)
    fitting = fitting_codebook(patches)
    if config.fit_codebook and settings.n_codes > fitting:
        context.progress.say(
            f"{patches} training patches feed {fitting} codes: the codebook of {settings.n_codes} "
            "is cut to that (--set fit_codebook=false keeps it)"
        )
        settings = settings.model_copy(update={"n_codes": fitting})
    if message := oversized_message(settings.n_codes, patches):
        context.warn(message)
    return settings

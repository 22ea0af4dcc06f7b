"""Define the six commands of the pipeline.

Each parses, calls ``stages.X.run(config)``, prints and exits. Nothing heavy is imported here:
``eegssl --help`` loads neither torch, mne nor scipy.
"""

import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from eegssl import __version__
from eegssl.cli.app import SPINE, Options, Out, Recordings, app, command
from eegssl.cli.flags import corpus_flags
from eegssl.cli.flags.corpus_flags import Finalize, OneShard, OnlyPlan, TrainOnly, Updated, Verify
from eegssl.cli.flags.evaluation_flags import (
    Corruptions,
    Missing,
    Targets,
    corrupted,
    listed,
    require_for_probes,
    require_one_source,
)
from eegssl.cli.flags.finetuning_flags import (
    Adapt,
    AllowLeak,
    Folds,
    ShareOfLabels,
    number_of_folds,
)
from eegssl.cli.flags.training_flags import (
    NumWorkers,
    OnDevice,
    Resume,
    Resumed,
    Tracker,
    run_options,
    settings_of,
    with_objective,
)
from eegssl.cli.running import (
    PIPE_CLOSED,
    finish,
    leave_as_rank,
    pipe_closed,
    prepare,
    show_rows,
    tell_report,
)
from eegssl.cli.terminal import Terminal
from eegssl.errors import ConfigError, InputError
from eegssl.training.live.trackers import require_trackers


@command(SPINE)
def preprocess(
    edf_dir: Annotated[list[Path], typer.Argument(help="Folder(s) of EDF or other EEG files.")],
    out: Out,
    *,
    options: Options,
    jobs: corpus_flags.Jobs = 0,
    dask: corpus_flags.OverDask = None,
    show_names: Annotated[bool, typer.Option(help="Show paths on the terminal.")] = False,
    strict: Annotated[bool, typer.Option(help="Exit with 3 if a file is refused.")] = False,
    plan: OnlyPlan = False,
    shard: OneShard = None,
    finalize: Finalize = False,
    update: Updated = False,
    verify: Verify = False,
    keep_text: corpus_flags.KeepText = False,
) -> None:
    """Make clean, de-identified recordings in µV of EDF folders, split by subject."""
    from eegssl.corpus.audits.recordings_contract import CHANNELS
    from eegssl.corpus.concerns.concern import CONCERNS
    from eegssl.corpus.concerns.shown_concerns import by_path
    from eegssl.corpus.preprocessing.file_outcomes import REFUSED, refused_table
    from eegssl.stages import preprocess as stage

    flags = {"plan": plan, "finalize": finalize, "update": update, "verify": verify}
    part = corpus_flags.part_of_work(options, shard=shard, **flags)
    corpus_flags.require_free_for_dask(dask, jobs=jobs, shard=shard, finalize=finalize)
    sets = ["keep_text=true"] if keep_text else []
    terminal, settings, context = prepare("preprocess", out, options, sets)
    result = stage.run(settings, edf_dir, context, jobs=jobs, dask=dask, part=part)
    refused = result.beside["refused"]
    finish(terminal, result)
    if refused and not options.json:
        show_rows(terminal, "refused", refused_table(refused, show_names=show_names), out / REFUSED)
    if show_names and result.names and not options.json:
        table = ["label", "became", "kind", "files"], [list(row) for row in result.names]
        show_rows(terminal, "labels", table, out / CHANNELS)
    if show_names and result.id and not options.json:
        show_rows(terminal, "concerns", by_path(out), out / CONCERNS)
    if result.id and not options.json:
        terminal.line(f"before and after: {out / stage.LOOK}")
    if refused and strict:
        terminal.fail(f"{len(refused)} file(s) were refused, and --strict was given")
        raise typer.Exit(InputError.exit_code)


@command(SPINE)
def tokenize(
    recordings: Recordings,
    out: Out,
    tokenizer: Annotated[
        Path | None, typer.Option(help="Tokens folder whose tokenizer is used as it is.")
    ] = None,
    *,
    options: Options,
    train_only: TrainOnly = False,
    shard: OneShard = None,
    finalize: Finalize = False,
    dask: corpus_flags.OverDask = None,
    device: OnDevice = None,
    num_workers: NumWorkers = 0,
    resume: Resumed = Resume.AUTO,
    tracker: Tracker = None,
) -> None:
    """Learn a codebook from recordings, and write them as tokens."""
    from eegssl.stages import tokenize as stage

    flags = {"train_only": train_only, "finalize": finalize}
    part = corpus_flags.part_of_tokens(options, shard=shard, **flags)
    corpus_flags.require_free_for_dask(dask, shard=shard, **flags)
    terminal, settings, context = prepare("tokenize", out, options, settings_of(device))
    context.trackers = require_trackers(tracker or ())
    how = run_options(num_workers, resume)
    given = settings, recordings, context
    finish(terminal, stage.run(*given, tokenizer=tokenizer, options=how, part=part, dask=dask))


@command(SPINE)
def pretrain(
    recordings: Recordings,
    out: Out,
    tokens: Annotated[
        Path | None, typer.Option(help="Folder made by tokenize, for objectives that need codes.")
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(help="What is minimised: codes (default), or others.", metavar="NAME[,NAME]"),
    ] = None,
    init_from: Annotated[
        Path | None, typer.Option(help="Encoder whose weights to begin with.")
    ] = None,
    *,
    options: Options,
    device: OnDevice = None,
    num_workers: NumWorkers = 0,
    resume: Resumed = Resume.AUTO,
    tracker: Tracker = None,
) -> None:
    """Train an encoder on recordings by self-supervision."""
    from eegssl.config.resolve import flagged
    from eegssl.stages import pretrain as stage
    from eegssl.training.pretraining.encoder_headline import headline
    from eegssl.training.pretraining.requirements import require_read

    options, sets = with_objective(options, objective)
    sets += settings_of(device)
    terminal, settings, context = prepare("pretrain", out, options, sets)
    require_read(flagged(options.set or ()), settings.objective)
    context.trackers = require_trackers(tracker or ())
    how = run_options(num_workers, resume)
    result = stage.run(settings, recordings, tokens, context, how, init_from)
    finish(terminal, result, headline)
    tell_report(terminal, result)


@command(SPINE)
def finetune(
    recordings: Recordings,
    encoder: Annotated[Path, typer.Option(help="Folder made by pretrain.")],
    task: Annotated[str, typer.Option(help="A task by name, or a TOML file of your own.")],
    out: Out,
    adapt: Adapt = None,
    labels: ShareOfLabels = None,
    folds: Folds = None,
    allow_leak: AllowLeak = False,
    targets: Targets = None,
    *,
    options: Options,
    tracker: Tracker = None,
    device: OnDevice = None,
    num_workers: NumWorkers = 0,
    resume: Resumed = Resume.AUTO,
) -> None:
    """Adapt an encoder to a task; a threshold is chosen on validation data."""
    from eegssl.config.resolve import flagged, read_task
    from eegssl.stages import crossvalidate
    from eegssl.stages import finetune as stage
    from eegssl.tasks.kinds import KINDS
    from eegssl.tasks.settings_read import require_way_reads

    flags = {"adaptation.kind": adapt, "labels_fraction": labels, "targets": listed(targets)}
    sets = [f"{key}={value}" for key, value in flags.items() if value is not None]
    how = run_options(num_workers, resume)
    terminal, settings, context = prepare("finetune", out, options, [*sets, *settings_of(device)])
    context.trackers = require_trackers(tracker or ())
    kind = KINDS[read_task(task, settings.task).kind]
    ways = [settings.adaptation.kind]
    require_way_reads(flagged(options.set or ()), ways, kind.reads_of_way, task)
    settings, n, allow = kind.with_flags(settings, folds and number_of_folds(folds), allow_leak)
    if tracker and n is not None:
        raise ConfigError("--tracker follows one training, and a cross-validation has several")
    if n is None:
        result = stage.run(settings, recordings, encoder, task, context, how)
    else:
        how.require_usual("a cross-validation")
        result = crossvalidate.run(
            settings, recordings, encoder, task, context, folds=n, allow_leak=allow
        )
    finish(terminal, result)
    tell_report(terminal, result)


@command(SPINE)
def evaluate(
    out: Out,
    model: Annotated[
        Path | None, typer.Argument(help="Folder made by finetune; with --probes by pretrain.")
    ] = None,
    recordings: Annotated[
        list[Path] | None, typer.Argument(help="Folder(s) made by preprocess.")
    ] = None,
    *,
    options: Options,
    probes: Annotated[
        bool, typer.Option("--probes", help="Ask what an encoder knows, in place of scores.")
    ] = False,
    allow_leak: Annotated[
        bool, typer.Option("--allow-leak", help="Score what was trained on; marks every result.")
    ] = False,
    targets: Targets = None,
    corruptions: Corruptions = None,
    rescore: Annotated[
        Path | None, typer.Option(help="Score predictions or a tree of event tables; no model.")
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(help="With --rescore: reference tables, or labelled files."),
    ] = None,
    missing: Annotated[
        Missing, typer.Option(help="A table that TREE lacks: an error, or no detections.")
    ] = Missing.ERROR,
    show_names: Annotated[bool, typer.Option(help="Show paths of tables on the terminal.")] = False,
    nan_policy: Annotated[
        str | None,
        typer.Option(help="Subjects without a score: skip, or zero.", metavar="skip|zero"),
    ] = None,
) -> None:
    """Predict with a model on recordings, and write scores and a report."""
    from eegssl.probes.probes_contract import headline
    from eegssl.reports.corrupted.robustness_curves import severity_grid
    from eegssl.stages import evaluate as stage
    from eegssl.stages import rescore as scoring
    from eegssl.stages import score_trees

    flags = ["allow_leak=true"] if allow_leak else []
    flags += [f"scoring.nan_policy={nan_policy}"] if nan_policy else []
    flags += [f"targets={listed(targets)}"] if targets else []
    flags += corrupted("corruptions.kinds", corruptions)
    require_one_source(model, recordings, rescore, reference, missing)
    if probes:
        require_for_probes(model, flags)
    terminal, settings, context = prepare("probes" if probes else "evaluate", out, options, flags)
    if probes:
        assert model is not None
        result = stage.run_probes(settings, model, recordings or [], context)
    elif rescore and reference and scoring.holds_new_predictions(rescore):
        result = scoring.with_reference(settings, rescore, reference, context)
    elif rescore and reference:
        result = score_trees.run(
            settings, rescore, reference, context, missing=missing.value, show_names=show_names
        )
    elif rescore:
        result = scoring.run(settings, rescore, context)
    else:
        assert model is not None
        result = stage.run(settings, model, recordings or [], context)
    finish(terminal, result, headline if probes else None)
    if (rows := result.beside.get("robustness")) and not options.json:
        terminal.grid("scores by severity of corruptions", *severity_grid(rows))
    tell_report(terminal, result)


@command(SPINE)
def benchmark(
    matrix: Annotated[Path, typer.Argument(help="TOML: encoders, tasks, adaptations, seeds.")],
    out: Out,
    corruptions: Corruptions = None,
    *,
    options: Options,
) -> None:
    """Compare encoders, tasks, adaptations and seeds in one table and a leaderboard."""
    from eegssl.config.resolve import flagged
    from eegssl.stages import benchmark as stage
    from eegssl.stages.benchmark_cells import Matrix

    flags = corrupted("evaluate.corruptions.kinds", corruptions)
    terminal, settings, context = prepare("benchmark", out, options, flags, matrix)
    Matrix(settings, matrix.parent).require_read(flagged(options.set or ()))
    result = stage.run(settings, matrix.parent, context)
    finish(terminal, result)
    if result.id and not options.json:
        columns, rows = stage.table(settings, matrix.parent, out)
        terminal.grid("results", columns, rows)
        terminal.line(f"leaderboard: {out / stage.LEADERBOARD}")


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        Terminal().line(f"eegssl {__version__}")
        raise typer.Exit


from eegssl.cli import predicting as predicting  # noqa: E402
from eegssl.cli import verbs as verbs  # noqa: E402  (the helper commands, after the six)
from eegssl.cli import watching as watching  # noqa: E402


def main() -> None:
    """Run the command line."""
    # Waiting threads of torch yield the core: on a shared machine, spinning made small models
    # several times slower. It must be set before torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # "µV" on a terminal that has no µ
    try:
        app()
    except BrokenPipeError:
        pipe_closed()
        raise SystemExit(PIPE_CLOSED) from None
    except SystemExit as end:
        leave_as_rank(end.code)
        if pipe_closed():
            raise SystemExit(end.code or PIPE_CLOSED) from None
        raise

"""The commands: parse, call ``stages.X.run(config)``, print, exit.

Nothing heavy is imported here: ``eegssl --help`` loads neither torch, mne nor scipy.
"""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from eegssl import __version__
from eegssl.errors import InputError
from eegssl.running import JsonGroup, finish, guarded, prepare
from eegssl.terminal import Terminal

app = typer.Typer(
    cls=JsonGroup,
    name="eegssl",
    help="Self-supervised EEG foundation models: from folders of EDF files to a scored model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
_SHOWN = 20  # refused files on the terminal
SPINE, HELPERS = "The pipeline, in this order", "Helpers"

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder to make.")]
Preset = Annotated[str | None, typer.Option(help="Settings that come with eegssl, by name.")]
Config = Annotated[Path | None, typer.Option("--config", help="TOML, one table a stage.")]
Sets = Annotated[list[str] | None, typer.Option("--set", help="One setting: key=value.")]
Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of all that is random.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an older artifact.")]
Recordings = Annotated[list[Path], typer.Argument(help="Folder(s) made by preprocess.")]


def command(panel: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command whose errors become one message and the exit code of their kind."""
    return lambda function: app.command(rich_help_panel=panel)(guarded(function))


@command(SPINE)
def preprocess(
    edf_dir: Annotated[list[Path], typer.Argument(help="Folder(s) of EDF or BDF files.")],
    out: Out,
    preset: Preset = None,
    config: Config = None,
    set: Sets = None,
    seed: Seed = 0,
    json: Json = False,
    dry_run: DryRun = False,
    overwrite: Overwrite = False,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
    show_names: Annotated[bool, typer.Option(help="Show paths on the terminal.")] = False,
    strict: Annotated[bool, typer.Option(help="Exit with 3 if a file is refused.")] = False,
) -> None:
    """EDF folders to clean, de-identified recordings in µV, split by subject."""
    from eegssl.stages import preprocess as stage

    terminal, settings, run = prepare("preprocess", locals())
    result = stage.run(settings, edf_dir, run, jobs=jobs)
    finish(terminal, result)
    refused = stage.refusals(result)
    if refused and not json:
        names = stage.names_of(refused) if show_names else {}
        rows = [
            [names.get(r["recording"], r["recording"]), r["code"], r["reason"]] for r in refused
        ]
        terminal.grid("refused", ["recording", "code", "reason"], rows[:_SHOWN])
        if len(rows) > _SHOWN:
            terminal.line(f"… and {len(rows) - _SHOWN} more in {out / stage.REFUSED}")
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
    preset: Preset = None,
    config: Config = None,
    set: Sets = None,
    seed: Seed = 0,
    json: Json = False,
    dry_run: DryRun = False,
    overwrite: Overwrite = False,
) -> None:
    """Recordings to tokens: learn a codebook, write the corpus as codes."""
    from eegssl.stages import tokenize as stage

    terminal, settings, run = prepare("tokenize", locals())
    finish(terminal, stage.run(settings, recordings, run, tokenizer=tokenizer))


@command(SPINE)
def pretrain(
    recordings: Recordings,
    tokens: Annotated[Path, typer.Option(help="Folder made by tokenize.")],
    out: Out,
    preset: Preset = None,
    config: Config = None,
    set: Sets = None,
    seed: Seed = 0,
    json: Json = False,
    dry_run: DryRun = False,
    overwrite: Overwrite = False,
) -> None:
    """Recordings and tokens to an encoder, by masked-code prediction."""
    from eegssl.stages import pretrain as stage

    terminal, settings, run = prepare("pretrain", locals())
    finish(terminal, stage.run(settings, recordings, tokens, run))


@command(SPINE)
def finetune(
    recordings: Recordings,
    encoder: Annotated[Path, typer.Option(help="Folder made by pretrain.")],
    task: Annotated[str, typer.Option(help="A task by name, or a TOML file of your own.")],
    out: Out,
    preset: Preset = None,
    config: Config = None,
    set: Sets = None,
    seed: Seed = 0,
    json: Json = False,
    dry_run: DryRun = False,
    overwrite: Overwrite = False,
) -> None:
    """An encoder and a task to a model, its threshold chosen on validation data."""
    from eegssl.stages import finetune as stage

    terminal, settings, run = prepare("finetune", locals())
    finish(terminal, stage.run(settings, recordings, encoder, task, run))


@command(SPINE)
def evaluate(
    model: Annotated[Path, typer.Argument(help="Folder made by finetune.")],
    recordings: Recordings,
    out: Out,
    preset: Preset = None,
    config: Config = None,
    set: Sets = None,
    seed: Seed = 0,
    json: Json = False,
    dry_run: DryRun = False,
    overwrite: Overwrite = False,
) -> None:
    """A model and recordings to predictions, scores and a report."""
    from eegssl.stages import evaluate as stage

    terminal, settings, run = prepare("evaluate", locals())
    result = stage.run(settings, model, recordings, run)
    finish(terminal, result)
    if result.id and not json:
        terminal.line(f"report: {out / stage.REPORT}")


@command(SPINE)
def benchmark(
    matrix: Annotated[Path, typer.Argument(help="TOML: encoders, tasks, adaptations, seeds.")],
    out: Out,
    preset: Preset = None,
    config: Config = None,
    set: Sets = None,
    seed: Seed = 0,
    json: Json = False,
    dry_run: DryRun = False,
    overwrite: Overwrite = False,
) -> None:
    """A matrix of encoders, tasks, adaptations and seeds to one table and a leaderboard."""
    from eegssl.resolve import read_matrix
    from eegssl.stages import benchmark as stage

    terminal, _, run = prepare("benchmark", locals(), resolved=True)
    settings = read_matrix(matrix, preset=preset, file=config, sets=set or ())
    result = stage.run(settings, matrix.parent, run)
    finish(terminal, result)
    if result.id and not json:
        columns, rows = stage.table(out)
        terminal.grid("results", columns, rows)
        terminal.line(f"leaderboard: {out / stage.LEADERBOARD}")


@command(HELPERS)
def synth(
    out: Out,
    preset: Preset = None,
    config: Config = None,
    set: Sets = None,
    seed: Seed = 0,
    json: Json = False,
    dry_run: DryRun = False,
    overwrite: Overwrite = False,
) -> None:
    """Make a synthetic clinical corpus: EDF+ in BIDS layout, with seizures of known truth."""
    from eegssl.stages import synth as stage

    terminal, settings, run = prepare("synth", locals())
    finish(terminal, stage.run(settings, run))


@command(HELPERS)
def info(
    artifact: Annotated[Path, typer.Argument(help="Any folder that a command made.")],
    json: Json = False,
    check: Annotated[bool, typer.Option("--check", help="Hash every file, bulk ones too.")] = False,
) -> None:
    """Explain an artifact: what it is, what it was made from, what it holds."""
    from eegssl.artifacts import check_bulk, load, read_manifest

    manifest = read_manifest(artifact)
    load(artifact, manifest.kind)
    if check:
        check_bulk(artifact, manifest, hashes=True)
    terminal = Terminal(as_json=json)
    if json:
        terminal.document(manifest.to_json())
        return
    made_from = [f"{kind} {id_[:12]}…" for kind, id_ in manifest.inputs]
    terminal.table(
        f"{artifact}: {manifest.kind}",
        {
            "id": manifest.id,
            "made by": f"eegssl {manifest.eegssl_version}, seed {manifest.seed}",
            "made from": made_from or "nothing upstream",
            "fitted on": f"{len(manifest.fitted_on.subjects)} subjects, "
            f"{len(manifest.fitted_on.recordings)} recordings",
            "files": f"{len(manifest.files)} checked, {sum(s for s, _ in manifest.files.values())} "
            "bytes" + (f"; more in {', '.join(manifest.bulk)}/" if manifest.bulk else ""),
        },
    )
    terminal.table("what it holds", manifest.facts)
    terminal.table("settings", manifest.config)


@command(HELPERS)
def doctor(json: Json = False) -> None:
    """Print versions, devices and disk for a bug report; nothing private is in it."""
    from eegssl.doctor import examine

    terminal, found = Terminal(as_json=json), examine()
    if json:
        terminal.document(found)
    else:
        terminal.table(f"eegssl {__version__}", found)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        Terminal().line(f"eegssl {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    # Threads of torch that wait for each other give the core away: on a machine that others use
    # too, spinning made small models several times slower. It counts before torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # "µV" on a terminal that has no µ
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(0) from None

"""Define the commands that use a model."""

from dataclasses import replace
from json import dumps as to_json
from pathlib import Path
from typing import Annotated

import typer

from eegssl.cli.app import USE, Options, Out, command
from eegssl.cli.running import finish, prepare, show_rows
from eegssl.errors import InputError


@command(USE)
def predict(
    files: Annotated[list[Path], typer.Argument(help="New EDF or other EEG files, and folders.")],
    model: Annotated[Path, typer.Option(help="Folder made by finetune.")],
    out: Out,
    detector: Annotated[
        Path | None, typer.Option(help="For types of events: the model that detects them.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: one per core.")] = 0,
    format: Annotated[
        str | None, typer.Option(help="Of detections: tsv, edf, html, json.", metavar="A,B")
    ] = None,
    keep_names: Annotated[
        bool, typer.Option("--keep-names", help="Call what is written as the files are called.")
    ] = False,
    keep_identity: Annotated[
        bool, typer.Option("--keep-identity", help="Write dates, and patients in copies.")
    ] = False,
    show_names: Annotated[bool, typer.Option(help="Show paths on the terminal.")] = False,
    strict: Annotated[bool, typer.Option(help="Exit with 3 if a file is refused.")] = False,
    *,
    options: Options,
) -> None:
    """Ask a model of new files, each cleaned as its recordings were."""
    from eegssl.corpus.preprocessing.file_outcomes import refused_table
    from eegssl.stages import predict as stage

    sets = [f"formats={to_json(_names(format))}"] if format is not None else []
    sets += ["keep_names=true"] if keep_names else []
    sets += ["keep_identity=true"] if keep_identity else []
    terminal, settings, context = prepare("predict", out, options, sets)
    result = stage.run(settings, model, files, context, jobs=jobs, detector=detector)
    refused = result.beside["refused"]
    finish(terminal, result)
    if refused and not options.json:
        table = refused_table(refused, show_names=show_names)
        show_rows(terminal, "refused", table, out / stage.FILES)
    if refused and strict:
        terminal.fail(f"{len(refused)} file(s) were refused, and --strict was given")
        raise typer.Exit(InputError.exit_code)


def _names(words: str) -> list[str]:
    """Each name of a list with commas once, without spaces and capitals."""
    return list(dict.fromkeys(word.strip().lower() for word in words.split(",")))


@command(USE)
def container(
    model: Annotated[Path, typer.Argument(help="Folder made by finetune.")],
    out: Out,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Run its self-test, which needs no Docker.")
    ] = False,
    *,
    options: Options,
) -> None:
    """Make the folder that a SzCORE container of a seizure detector is built of."""
    from eegssl.stages import container as stage

    terminal, settings, context = prepare("container", out, options)
    result = stage.run(settings, model, context)
    if self_test and not context.dry_run:
        lines = stage.self_test(out)
        for line in lines:
            terminal.say(line)
        result = replace(result, beside={"self_test": lines})
    finish(terminal, result)

"""Define the app and the options that all commands share."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from eegssl.cli.running import JsonGroup, guarded

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
SPINE, USE, HELPERS = "The pipeline, in this order", "Use of a model", "Helpers"

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")]
Preset = Annotated[list[str] | None, typer.Option(help="Settings that come with eegssl, by name.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Recordings = Annotated[list[Path], typer.Argument(help="Folder(s) made by preprocess.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for another process that works on --out.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an older artifact.")]


@dataclass(frozen=True)
class Options:
    """The options of every command that makes an artifact."""

    preset: Preset = None
    config: Annotated[
        Path | None, typer.Option(help="TOML file of settings, one table per command.")
    ] = None
    set: Annotated[list[str] | None, typer.Option(help="One setting: key=value.")] = None
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of all random choices.")] = 0
    json: Json = False
    dry_run: DryRun = False
    wait: Wait = False
    overwrite: Overwrite = False


def command(panel: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command; an error ends it with one message and an exit code."""
    return lambda function: app.command(rich_help_panel=panel)(guarded(_flat(function)))


def _flat(function: Callable[..., None]) -> Callable[..., None]:
    """A command whose argument ``options`` typer sees as the fields of `Options`."""
    hints = get_type_hints(function, include_extras=True)
    if hints.get("options") is not Options:
        return function
    fields = get_type_hints(Options, include_extras=True)
    parameters: list[Parameter] = []
    for name, parameter in signature(function).parameters.items():
        own = {name: parameter.default} if name != "options" else vars(Options())
        parameters += [
            Parameter(n, Parameter.KEYWORD_ONLY, default=default, annotation=(fields | hints)[n])
            for n, default in own.items()
        ]

    def flat(**arguments: Any) -> None:
        options = Options(**{name: arguments.pop(name) for name in fields})
        function(**arguments, options=options)

    run: Any = wraps(function)(flat)
    run.__signature__ = Signature(parameters)
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run

"""Define the app and the options that all commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

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
SPINE, HELPERS = "The pipeline, in this order", "Helpers"

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")]
Preset = Annotated[list[str] | None, typer.Option(help="Settings that come with eegssl, by name.")]
Config = Annotated[
    Path | None, typer.Option("--config", help="TOML file of settings, one table per command.")
]
Sets = Annotated[list[str] | None, typer.Option("--set", help="One setting: key=value.")]
Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of all random choices.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an older artifact.")]
Recordings = Annotated[list[Path], typer.Argument(help="Folder(s) made by preprocess.")]


def command(panel: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command; an error ends it with one message and an exit code."""
    return lambda function: app.command(rich_help_panel=panel)(guarded(function))

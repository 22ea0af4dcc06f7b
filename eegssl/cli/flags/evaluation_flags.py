"""Define the flags of `evaluate`, and the settings that they stand for."""

from enum import Enum
from json import dumps as to_json
from pathlib import Path
from typing import Annotated

import typer

from eegssl.errors import ConfigError


class Missing(Enum):
    """Treatment of a table that a tree of detections lacks."""

    ERROR = "error"
    COUNT = "count"


Targets = Annotated[
    list[Path] | None,
    typer.Option(help="Forecasts: the same recordings, filtered without delay."),
]
Corruptions = Annotated[
    str | None,
    typer.Option(
        help="Predict corrupted recordings too: white,muscle,… or all.", metavar="NAMES|all"
    ),
]


def corrupted(key: str, names: str | None) -> list[str]:
    """The setting that a list of corruptions by name stands for."""
    if names is None:
        return []
    value = "all" if names == "all" else to_json([name.strip() for name in names.split(",")])
    return [f"{key}={value}"]


def listed(paths: list[Path] | None) -> str | None:
    """Paths as the TOML array that a setting takes."""
    return to_json([str(path) for path in paths]) if paths else None


def require_one_source(
    model: Path | None,
    recordings: list[Path] | None,
    rescore: Path | None,
    reference: Path | None,
    missing: Missing,
) -> None:
    """Raise ConfigError unless there is a model with recordings, or predictions to score."""
    if rescore and model:
        raise ConfigError("--rescore needs no model and no recordings: leave them out")
    if reference and not rescore:
        raise ConfigError("--reference belongs to --rescore TREE")
    if missing is Missing.COUNT and not reference:
        raise ConfigError("--missing belongs to --rescore TREE --reference TREE")
    if not rescore and not (model and recordings):
        raise ConfigError("give a model and recordings, or --rescore PREDICTIONS")


def require_for_probes(encoder: Path | None, flags: list[str]) -> None:
    """Raise ConfigError for what probes do not read."""
    if encoder is None:
        raise ConfigError("--probes asks of an encoder: give one with recordings, and no --rescore")
    others = [flag.partition("=")[0] for flag in flags if not flag.startswith("allow_leak")]
    if others:
        raise ConfigError(f"--probes does not read {', '.join(others)}: leave it out")

"""Define the flags of `evaluate`, and the settings that they stand for."""

from enum import Enum
from json import dumps as to_json
from pathlib import Path
from typing import Annotated

import typer


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

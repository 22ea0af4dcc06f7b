"""Define the options of commands that train."""

from dataclasses import replace
from enum import Enum
from json import dumps as to_json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from eegssl.cli.app import Options
    from eegssl.training.ranks.together import RunOptions


class Resume(Enum):
    """Treatment of an unfinished training."""

    AUTO = "auto"
    MUST = "must"
    NEVER = "never"


class Devices(Enum):
    """Devices to train on."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


NumWorkers = Annotated[
    int, typer.Option(min=0, help="Processes of each rank that read data ahead; 0: none.")
]
Resumed = Annotated[
    Resume, typer.Option("--resume", help="Go on with a checkpoint: if there is one, must, never.")
]
Tracker = Annotated[
    list[str] | None,
    typer.Option("--tracker", help="Log to tensorboard, wandb or mlflow too.", metavar="NAME"),
]
OnDevice = Annotated[
    Devices | None, typer.Option("--device", help="Short for --set training.device=…")
]


def settings_of(device: Devices | None) -> list[str]:
    """The setting that a device is short for."""
    return [] if device is None else [f"training.device={device.value}"]


def with_objective(options: "Options", objective: str | None) -> "tuple[Options, list[str]]":
    """Options and settings that ``--objective`` is short for: the presets of these objectives.

    A preset says which masks go with an objective; of several the first one's count.
    """
    from eegssl.config.resolve import presets_of_objectives, require_objectives

    if objective is None:
        return options, []
    names = [name.strip() for name in objective.split(",")]
    require_objectives(names)
    presets = [*(options.preset or ()), *reversed(presets_of_objectives(names))]
    return replace(options, preset=presets), [f"objective.terms={to_json(names)}"]


def run_options(num_workers: int, resume: Resume) -> "RunOptions":
    """Options of a training that its result does not depend on."""
    from eegssl.training.ranks.rank_place import rank_place
    from eegssl.training.ranks.together import RunOptions

    return RunOptions(rank_place(), num_workers, resume.value)

"""Define the flags of `finetune`."""

from typing import Annotated

import typer

from eegssl.errors import ConfigError

Adapt = Annotated[
    str | None,
    typer.Option(
        help="probe, attention, full, lora, two-stage, prototypes or scratch.", metavar="KIND"
    ),
]
ShareOfLabels = Annotated[
    float | None, typer.Option(help="Share of the training subjects to learn from.")
]
Folds = Annotated[
    str | None,
    typer.Option(help="Cross-validate: so many folds, or loso, by subject.", metavar="K|loso"),
]
AllowLeak = Annotated[
    bool,
    typer.Option("--allow-leak", help="With --folds or patients: test whom the encoder has seen."),
]


def number_of_folds(text: str) -> int | str:
    """A number of folds, or ``loso``; raises ConfigError for any other word."""
    if text == "loso" or (text.isdecimal() and text.isascii()):
        return text if text == "loso" else int(text)
    raise ConfigError(f"--folds: got {text!r}; expected a number, or loso (leave one subject out)")

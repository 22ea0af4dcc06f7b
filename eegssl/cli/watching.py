"""Show a running training in another shell, from its files alone."""

import sys
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from eegssl.cli.app import HELPERS, Json, command
from eegssl.cli.paced_line import lasting
from eegssl.cli.terminal import Terminal

if TYPE_CHECKING:
    from eegssl.training.live.running_state import RunningState
    from eegssl.training.live.training_rows import Row

_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.-=oO#@"
_LONGEST_SPARKLINE = 48
_STATES = {
    "running": "running",
    "stopped": "stopped: run the same command to go on",
    "finished": "finished",
    "unknown": "begun on another machine; whether it still runs can't be seen from here",
}
_METRICS = {
    "train_accuracy": ("accuracy", "{:.1%}"),
    "lr": ("learning rate", "{:.3g}"),
    "grad_norm": ("gradient norm", "{:.3g}"),
    "skipped": ("skipped steps", "{:.0f}"),
}
_SPEED = {
    "windows_per_s": ("windows a second", "{:,.4g}"),
    "eeg_h_per_s": ("hours of EEG a second", "{:.3g}"),
    "data_wait": ("waits for data", "{:.1%} of a step"),
    "memory_mb": ("memory", "{:,.0f} MB"),
    "mfu": ("MFU", "{:.1%}"),
    "ranks": ("ranks", "{:.0f}"),
}
"""Name in a row -> its words, and how its value is written."""
_MOST_SCORES = 12


@command(HELPERS)
def watch(
    folder: Annotated[Path, typer.Argument(help="The --out of a tokenize, pretrain or finetune.")],
    once: Annotated[bool, typer.Option("--once", help="Print one table and end.")] = False,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 2.0,
    json: Json = False,
) -> None:
    """Show how far a training is, while it runs or after; changes nothing."""
    from eegssl.training.live.running_state import running_state

    terminal, state = Terminal(as_json=json), running_state(folder)
    if json:
        terminal.document(state.as_document())
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    bars = _BARS if utf8 else _ASCII_BARS
    if once or not console.is_terminal or state.state == "finished":
        console.print(state_table(state, bars))
        return
    try:
        with Live(state_table(state, bars), console=console, auto_refresh=False) as live:
            while state.state != "finished":
                time.sleep(every)
                state = running_state(folder)
                live.update(state_table(state, bars), refresh=True)
    except KeyboardInterrupt:
        return


def state_table(state: "RunningState", bars: str = _BARS) -> Group:
    """A title and a table of what is known of a training; nothing in it is read as markup."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, value in _lines(state, bars):
        table.add_row(Text(name), Text(value))
    return Group(Text(f"{state.folder}: {state.kind}, {_STATES[state.state]}"), table)


def _lines(state: "RunningState", bars: str) -> list[tuple[str, str]]:
    """What is known, in words: name and value."""
    lines = [("steps", _steps(state))]
    if state.state == "running" and state.steps and state.step >= state.steps:
        lines.append(("time left", "trained; what else the artifact holds is being made"))
    elif state.seconds_left is not None:
        lines.append(("time left", f"about {lasting(state.seconds_left)}"))
    if state.row_age_s is None:
        lines.append(("last row", "none yet"))
    elif state.state != "finished":
        lines.append(("last row", f"{lasting(state.row_age_s)} ago"))
    if state.process:
        gone = ", which is gone" if state.state == "stopped" else ""
        lines.append(("process", state.process + gone))
    if losses := state.losses:
        lines.append(("loss", f"{losses[-1]:.4g}  {sparkline(losses, bars)}"))
    document = state.as_document()
    lines += _worded(document["metrics"], _METRICS) + _scores(document["metrics"])
    lines += _worded(document["speed"], _SPEED)
    return lines + [("look into", concern) for concern in document["concerns"]]


def _steps(state: "RunningState") -> str:
    if not state.steps:
        return f"{state.step:,}"
    return f"{state.step:,} of {state.steps:,} ({state.step / state.steps:.0%})"


def _worded(
    row: Mapping[str, float | None], words: Mapping[str, tuple[str, str]]
) -> list[tuple[str, str]]:
    """The numbers of a row that have words, in the order of the words."""
    known = [(*words[name], row[name]) for name in words if row.get(name) is not None]
    return [(name, shape.format(value)) for name, shape, value in known]


def _scores(row: "Row") -> list[tuple[str, str]]:
    """Scores of the last validation: those whose names have fewest parts first."""
    names = [n for n, v in row.items() if n.startswith("val_") and v is not None]
    plain = [n for n in names if n.replace("_", "").isalnum() and n.isascii()]
    plain.sort(key=lambda name: (name.count("_"), name))
    lines = [(n.replace("val_", "validation ", 1).replace("_", " "), n) for n in plain]
    return [(words, f"{row[name]:.4g}") for words, name in lines[:_MOST_SCORES]]


def sparkline(values: Sequence[float], bars: str = _BARS) -> str:
    """Values as a line of bars, low to high; of many the means of equal stretches."""
    n = min(len(values), _LONGEST_SPARKLINE)
    edges = [k * len(values) // n for k in range(n + 1)] if n else []
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
    low, high = min(means, default=0.0), max(means, default=0.0)
    top = len(bars) - 1
    places = [round((mean - low) / (high - low) * top) if high > low else 0 for mean in means]
    return "".join(bars[place] for place in places)

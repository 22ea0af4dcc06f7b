"""Run a command: resolve settings, print the result, report errors."""

import functools
import os
import select
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from eegssl.cli.machine_limits import explain
from eegssl.cli.terminal import Terminal
from eegssl.errors import ConfigError, EegsslError, OtherRankFailed, Preempted
from eegssl.training.fitting.preemption import on_sigterm
from eegssl.training.ranks.rank_place import ALONE, RankPlace, rank_place

if TYPE_CHECKING:
    from eegssl.artifacts.context import Context, Result
    from eegssl.cli.app import Options

_SHOWN = 20
"""Rows of a table of files on the terminal."""

OVER_RANKS = frozenset({"pretrain", "tokenize", "finetune"})
"""Commands that several ranks run together."""
_INTERRUPTED = 130
PIPE_CLOSED = 141
"""As of a program that SIGPIPE ends: what reads the output, such as ``head``, has enough."""
_OF_ALL = frozenset({Preempted.exit_code, _INTERRUPTED})
"""Exit codes of what a scheduler or a user does to all ranks at once."""
_FIRST_WORD_S = 10.0
"""Time in which rank 0 reports what all ranks have met, and a launcher ends the others."""


class JsonGroup(TyperGroup):
    """The group of commands; with ``--json`` usage errors are JSON documents too.

    A usage error is the same in all ranks of a distributed run: the first alone prints it.
    """

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line; see ``typer.core.TyperGroup.main``."""
        words = extra.get("args") or (args[0] if args else None) or sys.argv[1:]
        as_json, rank = "--json" in words, _place_of("").rank
        if not (as_json or rank) or not extra.get("standalone_mode", True):
            return super().main(*args, **extra)
        try:
            code = super().main(*args, **extra | {"standalone_mode": False})
        except Exception as error:
            code = getattr(error, "exit_code", None)
            if code is None:
                raise
            if not rank:
                text = error.format_message() if hasattr(error, "format_message") else str(error)
                _failed(Terminal(as_json=True), text, code)
        raise SystemExit(code if isinstance(code, int) else 0)


def guarded(function: Callable[..., None]) -> Callable[..., None]:
    """A command that an error ends with one message and the exit code of its class."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        terminal = Terminal(as_json=bool(kwargs.get("json", False)))
        try:
            place = _place_of(function.__name__)
            terminal = Terminal(as_json=terminal.as_json, rank=place.rank)
            if place.rank:
                warnings.simplefilter("ignore")
            _require_ranks_run(function.__name__, place)
            with on_sigterm(_stop):
                function(*args, **kwargs)
        except OtherRankFailed as error:
            raise typer.Exit(error.exit_code) from None
        except EegsslError as error:
            text = str(error)
            raise typer.Exit(_failed(terminal, text, error.exit_code, error.beside)) from None
        except KeyboardInterrupt:
            text = "interrupted; the same command goes on from here"
            raise typer.Exit(_failed(terminal, text, _INTERRUPTED)) from None
        except Stopped:
            text = "stopped by a signal; run the same command to go on"
            raise typer.Exit(_failed(terminal, text, Stopped.exit_code)) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            if isinstance(error, BrokenPipeError) and pipe_closed():
                raise typer.Exit(PIPE_CLOSED) from None
            text, code = _unforeseen(error, function.__name__, kwargs.get("out"))
            if code == 1 and os.environ.get("EEGSSL_DEBUG"):
                raise
            raise typer.Exit(_failed(terminal, text, code)) from None

    return run


def pipe_closed() -> bool:
    """Tell if whoever read what is printed has gone; what is left to print then goes nowhere."""
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    closed = False
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # a test's stream has no descriptor
            poll = select.poll()
            poll.register(stream.fileno(), 0)
            if any(event & select.POLLERR for _, event in poll.poll(0)):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
                closed = True
    return closed


def leave_as_rank(code: object) -> None:
    """End this process at once where it is one of several ranks and has failed.

    Python's own end takes apart what the ranks talk through, whose threads still run while others
    are waited for, and C++ then aborts the process in place of its exit code.
    """
    if isinstance(code, int) and code and _place_of("").n_ranks > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _place_of(command: str) -> RankPlace:
    """This process's place; half-set variables matter only to a command that ranks run."""
    try:
        return rank_place()
    except ConfigError:
        if command in OVER_RANKS:
            raise
        return ALONE


def _require_ranks_run(command: str, place: RankPlace) -> None:
    """Refuse to run a command in several ranks that one process runs."""
    if place.n_ranks == 1 or command in OVER_RANKS:
        return
    if place.rank:
        raise OtherRankFailed(ConfigError.exit_code)
    raise ConfigError(
        f"{command} was started in {place.n_ranks} processes by {place.launcher}; expected one: "
        f"only {', '.join(sorted(OVER_RANKS))} run in several"
    )


class Stopped(BaseException):
    """A signal outside a training; no ordinary error, which a library may catch and forget."""

    exit_code = Preempted.exit_code


def _stop() -> None:
    """End a preempted command, resumable; a training loop takes a checkpoint first."""
    raise Stopped


def _unforeseen(error: Exception, command: str, out: Path | None) -> tuple[str, int]:
    """Message and exit code for an error that is none of ours: of the machine, or a bug."""
    if limits := explain(error, command, out):
        return limits, ConfigError.exit_code
    if isinstance(error, OSError):
        text = f"the system says: {error.strerror or type(error).__name__} ({_place(error)})"
        return text, ConfigError.exit_code
    return _bug(error), 1


def prepare(
    stage: str, out: Path, options: "Options", sets: Sequence[str] = (), matrix: Path | None = None
) -> "tuple[Terminal, Any, Context]":
    """The terminal, the settings and the context of a command that makes an artifact.

    ``sets`` are settings that other flags give, ``matrix`` is a benchmark's file.
    """
    from eegssl.artifacts.context import Context
    from eegssl.config.resolve import read_matrix, resolve

    presets, sets = options.preset or (), [*(options.set or ()), *sets]
    if matrix is None:
        settings = resolve(stage, presets=presets, file=options.config, sets=sets)
    else:
        settings = read_matrix(matrix, presets=presets, file=options.config, sets=sets)
    terminal = Terminal(as_json=options.json, rank=_place_of(stage).rank)
    how = (options.overwrite, options.dry_run, options.wait)
    context = Context(out, options.seed, *how, progress=terminal)
    return terminal, settings, context


def finish(
    terminal: Terminal,
    result: "Result",
    headline: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> None:
    """Print what a stage made; ``headline`` makes of its facts the few that matter first."""
    terminal.close()
    if terminal.as_json:
        names = ("kind", "id", "state", "facts", "config", "warnings")
        own = {"artifact": str(result.out)} | {name: getattr(result, name) for name in names}
        terminal.document(own | result.beside)
        return
    facts = result.facts
    title = f"{result.out}: {result.kind}, {result.state}"
    if headline and facts:
        terminal.table(title, headline(facts))
        terminal.line(f"all of it: eegssl info {result.out}")
        return
    if concerns := facts.get("concerns"):  # their words have been told as warnings
        facts = {name: value for name, value in facts.items() if name != "warnings"}
        facts |= {"concerns": {kind: row["n"] for kind, row in concerns.items()}}
    terminal.table(title, facts or result.config)


def tell_report(terminal: Terminal, result: "Result") -> None:
    """Say where the page is, if the artifact has one."""
    page = result.out / "report.html"
    if result.id and not terminal.as_json and page.exists():
        terminal.line(f"report: {page}")


def show_rows(
    terminal: Terminal, title: str, table: tuple[list[str], list[list[Any]]], source: Path
) -> None:
    """Print the first rows of a table, and say where the others are."""
    columns, rows = table
    if rows:
        terminal.grid(title, columns, rows[:_SHOWN])
    if len(rows) > _SHOWN:
        terminal.line(f"… and {len(rows) - _SHOWN} more rows, see {source}")


def _failed(
    terminal: Terminal, text: str, code: int, beside: Mapping[str, Any] | None = None
) -> int:
    terminal.close()
    if terminal.rank:
        if code in _OF_ALL:
            return code
        if not _is_joined():
            time.sleep(_FIRST_WORD_S)
    terminal.fail(text)
    if terminal.as_json:
        terminal.document({"error": text, "exit_code": code} | dict(beside or {}))
    return code


def _is_joined() -> bool:
    """Tell whether this rank is among the others; its errors are then its own."""
    distributed: Any = sys.modules.get("torch.distributed")
    return bool(distributed and distributed.is_available() and distributed.is_initialized())


def _bug(error: Exception) -> str:
    """Describe a bug by its place, without its message, which may quote a recording."""
    return (
        f"a bug of eegssl: {type(error).__name__} at {_place(error)}; "
        "please report it with the output of `eegssl doctor` (EEGSSL_DEBUG=1 shows all of the "
        "traceback, which may hold names out of your files)"
    )


def _place(error: Exception) -> str:
    """List the places in eegssl where an error arose, innermost first."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "eegssl" in f.filename]
    places = [f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames[-4:]]
    return " < ".join(reversed(places))

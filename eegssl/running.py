"""How a command runs: settings resolved, the result printed, an error one message and a code."""

import functools
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from eegssl.errors import EegsslError
from eegssl.terminal import Terminal

if TYPE_CHECKING:
    from eegssl.stages.run import Result, Run


def guarded(function: Callable[..., None]) -> Callable[..., None]:
    """A command whose errors end it with one message and the exit code of their kind."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        terminal = Terminal(as_json=bool(kwargs.get("json", False)))
        try:
            function(*args, **kwargs)
        except EegsslError as error:
            raise typer.Exit(_failed(terminal, str(error), error.exit_code)) from None
        except KeyboardInterrupt:
            text = "interrupted; the same command goes on from here"
            raise typer.Exit(_failed(terminal, text, 130)) from None
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get("EEGSSL_DEBUG"):
                raise
            raise typer.Exit(_failed(terminal, _bug(error), 1)) from None

    return run


def prepare(
    stage: str, given: dict[str, Any], *, resolved: bool = False
) -> "tuple[Terminal, Any, Run]":
    """The terminal, the resolved settings and the run, from a command's arguments."""
    from eegssl.resolve import resolve
    from eegssl.stages.run import Run

    settings = None
    if not resolved:
        settings = resolve(
            stage, preset=given["preset"], file=given["config"], sets=given["set"] or ()
        )
    terminal = Terminal(as_json=given["json"])
    run = Run(
        given["out"],
        seed=given["seed"],
        overwrite=given["overwrite"],
        dry_run=given["dry_run"],
        progress=terminal,
    )
    return terminal, settings, run


def finish(terminal: Terminal, result: "Result") -> None:
    """Print what a stage made."""
    terminal.close()
    if terminal.as_json:
        terminal.document(
            {
                "artifact": str(result.out),
                "kind": result.kind,
                "id": result.id,
                "state": result.state,
                "facts": result.facts,
                "config": result.config,
                "warnings": list(result.warnings),
            }
        )
        return
    terminal.table(f"{result.out}: {result.kind}, {result.state}", result.facts or result.config)


def _failed(terminal: Terminal, text: str, code: int) -> int:
    terminal.close()
    terminal.fail(text)
    if terminal.as_json:
        terminal.document({"error": text, "exit_code": code})
    return code


def _bug(error: Exception) -> str:
    """Where a bug is, without its message, which may repeat words out of a recording."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "eegssl" in f.filename]
    places = [f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames[-4:]]
    return (
        f"a bug of eegssl: {type(error).__name__} at {' < '.join(reversed(places))}; "
        "please report it with the output of `eegssl doctor` (EEGSSL_DEBUG=1 shows all of the "
        "traceback, which may hold names out of your files)"
    )

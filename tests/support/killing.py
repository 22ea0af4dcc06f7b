"""Commands in processes of their own that end themselves, or are ended, at chosen moments.

A moment is the n-th time that the process is about to change something below a folder (open for
writing, rename, remove, make or remove a folder), seen by an audit hook: the code under test knows
nothing of it, and a moment is the same in every run. The processes are forked from a server that
has imported the stages but computed nothing, so that one costs no seconds of imports. The figures
of their pages are left blank unless asked for.
"""

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
STAGES = ("preprocess", "tokenize", "pretrain", "finetune", "evaluate", "benchmark", "predict")


@dataclass(frozen=True)
class Ended:
    """How a process ended: exit code (negative: by a signal), what it said and what it changed."""

    code: int
    said: str
    changes: tuple[str, ...]
    """For each moment, what was about to be done and to which file."""


@dataclass(frozen=True)
class Started:
    """A process that was started, and the files that it tells by."""

    process: Any
    log: Path
    said: Path

    def wait(self, timeout_s: float = 600) -> Ended:
        """How it ended; TimeoutError where it does not."""
        self.process.join(timeout_s)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
            raise TimeoutError(f"a command took more than {timeout_s} s: {self.said.read_text()}")
        changes = tuple(json.loads(line) for line in self.log.read_text().splitlines())
        assert self.process.exitcode is not None
        return Ended(self.process.exitcode, self.said.read_text(), changes)


def run(
    arguments: Sequence[str],
    below: Path,
    scratch: Path,
    *,
    moment: int | None = None,
    by: signal.Signals = signal.SIGKILL,
    drawn: bool = False,
) -> Ended:
    """Run ``eegssl`` with these arguments; with ``moment`` it meets the signal there."""
    return start(arguments, below, scratch, moment=moment, by=by, drawn=drawn).wait()


def start(
    arguments: Sequence[str],
    below: Path,
    scratch: Path,
    *,
    moment: int | None = None,
    by: signal.Signals = signal.SIGKILL,
    drawn: bool = False,
    environment: Mapping[str, str] | None = None,
    before: Callable[[], object] | None = None,
) -> Started:
    """Start ``eegssl`` as `run` does, in an environment of its own.

    The process first calls ``before``, a picklable one.
    """
    context = server()
    log, said = scratch / "changes.jsonl", scratch / "said.txt"
    log.write_text("")
    said.write_text("")
    plan = {"below": str(below), "log": str(log), "said": str(said), "moment": moment, "by": by}
    plan |= {"drawn": drawn, "before": before}
    variables = dict(os.environ if environment is None else environment)
    process = context.Process(target=_child, args=(list(arguments), plan, variables))
    process.start()
    return Started(process, log, said)


@cache
def server() -> ForkServerContext:
    """A server that holds the stages; one that workers of preprocess left holds less, and ends."""
    context = multiprocessing.get_context("forkserver")
    forkserver._forkserver._stop()
    stages = (f"eegssl.stages.{name}" for name in STAGES)
    context.set_forkserver_preload(["torch._dynamo", "blankfigures", *stages])
    return context


def _child(arguments: list[str], plan: dict[str, Any], environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    said = os.open(plan["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(said, 1)
    os.dup2(said, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a shell's `&`
    import torch
    from blankfigures import blank

    from eegssl.cli.commands import app

    torch.set_num_threads(1)
    os.fsync = lambda descriptor: None  # a kill is no power failure
    if plan["before"]:
        plan["before"]()
    _watch(plan)
    with nullcontext() if plan["drawn"] else blank():
        app(arguments)


def _watch(plan: dict[str, Any]) -> None:
    """Log every change below the folder, and send the signal at the moment."""
    below, moment, by = plan["below"], plan["moment"], plan["by"]
    log = os.open(plan["log"], os.O_WRONLY | os.O_APPEND)
    count = 0

    def hook(event: str, details: tuple[Any, ...]) -> None:
        nonlocal count
        if event == "open":
            path, _, flags = details
            if not isinstance(flags, int) or not flags & WRITING:
                return
        elif event in CHANGES:
            path = details[0]
        else:
            return
        if not isinstance(path, str | bytes | os.PathLike):
            return
        if not os.fsdecode(path).startswith(below):
            return
        named = os.fsdecode(path).removeprefix(below).lstrip("/")
        os.write(log, (json.dumps(f"{event} {named}") + "\n").encode())
        count += 1  # first: a signal may be an error here, and is sent once
        if count - 1 == moment:
            os.kill(os.getpid(), by)

    sys.addaudithook(hook)

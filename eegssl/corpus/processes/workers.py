"""Run work on untrusted files in processes with limits.

Each worker takes one task at a time, under a limit of time and of memory. One that breaks a
limit or dies is replaced, and its task comes back as a `Failure`; all others go on.
"""

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from eegssl.corpus.config import Limits
from eegssl.errors import ConfigError

Task = tuple[Any, ...]
_POLL_S = 0.5
_FILTERS = "scipy.signal"
"""Half a second to load, which this process is spared (``scipy`` alone loads it where it is used)
and each worker would take anew."""
_GUARD = (
    'put the calls of a script that uses eegssl into a file, below `if __name__ == "__main__":`, '
    "since each process that reads files runs what stands outside of it"
)


@dataclass(frozen=True)
class Failure:
    """Reason why a task gave no result: ``code`` is timed-out, out-of-memory or crashed."""

    code: str
    reason: str


def each(
    function: Callable[..., Any], tasks: Sequence[Task], jobs: int, limits: Limits
) -> Iterator[tuple[int, Any]]:
    """Call ``function(*task)`` for each task in ``jobs`` processes; yields number and result.

    In the order in which they end; a result is what the function returned, or a `Failure`.
    An OSError (a full disk) or a ConfigError is no fault of a file and is raised here; so is the
    ConfigError of a process that ends before it can work.
    ``function`` has to be importable, and its module is loaded once for all workers.
    """
    context = _forkserver(function)
    queue = deque(enumerate(tasks))
    workers = [_Worker(context, function, limits) for _ in range(min(jobs, len(tasks)))]
    try:
        for worker in workers:
            worker.give(*queue.popleft())
        while busy := [worker for worker in workers if worker.number is not None]:
            for worker in _ready(busy):
                number, answer = worker.take()
                if isinstance(answer, OSError | ConfigError):
                    raise answer
                yield number, answer
                if queue:
                    worker.give(*queue.popleft())
    finally:
        for worker in workers:
            worker.stop()


def alone(
    function: Callable[..., Any],
    task: Task,
    limits: Limits,
    preload: Sequence[str],
    is_wanted: Callable[[], bool],
) -> Any:
    """Call ``function(*task)`` in a process of its own; returns and raises what `each` would.

    ``preload`` are modules that such a process would else load anew each time. It is killed soon
    after ``is_wanted`` has become false; raises InterruptedError then.
    """
    context = _forkserver(function, preload)
    worker = _Worker(context, function, limits)
    try:
        worker.give(0, task)
        while not worker.pipe.poll(_POLL_S) and time.monotonic() < worker.deadline:
            if not is_wanted():
                raise InterruptedError("the result is not wanted any more")
        _, answer = worker.take()
    finally:
        worker.stop()
    if isinstance(answer, OSError | ConfigError):
        raise answer
    return answer


def _forkserver(function: Callable[..., Any], preload: Sequence[str] = ()) -> Any:
    """The way to start processes that have loaded what ``function`` needs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, function.__module__, _FILTERS, *preload])
    return context


class _Worker:
    """One process, started when it gets a task and anew after it was lost."""

    def __init__(self, context: Any, function: Callable[..., Any], limits: Limits) -> None:
        self._context, self._function, self._limits = context, function, limits
        self._process: Any = None
        self.pipe: Connection
        self.number: int | None = None
        self.deadline = 0.0

    def give(self, number: int, task: Task) -> None:
        """Begin a task."""
        if self._process is not None and not self._process.is_alive():
            self.stop()
        if self._process is None:
            self._start()
        try:
            self.pipe.send(task)
        except (BrokenPipeError, ConnectionResetError):  # it ended since it was seen alive
            self.stop()
            self._start()
            self.pipe.send(task)
        self.number, self.deadline = number, time.monotonic() + self._limits.time_s

    def _start(self) -> None:
        """Start a process and hear that it can work: if not, that is no fault of a file."""
        self.pipe, theirs = self._context.Pipe()
        arguments = (theirs, self._function, self._limits.memory_mb)
        process = self._context.Process(target=_serve, args=arguments, daemon=True)
        try:
            process.start()
            self._process = process
            theirs.close()
            self.pipe.recv()
        except (EOFError, ConnectionError):
            raise ConfigError(_no_start(process if self._process else None)) from None
        except RuntimeError:  # Python's, in a process that is still reading the script
            raise ConfigError(f"a process that reads files began another one: {_GUARD}") from None

    def take(self) -> tuple[int, Any]:
        """The number of the task and its result, or a failure where there is none to come."""
        number, self.number = self.number, None
        assert number is not None
        if not self.pipe.poll():
            self.stop()
            reason = f"no end after {self._limits.time_s:g} s (limits.time_s)"
            return number, Failure("timed-out", reason)
        try:
            return number, self.pipe.recv()
        except (EOFError, ConnectionResetError):
            how = _end_of(self._process)
            self.stop()
            return number, Failure("crashed", f"the process that read it ended with {how}")

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self.pipe.close()
            self._process = None


def _end_of(process: Any) -> str:
    """How a process ended: by a signal or with an exit code."""
    process.join()
    code = process.exitcode
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _no_start(process: Any) -> str:
    """Why no worker could start, and what helps; without a process where not even that began."""
    how = _end_of(process) if process is not None else "no sign of life"
    if how == f"signal {signal.SIGKILL:d}":
        how += " (killed, as a system does that is out of memory)"
    cure = "free memory, start fewer at once (--jobs N), or allow each more (limits.memory_mb)"
    if how.startswith("exit"):
        cure = f"{_GUARD}; else {cure}"
    return (
        f"a process that reads files ended with {how} before it could begin; {cure}; "
        "the same command goes on"
    )


def _ready(busy: Sequence[_Worker]) -> list[_Worker]:
    """Workers with an answer, dead ones, and those over their time; waits until there is one."""
    patience_s = max(0.0, min(worker.deadline for worker in busy) - time.monotonic())
    answered = wait([worker.pipe for worker in busy], patience_s)
    now = time.monotonic()
    return [w for w in busy if w.pipe in answered or now >= w.deadline]


def _serve(pipe: Connection, function: Callable[..., Any], memory_mb: int) -> None:
    """In a worker: say that it is there, then do tasks until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C and ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _limit_memory(memory_mb)
    pipe.send(None)
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        pipe.send(_answer(function, task))


def _answer(function: Callable[..., Any], task: Task) -> Any:
    try:
        return function(*task)
    except MemoryError:
        return Failure("out-of-memory", "needs more memory than limits.memory_mb allows")
    except (OSError, ConfigError) as error:
        return error
    except Exception as error:  # noqa: BLE001  (told by name as a refusal; the run goes on)
        return Failure("crashed", f"{_where(error)}: a bug of eegssl, please report it")


def _where(error: Exception) -> str:
    """Type and place of an error; not its text, which may repeat words out of the file."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"


def _limit_memory(memory_mb: int) -> None:
    """Let allocations above the limit fail (on Linux; elsewhere the system decides)."""
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    wanted = memory_mb << 20
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def _end_with_parent() -> None:
    """End when the command is killed, in place of working on for nobody."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)

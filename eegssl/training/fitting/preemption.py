"""Answer a scheduler's signals for as long as a context lasts.

SIGTERM is what most schedulers send before they end a job, SIGUSR1 what Slurm sends as a warning
where it is asked to (``#SBATCH --signal=USR1@120``). Both mean the same: save, and end soon.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
"""Signals that ask a command to end in a state from which it can go on."""


class _Handler:
    """A handler of these signals that remembers whether one came."""

    def __init__(self, answer: Callable[[], None]) -> None:
        self.answer = answer
        self.heard = False

    def __call__(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        self.heard = True
        self.answer()


@contextmanager
def on_sigterm(answer: Callable[[], None]) -> Iterator[None]:
    """Call ``answer`` at each of `SIGNALS`; outside the main thread, which alone can, do nothing.

    One that came and ended nothing is passed on to the context around this one, if any.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    own = _Handler(answer)
    before = {number: signal.signal(number, own) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    outer = before[signal.SIGTERM]
    if own.heard and isinstance(outer, _Handler):
        outer()


def answer_again() -> None:
    """Answer a signal anew whose answer a library swallowed; to be called at safe points."""
    handler = signal.getsignal(signal.SIGTERM)
    here = threading.current_thread() is threading.main_thread()
    if here and isinstance(handler, _Handler) and handler.heard:
        handler.answer()


def leave_to_parent() -> None:
    """Ignore these signals in a data worker: a scheduler sends them to all processes of a step.

    The training that it reads for answers them, and ends it.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)

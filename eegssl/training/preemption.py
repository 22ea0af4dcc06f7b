"""Answer a scheduler's SIGTERM for as long as a context lasts."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class _Handler:
    """A handler of SIGTERM that remembers whether one came."""

    def __init__(self, answer: Callable[[], None]) -> None:
        self.answer = answer
        self.heard = False

    def __call__(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        self.heard = True
        self.answer()


@contextmanager
def on_sigterm(answer: Callable[[], None]) -> Iterator[None]:
    """Call ``answer`` at each SIGTERM; outside the main thread, which alone can, do nothing.

    One that came and ended nothing is passed on to the context around this one, if any.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    own = _Handler(answer)
    before = signal.signal(signal.SIGTERM, own)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
    if own.heard and isinstance(before, _Handler):
        before()


def answer_again() -> None:
    """Answer a SIGTERM anew whose answer a library swallowed; to be called at safe points."""
    handler = signal.getsignal(signal.SIGTERM)
    here = threading.current_thread() is threading.main_thread()
    if here and isinstance(handler, _Handler) and handler.heard:
        handler.answer()

"""Answer a scheduler's SIGTERM for as long as a context lasts."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def on_sigterm(answer: Callable[[], None]) -> Iterator[None]:
    """Call ``answer`` at each SIGTERM; outside the main thread, which alone can, do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: answer())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

"""Note a scheduler's SIGTERM, so that training stops at a checkpoint."""

import signal
import threading
from types import FrameType
from typing import Any


class StopSignals:
    """Within this context SIGTERM only sets ``received``.

    Outside the main thread, where no handler can be set, the context does nothing.
    """

    def __init__(self) -> None:
        self.received = False
        self._before: Any = None

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.received = True

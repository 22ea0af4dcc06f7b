"""Measure how fast a training goes, and its wait for data."""

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch

from eegssl.tokenizer.ranks import n_ranks

T = TypeVar("T")


class Clock:
    """Speed since the last row; numbers that no artifact depends on."""

    def __init__(
        self, device: torch.device, window_s: float | None, peak: float | None = None
    ) -> None:
        self.device, self.window_s = device, window_s
        self.peak = peak
        """Operations a second that the device reaches at most; None: not known."""
        self._restart()

    def waiting(self, items: Iterator[T]) -> Iterator[T]:
        """The items, while the time is counted that each is waited for."""
        while True:
            began = time.monotonic()
            try:
                item = next(items)
            except StopIteration:
                return
            self._waited_s += time.monotonic() - began
            yield item

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave out the time of this context, such as a validation's."""
        began = time.monotonic()
        yield
        self._began += time.monotonic() - began

    def count(self, n_windows: int, flops: float | None = None) -> None:
        """Count a step, with so many windows and operations on this rank."""
        self._steps += 1
        self._windows += n_windows
        self._flops += math.nan if flops is None else flops

    def row(self, step: int) -> dict[str, Any]:
        """Speed since the last row, of all ranks together; then begin anew."""
        elapsed_s = max(time.monotonic() - self._began, 1e-9)
        rate = self._windows * n_ranks() / elapsed_s
        row = {
            "step": step,
            "windows_per_s": rate,
            "eeg_h_per_s": None if self.window_s is None else rate * self.window_s / 3600,
            "step_s": elapsed_s / max(self._steps, 1),
            "data_wait": self._waited_s / elapsed_s,
            "memory_mb": self._memory_mb(),
            "mfu": self._mfu(elapsed_s),
            "ranks": n_ranks(),
        }
        self._restart()
        return row

    def _restart(self) -> None:
        self._began, self._waited_s = time.monotonic(), 0.0
        self._steps, self._windows, self._flops = 0, 0, 0.0

    def _mfu(self, elapsed_s: float) -> float | None:
        """Share of this rank's peak rate that the model's matrix products took."""
        if self.peak is None or math.isnan(self._flops):
            return None
        return self._flops / elapsed_s / self.peak

    def _memory_mb(self) -> float | None:
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / 1e6
        if sys.platform == "win32":
            return None
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1e6 if sys.platform == "darwin" else peak / 1e3

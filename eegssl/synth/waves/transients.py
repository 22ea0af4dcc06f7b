"""Make short events: interictal spikes, blinks and heart beats."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Train:
    """Events of one shape: times [n], sizes [n], ``weights`` over state rows."""

    time_s: NDArray[np.float64]
    size_uv: NDArray[np.float64]
    rows: NDArray[np.intp]
    weights: NDArray[np.float64]
    shape: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    before_s: float
    after_s: float

    def add_to(self, state: NDArray[np.float32], first: int, sfreq_hz: int) -> None:
        """Add the events that reach into a block [rows,T] beginning at sample ``first``.

        A pure function of time: where the block begins does not alter a wave.
        """
        count = state.shape[1]
        begin_s, end_s = first / sfreq_hz, (first + count) / sfreq_hz
        low = int(np.searchsorted(self.time_s, begin_s - self.after_s))
        high = int(np.searchsorted(self.time_s, end_s + self.before_s))
        for at_s, size_uv in zip(self.time_s[low:high], self.size_uv[low:high], strict=True):
            start = max(first, int(np.ceil((at_s - self.before_s) * sfreq_hz)))
            stop = min(first + count, int(np.floor((at_s + self.after_s) * sfreq_hz)) + 1)
            if start < stop:
                wave = size_uv * self.shape(np.arange(start, stop) / sfreq_hz - at_s)
                piece = self.weights[:, None] * wave
                state[self.rows, start - first : stop - first] += piece.astype(np.float32)


def spike(late_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """A spike of three phases and its slow wave; the negative peak of size 1 is at 0."""
    first = 0.3 * _bump(late_s, -0.035, 0.011)
    sharp = -1.0 * _bump(late_s, 0.0, 0.013)
    third = 0.5 * _bump(late_s, 0.045, 0.02)
    slow = -0.45 * _bump(late_s, 0.2, 0.065)
    return first + sharp + third + slow


def blink(late_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """A blink: up within .1 s, down within .2 s, a small undershoot."""
    up = np.where(late_s < 0, _bump(late_s, 0.0, 0.055), _bump(late_s, 0.0, 0.09))
    return up - 0.12 * _bump(late_s, 0.32, 0.1)


def heart_beat(late_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """P, QRS and T waves; the R peak of size 1 is at 0."""
    qrs = _bump(late_s, 0.0, 0.009) - 0.15 * _bump(late_s, -0.025, 0.009)
    qrs -= 0.25 * _bump(late_s, 0.028, 0.01)
    return qrs + 0.12 * _bump(late_s, -0.16, 0.02) + 0.28 * _bump(late_s, 0.26, 0.045)


def _bump(late_s: NDArray[np.float64], at_s: float, width_s: float) -> NDArray[np.float64]:
    return np.exp(-0.5 * ((late_s - at_s) / width_s) ** 2)

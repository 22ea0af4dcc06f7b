"""Define the latent rows to which all activity is added.

A block of the state is [rows, T] in µV; one matrix turns it into channels: cortical sources and
eyes through the head model, electrode rows as they are, all through the reference.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.synth.anatomy import ELECTRODES, SCALP

SOURCES = slice(0, len(SCALP))
BLINK, GAZE = len(SCALP), len(SCALP) + 1
MAINS_SIN, MAINS_COS, OFFSET, HEART = (len(SCALP) + i for i in (2, 3, 4, 5))
FIRST_ELECTRODE = len(SCALP) + 6
ELECTRODE_ROWS = slice(FIRST_ELECTRODE, FIRST_ELECTRODE + len(ELECTRODES))
COUNT = FIRST_ELECTRODE + len(ELECTRODES)


def electrode_row(name: str) -> int:
    """The row of what happens at one electrode alone."""
    return FIRST_ELECTRODE + ELECTRODES.index(name)


@dataclass(frozen=True)
class Overlay:
    """A piece of activity: ``wave`` [rows,T] in µV, to be added from sample ``start`` on."""

    start: int
    rows: NDArray[np.intp]
    wave: NDArray[np.float32]

    @property
    def stop(self) -> int:
        """The first sample after it."""
        return self.start + self.wave.shape[1]

    def add_to(self, state: NDArray[np.float32], first: int) -> None:
        """Add what overlaps a block [rows,T] of the state that begins at sample ``first``."""
        begin, end = max(self.start, first), min(self.stop, first + state.shape[1])
        if begin < end:
            piece = self.wave[:, begin - self.start : end - self.start]
            state[self.rows, begin - first : end - first] += piece

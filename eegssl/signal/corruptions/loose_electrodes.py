"""Add electrode pops: steps of one channel that decay through the high-pass."""

import numpy as np

from eegssl.signal.corruptions.corruption import Corruption, Draws, Floats

STEP_UV = 200.0
"""The size of a step; of each it is multiplied by up to two or divided by as much."""
_LEAST_HZ = 0.1  # of the high-pass: no step lasts longer than one of it


class Pops(Corruption):
    """Pops at random times, each of one channel."""

    name = "pops"
    words = "Electrode pops"
    unit = "pops a minute, of all channels together"
    levels = (2.0, 5.0, 10.0, 20.0, 40.0)
    bounds = (0.0, 6000.0)

    def apply(self, signal_uv: Floats, level: float, draws: Draws) -> Floats:
        """Pops of a lower level are among those of a higher one."""
        site, rng = draws.site, draws.of_window()
        n = signal_uv.shape[1]
        corrupted = signal_uv.copy()
        minutes = n / site.sfreq_hz / 60
        decay = 2 * np.pi * max(site.band_hz[0], _LEAST_HZ) / site.sfreq_hz
        at_level = rng.exponential() / minutes  # the level from which on there is a pop
        while at_level <= level:
            first, row = int(rng.integers(n)), int(rng.integers(len(signal_uv)))
            step_uv = rng.choice((-1, 1)) * STEP_UV * 2 ** rng.uniform(-1, 1)
            corrupted[row, first:] += step_uv * np.exp(-decay * np.arange(n - first))
            at_level += rng.exponential() / minutes
        return corrupted

"""Render forecasting processes to samples."""

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import lfilter, sosfilt

from eegssl.synth.anatomy import SCALP
from eegssl.synth.montage import Montage
from eegssl.synth.render import BLOCK_S
from eegssl.synth.schedule import RecordingPlan
from eegssl.synth.waves.background import pink_filter
from eegssl.synth.waves.processes import NOISE_UV, WALK_RETURN_S, WALK_UV2_PER_S, Process

_WARM_UP_S = 20


class ProcessRenderer:
    """Makes a recording of the cohort for forecasting, each channel against the common average.

    ``labels`` names the C channels; ``blocks()`` yields them [C,T] in µV, float32.
    """

    def __init__(self, plan: RecordingPlan, process: Process, montage: Montage) -> None:
        self.labels = montage.labels
        self._plan, self._process = plan, process
        self._sfreq_hz = plan.subject.sfreq_hz
        self._pink = pink_filter(1.0, self._sfreq_hz)
        self._pink_state = np.zeros((len(self._pink), len(SCALP), 2))
        self._walk_state = np.zeros((len(SCALP), 1))

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """The whole recording, once, as consecutive blocks of at most ``BLOCK_S`` seconds."""
        total, size = self._plan.duration_s * self._sfreq_hz, BLOCK_S * self._sfreq_hz
        noise = self._noise if self._process.oscillators else self._walk
        noise(_WARM_UP_S * self._sfreq_hz, self._plan.rng(1))
        for index, first in enumerate(range(0, total, size)):
            count = min(size, total - first)
            block = noise(count, self._plan.rng(2, index))
            time_s = np.arange(first, first + count) / self._sfreq_hz
            for one in self._process.oscillators:
                wave = one.amplitude_uv * np.cos(one.phase(time_s))
                block += one.weights[:, None] * wave
            yield block.astype(np.float32)

    def _noise(self, count: int, rng: Generator) -> NDArray[np.float64]:
        white = rng.standard_normal((len(SCALP), count))
        noise, self._pink_state = sosfilt(self._pink, white, axis=1, zi=self._pink_state)
        noise -= noise.mean(axis=0)
        # The common average takes one part in C of the variance.
        return NOISE_UV * np.sqrt(len(SCALP) / (len(SCALP) - 1)) * noise

    def _walk(self, count: int, rng: Generator) -> NDArray[np.float64]:
        step_uv = np.sqrt(WALK_UV2_PER_S / self._sfreq_hz)
        pole = np.exp(-1 / (WALK_RETURN_S * self._sfreq_hz))
        white = step_uv * rng.standard_normal((len(SCALP), count))
        walk, self._walk_state = lfilter([1.0], [1.0, -pole], white, axis=1, zi=self._walk_state)
        return np.array(walk - walk.mean(axis=0))

"""Render a plan to samples, block by block.

Each block has its own seed. Memory holds one block and the events that reach into it.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import lfilter, sosfilt

from eegssl.synth.anatomy import ELECTRODES, SCALP, Head, region_weights
from eegssl.synth.montage import Montage
from eegssl.synth.schedule import RecordingPlan
from eegssl.synth.waves import rows, transients
from eegssl.synth.waves.background import Background, pink_filter
from eegssl.synth.waves.disturbances import render_disturbance
from eegssl.synth.waves.processes import NOISE_UV, WALK_RETURN_S, WALK_UV2_PER_S, Process
from eegssl.synth.waves.rows import Overlay
from eegssl.synth.waves.seizures import GENERALISED, render_seizure, spike_wave
from eegssl.synth.waves.transients import Train

BLOCK_S = 8
"""Length of a block; no setting, because it changes what a seed draws."""

ECG_LABEL = "ECG"
_WARM_UP_S = 20


class Renderer:
    """Makes the signal of one recording.

    ``labels`` names the C channels; ``blocks()`` yields them [C,T] in µV, float32.
    """

    def __init__(self, plan: RecordingPlan, head: Head, montage: Montage) -> None:
        self.plan = plan
        rng = plan.rng(1)
        self._topographies = head.topographies(plan.subject.tilts)
        electrodes = self._electrode_matrix(head, rng)
        mixing = _product(montage.matrix, electrodes)
        self.labels = montage.labels
        if plan.subject.has_ecg:
            self.labels += (ECG_LABEL,)
            mixing = np.vstack([mixing, np.eye(rows.COUNT)[rows.HEART]])
        self._mixing = mixing.astype(np.float32)
        self._background = Background(plan, self._background_rms(), rng)
        self._trains = self._make_trains()
        self._pending = self._schedule()
        self._active: list[Overlay] = []

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """The whole recording, once, as consecutive blocks of at most ``BLOCK_S`` seconds."""
        for index, first, count in _spans(self.plan):
            yield _product(self._mixing, self._state(index, first, count))

    def _state(self, index: int, first: int, count: int) -> NDArray[np.float32]:
        plan, sfreq_hz = self.plan, self.plan.subject.sfreq_hz
        rng = plan.rng(2, index)
        state = np.zeros((rows.COUNT, count), np.float32)
        state[rows.SOURCES] = self._background.next_block(count, rng)
        electrodes = state[rows.ELECTRODE_ROWS]
        electrodes[...] = 0.7 * rng.standard_normal(electrodes.shape, dtype=np.float32)
        turns = np.arange(first, first + count) * (plan.subject.line_hz / sfreq_hz) % 1.0
        state[rows.MAINS_SIN] = np.sin(2 * np.pi * turns) + 0.15 * np.sin(6 * np.pi * turns)
        state[rows.MAINS_COS] = np.cos(2 * np.pi * turns)
        state[rows.OFFSET] = 1.0
        for train in self._trains:
            train.add_to(state, first, sfreq_hz)
        self._start_events((first + count) / sfreq_hz)
        for overlay in self._active:
            overlay.add_to(state, first)
        self._active = [o for o in self._active if o.stop > first + count]
        return state

    def _start_events(self, end_s: float) -> None:
        """Render the events that begin before ``end_s``: each whole, from its own seed."""
        while self._pending and self._pending[-1][0] < end_s:
            _, kind, index = self._pending.pop()
            self._active += self._render(kind, index)

    def _render(self, kind: str, index: int) -> list[Overlay]:
        plan, sfreq_hz = self.plan, self.plan.subject.sfreq_hz
        if kind == "seizure":
            return render_seizure(plan.seizures[index], plan.rng(3, index), sfreq_hz, self._scale)
        if kind == "disturbance":
            return [render_disturbance(plan.disturbances[index], plan.rng(4, index), sfreq_hz)]
        rng = plan.rng(5, index)
        wave = spike_wave(rng, round(rng.uniform(0.8, 2.0) * sfreq_hz), sfreq_hz)
        size = 0.6 * plan.subject.seizure_uv
        sources = size * self._scale(GENERALISED)[:, None] * wave
        start = round(plan.fragment_s[index] * sfreq_hz)
        return [Overlay(start, np.arange(len(SCALP)), sources.astype(np.float32))]

    def _schedule(self) -> list[tuple[float, str, int]]:
        """All events that are rendered whole, the next one last."""
        events = [(s.onset_s, "seizure", i) for i, s in enumerate(self.plan.seizures)]
        events += [(d.onset_s, "disturbance", i) for i, d in enumerate(self.plan.disturbances)]
        events += [(float(t), "fragment", i) for i, t in enumerate(self.plan.fragment_s)]
        return sorted(events, reverse=True)

    def _electrode_matrix(self, head: Head, rng: Generator) -> NDArray[np.float64]:
        """Potential of each row of the state at each electrode [E,rows]."""
        subject, count = self.plan.subject, len(ELECTRODES)
        matrix = np.zeros((count, rows.COUNT))
        matrix[:, rows.SOURCES] = subject.skull_gain * self._topographies
        matrix[:, rows.BLINK], matrix[:, rows.GAZE] = head.blink, head.gaze
        size = subject.mains_uv * np.exp(rng.normal(0, 0.7, count))
        turn = rng.normal(0, 0.4, count)
        matrix[:, rows.MAINS_SIN] = size * np.cos(turn)
        matrix[:, rows.MAINS_COS] = size * np.sin(turn)
        matrix[:, rows.OFFSET] = rng.normal(0, 60, count)
        matrix[:, rows.HEART] = rng.normal(0.004, 0.003, count)
        matrix[:, rows.ELECTRODE_ROWS] = np.eye(count)
        return matrix

    def _background_rms(self) -> float:
        """RMS of one source for which the scalp's mean RMS is the subject's (skull gain apart)."""
        scalp = self._topographies[: len(SCALP)]
        shown = np.sqrt(((scalp - scalp.mean(axis=0)) ** 2).sum(axis=1)).mean()
        return self.plan.subject.background_uv / float(shown)

    def _scale(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        field = _product(self._topographies[: len(SCALP)], weights[:, None])
        return weights / np.abs(field - field.mean()).max()

    def _make_trains(self) -> list[Train]:
        plan = self.plan
        one = np.ones(1)
        sources = np.arange(len(SCALP))
        blinks = Train(
            plan.blink_s, plan.blink_uv, np.array([rows.BLINK]), one, transients.blink, 0.25, 0.7
        )
        beat_uv = np.full(len(plan.beat_s), 1000.0)
        beats = Train(
            plan.beat_s, beat_uv, np.array([rows.HEART]), one, transients.heart_beat, 0.25, 0.5
        )
        place = GENERALISED if plan.subject.focus in ("generalised", "none") else None
        weights = self._scale(place if place is not None else region_weights(plan.subject.focus))
        spikes = Train(plan.spike_s, plan.spike_uv, sources, weights, transients.spike, 0.1, 0.45)
        return [blinks, beats, spikes]


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
        noise = self._noise if self._process.oscillators else self._walk
        noise(_WARM_UP_S * self._sfreq_hz, self._plan.rng(1))
        for index, first, count in _spans(self._plan):
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


def _spans(plan: RecordingPlan) -> Iterator[tuple[int, int, int]]:
    """Number, first sample and length of each block."""
    total, size = plan.duration_s * plan.subject.sfreq_hz, BLOCK_S * plan.subject.sfreq_hz
    for index, first in enumerate(range(0, total, size)):
        yield index, first, min(size, total - first)


def _product(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """The matrix product, summed in one order: a BLAS's differs with its number of threads."""
    product: NDArray[Any] = np.einsum("ij,jk->ik", left, right)
    return product

"""Make the ongoing EEG: 1/f activity and the rhythms of vigilance.

1/f noise is white noise through first-order poles and zeros spaced evenly over the logarithm of
frequency (Oustaloup et al., 2000), rhythms are white noise through two-pole resonators. Both
carry their state from block to block, so that blocks join without a step.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import lfilter, sosfilt, sosfreqz

from eegssl.synth.anatomy import SCALP, region_weights, weights_of
from eegssl.synth.schedule import SEVERE, RecordingPlan

_WARM_UP_S = 20
_LOWEST_HZ, _HIGHEST_HZ, _PAIRS = 0.3, 100.0, 6


def pink_filter(slope: float, sfreq_hz: int) -> NDArray[np.float64]:
    """Second-order sections whose power falls as 1/f^slope from .3 to 100 Hz, RMS gain 1."""
    ratio = (_HIGHEST_HZ / _LOWEST_HZ) ** (1 / _PAIRS)
    steps = np.arange(_PAIRS)
    poles_hz = _LOWEST_HZ * ratio ** (steps + 0.5 - slope / 4)
    zeros_hz = _LOWEST_HZ * ratio ** (steps + 0.5 + slope / 4)
    poles = np.exp(-2 * np.pi * poles_hz / sfreq_hz)
    zeros = np.exp(-2 * np.pi * zeros_hz / sfreq_hz)
    sections = np.array(
        [[*np.poly(zeros[i : i + 2]), *np.poly(poles[i : i + 2])] for i in range(0, _PAIRS, 2)]
    )
    _, response = sosfreqz(sections, worN=1 << 15)
    sections[0, :3] /= np.sqrt(np.mean(np.abs(response) ** 2))
    return sections


@dataclass(frozen=True)
class Rhythm:
    """A narrow-band activity: where (weights [S]), how fast, how large, and its gain in time."""

    hz: float
    bandwidth_hz: float
    amplitude_uv: float
    weights: NDArray[np.float64]
    time_s: NDArray[np.float64]
    gain: NDArray[np.float64]


def rhythms_of(plan: RecordingPlan) -> tuple[Rhythm, ...]:
    """Alpha of each side, sensorimotor and frontal beta, drowsy theta, delta after seizures."""
    subject, states = plan.subject, plan.states
    alpha_gain = (0.2 + 0.8 * states.closed) * (1 - 0.65 * states.drowsy)
    left = weights_of({"O1": 1.0, "P3": 0.45, "P7": 0.4, "Pz": 0.35})
    right = weights_of({"O2": 1.0, "P4": 0.45, "P8": 0.4, "Pz": 0.35})
    frontal = weights_of({"Fz": 1.0, "F3": 0.7, "F4": 0.7, "Cz": 0.5})
    central = weights_of({"C3": 1.0, "C4": 0.8})
    steady = (np.array([0.0]), np.array([1.0]))
    alpha = (states.time_s, alpha_gain)
    drowsy = (states.time_s, 0.15 + 0.85 * states.drowsy)
    rhythms = (
        Rhythm(subject.alpha_hz, 0.9, subject.alpha_uv, left, *alpha),
        Rhythm(subject.alpha_hz + 0.1, 0.9, subject.alpha_uv, right, *alpha),
        Rhythm(subject.alpha_hz + 0.8, 1.5, 0.3 * subject.alpha_uv, central, *steady),
        Rhythm(20.0, 6.0, 0.15 * subject.alpha_uv, frontal, *steady),
        Rhythm(subject.theta_hz, 1.2, 0.8 * subject.alpha_uv, frontal, *drowsy),
        Rhythm(
            1.6,
            1.2,
            0.22 * subject.seizure_uv,
            _focus_weights(subject.focus),
            *_after_seizures(plan),
        ),
    )
    return rhythms if subject.slowing_uv == 0 else (*rhythms, *_slowing(subject.slowing_uv, steady))


class Background:
    """Produces the cortical background [S,T] of consecutive blocks.

    ``rms_per_source`` scales the 1/f part; it holds the size that one source needs so that the
    scalp shows the subject's background amplitude.
    """

    def __init__(self, plan: RecordingPlan, rms_per_source: float, rng: Generator) -> None:
        self.sfreq_hz = plan.subject.sfreq_hz
        self.rhythms = rhythms_of(plan)
        self._shares = np.exp(rng.normal(0, 0.25, (len(SCALP), 1))) * rms_per_source
        self._pink = pink_filter(plan.subject.background_slope, self.sfreq_hz)
        self._pink_state = np.zeros((len(self._pink), len(SCALP), 2))
        self._filters = [_resonator(r, self.sfreq_hz) for r in self.rhythms]
        self._states = [np.zeros(2) for _ in self.rhythms]
        self._suppression = _suppression(plan)
        self._first = -_WARM_UP_S * self.sfreq_hz
        self.next_block(_WARM_UP_S * self.sfreq_hz, rng)

    def next_block(self, count: int, rng: Generator) -> NDArray[np.float32]:
        """The next ``count`` samples [S,T] in µV; ``rng`` is the block's own."""
        time_s = np.arange(self._first, self._first + count) / self.sfreq_hz
        self._first += count
        white = rng.standard_normal((len(SCALP) + len(self.rhythms), count))
        pink, self._pink_state = sosfilt(
            self._pink, white[: len(SCALP)], axis=1, zi=self._pink_state
        )
        block = self._shares * pink
        for i, rhythm in enumerate(self.rhythms):
            gain = np.interp(time_s, rhythm.time_s, rhythm.gain) * rhythm.amplitude_uv
            b, a = self._filters[i]
            wave, self._states[i] = lfilter(b, a, white[len(SCALP) + i], zi=self._states[i])
            used = np.flatnonzero(rhythm.weights)
            if gain.any():
                block[used] += rhythm.weights[used, None] * (gain * wave)
        block *= np.interp(time_s, *self._suppression)
        return block.astype(np.float32)


def _resonator(rhythm: Rhythm, sfreq_hz: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    radius = np.exp(-np.pi * rhythm.bandwidth_hz / sfreq_hz)
    angle = 2 * np.pi * rhythm.hz / sfreq_hz
    a1, a2 = -2 * radius * np.cos(angle), radius**2
    # The variance of a stationary AR(2) process, in closed form.
    variance = (1 + a2) / ((1 - a2) * ((1 + a2) ** 2 - a1**2))
    return np.array([1 / np.sqrt(variance)]), np.array([1.0, a1, a2])


def _slowing(amplitude_uv: float, steady: tuple[NDArray, NDArray]) -> tuple[Rhythm, ...]:
    """Theta of both temporal lobes, each side on its own: what outcomes are planted in."""
    sides = (("T7", "P7", "C3", "P3"), ("T8", "P8", "C4", "P4"))
    shares = (1.0, 0.7, 0.5, 0.5)
    return tuple(
        Rhythm(6.0, 1.2, amplitude_uv, weights_of(dict(zip(s, shares, strict=True))), *steady)
        for s in sides
    )


def _focus_weights(focus: str) -> NDArray[np.float64]:
    if focus in ("generalised", "none"):
        return weights_of({"Fz": 0.6, "Cz": 0.5, "Pz": 0.3, "F3": 0.3, "F4": 0.3})
    return region_weights(focus)


def _after_seizures(plan: RecordingPlan) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Post-ictal slowing that fades within a minute; absences leave none."""
    time_s, gain = [0.0], [0.0]
    for seizure in plan.seizures:
        if seizure.pattern != "absence":
            late_s = 25.0 if seizure.pattern in SEVERE else 2.0
            end_s = seizure.end_s
            time_s += [end_s, end_s + late_s, end_s + late_s + 10, end_s + late_s + 50]
            gain += [0.0, 0.6, 0.6, 0.0]
    return np.array(time_s), np.array(gain)


def _suppression(plan: RecordingPlan) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gain of the background: less in a seizure, nearly none after a tonic-clonic one."""
    time_s, gain = [0.0], [1.0]
    for seizure in plan.seizures:
        onset_s, end_s = seizure.onset_s, seizure.end_s
        depth, late_s = (0.12, 20.0) if seizure.pattern in SEVERE else (0.75, 0.5)
        time_s += [onset_s, onset_s + 1, end_s, end_s + 0.3, end_s + late_s, end_s + late_s + 40]
        gain += [1.0, 0.7, 0.7, depth, depth, 1.0]
    return np.array(time_s), np.array(gain)

"""Make the waves of focal, absence and tonic-clonic seizures.

The patterns follow clinical descriptions (a rhythm that slows, grows and spreads; 3.5 to 2.7 Hz
spike-and-wave with frontal maximum; recruiting rhythm, then clonic bursts); numbers are ours.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import lfilter

from eegssl.synth.anatomy import ELECTRODES, SCALP, region_weights, weights_of
from eegssl.synth.schedule import FOCAL_PART, Seizure
from eegssl.synth.waves.disturbances import fade, muscle_noise
from eegssl.synth.waves.rows import ELECTRODE_ROWS, SOURCES, Overlay

GENERALISED = weights_of(
    {"Fz": 1.0, "F3": 0.9, "F4": 0.9, "Fp1": 0.7, "Fp2": 0.7, "Cz": 0.7, "C3": 0.6, "C4": 0.6}
    | {"F7": 0.4, "F8": 0.4, "Pz": 0.4, "P3": 0.35, "P4": 0.35, "T7": 0.2, "T8": 0.2, "O1": 0.15}
    | {"O2": 0.15, "P7": 0.15, "P8": 0.15}
)
"""Source weights [S] of generalised discharges: frontal midline first."""

Scale = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def render_seizure(seizure: Seizure, rng: Generator, sfreq_hz: int, scale: Scale) -> list[Overlay]:
    """The overlays of one seizure.

    ``scale`` takes source weights [S] to those whose field on the scalp peaks at 1 µV.
    """
    count = round(seizure.duration_s * sfreq_hz)
    start = round(seizure.onset_s * sfreq_hz)
    if seizure.pattern == "focal":
        return [_overlay(start, _focal(seizure, rng, count, sfreq_hz, scale))]
    if seizure.pattern == "absence":
        wave = seizure.amplitude_uv * spike_wave(rng, count, sfreq_hz)
        return [_overlay(start, scale(GENERALISED)[:, None] * wave)]
    early = []
    if seizure.pattern == "bilateral":
        focal = _focal(seizure, rng, round(FOCAL_PART * count), sfreq_hz, scale)
        early = [_overlay(start, focal)]
        start, count = start + focal.shape[1], count - focal.shape[1]
    cortex, muscle = _tonic_clonic(rng, count, sfreq_hz)
    rows = np.arange(ELECTRODE_ROWS.start, ELECTRODE_ROWS.stop)
    size = seizure.amplitude_uv
    return [
        *early,
        _overlay(start, scale(GENERALISED)[:, None] * (1.2 * size * cortex)),
        Overlay(start, rows, (0.3 * size * muscle).astype(np.float32)),
    ]


def spike_wave(rng: Generator, count: int, sfreq_hz: int) -> NDArray[np.float64]:
    """Generalised spike-and-wave [T] of peak about 1 that slows from 3.4 to 2.8 Hz."""
    phase = _phase(rng, np.linspace(3.4, 2.8, count), sfreq_hz, 0.12)
    return _spike_wave_cycle(phase) * fade(count, sfreq_hz, 0.4)


def _focal(
    seizure: Seizure, rng: Generator, count: int, sfreq_hz: int, scale: Scale
) -> NDArray[np.float64]:
    """Sources [S,T]: the rhythm of the onset region, and of each region from when it joins."""
    progress = np.arange(count) / count
    frontal = seizure.spread[0].region in ("LF", "RF")
    first_hz = rng.uniform(8.0, 12.0) if frontal else rng.uniform(5.5, 8.5)
    last_hz = rng.uniform(2.2, 3.6)
    speed_hz = first_hz * (last_hz / first_hz) ** progress**0.8
    growth = np.interp(progress, [0, 0.06, 0.5, 0.9, 1], [0.15, 0.3, 1.0, 1.0, 0.85])
    sources = np.zeros((len(SCALP), count))
    for joined in seizure.spread:
        late = min(count - 2, round(joined.delay_s * sfreq_hz))
        # Jitter within a region is its own, so that regions lock, but not perfectly.
        phase = _phase(rng, speed_hz, sfreq_hz, 0.25) - rng.uniform(0.2, 1.0) * (late > 0)
        wave = _rhythmic_wave(phase, progress) * growth * _waxing(rng, count, sfreq_hz)
        wave[:late] = 0.0
        wave[late:] *= fade(count - late, sfreq_hz, 1.0 if late == 0 else 3.0, 0.8)
        weights = scale(region_weights(joined.region))
        sources += weights[:, None] * (joined.share * seizure.amplitude_uv * wave)
    return sources


def _tonic_clonic(
    rng: Generator, count: int, sfreq_hz: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cortical wave [T] and muscle [E,T]: fast and growing, then jerks that become rare."""
    progress = np.arange(count) / count
    tonic = float(rng.uniform(0.22, 0.32))
    fast = np.sin(_phase(rng, np.linspace(14, 8, count), sfreq_hz, 0.5))
    fast *= np.interp(progress, [0, 0.05, tonic, tonic + 0.08], [0.1, 0.35, 0.9, 0.0])
    jerks = _phase(rng, np.interp(progress, [tonic, 1], [4.5, 1.0]), sfreq_hz, 0.15)
    clonic = np.interp(progress, [tonic, tonic + 0.08, 0.9, 1], [0.0, 1.0, 1.0, 0.7])
    cortex = fast + clonic * _spike_wave_cycle(jerks)
    gate = np.clip(np.cos(jerks - 0.8), 0, 1) ** 2
    strength = np.interp(progress, [0, 0.08, tonic], [0.0, 0.4, 1.0]) * (progress < tonic)
    strength += clonic * gate * (progress >= tonic)
    shares = rng.uniform(0.25, 0.6, (len(ELECTRODES), 1))
    for i, name in enumerate(ELECTRODES):
        shares[i] *= 1.8 if name in ("T7", "T8", "F7", "F8", "Fp1", "Fp2", "A1", "A2") else 1.0
    muscle = shares * muscle_noise(rng, (len(ELECTRODES), count), sfreq_hz) * strength
    ends = fade(count, sfreq_hz, 0.3)
    return cortex * ends, muscle * ends


def _phase(
    rng: Generator, speed_hz: NDArray[np.float64], sfreq_hz: int, jitter: float
) -> NDArray[np.float64]:
    """Phase [T] in radians of a given speed, wandering by ``jitter`` radians over a second."""
    steps = rng.standard_normal(len(speed_hz)) * (jitter / np.sqrt(sfreq_hz))
    return np.cumsum(2 * np.pi * speed_hz / sfreq_hz + steps)


def _waxing(rng: Generator, count: int, sfreq_hz: int) -> NDArray[np.float64]:
    """A size [T] near 1 that wanders from wave to wave, within a time constant of .4 s."""
    keep = np.exp(-1 / (0.4 * sfreq_hz))
    steps = rng.standard_normal(count) * np.sqrt(1 - keep**2)
    return np.exp(0.3 * lfilter([1.0], [1.0, -keep], steps))


def _rhythmic_wave(phase: NDArray, progress: NDArray) -> NDArray[np.float64]:
    """A rhythm whose waves sharpen as the seizure goes on."""
    sharp = 0.15 + 0.35 * progress
    wave = np.sin(phase) + sharp * np.sin(2 * phase + 0.7)
    return wave + 0.4 * sharp * np.sin(3 * phase + 1.4)


def _spike_wave_cycle(phase: NDArray) -> NDArray[np.float64]:
    """One negative spike and one broad negative wave in each cycle of the phase, mean 0."""
    cycle = (phase / (2 * np.pi)) % 1.0
    spike = np.exp(-0.5 * ((cycle - 0.1) / 0.035) ** 2)
    trough = 0.35 * np.exp(-0.5 * ((cycle - 0.23) / 0.05) ** 2)
    dome = np.sin(np.pi * np.clip((cycle - 0.18) / 0.82, 0, 1) ** 0.75) ** 1.5
    return 0.517 - (spike - trough + dome)


def _overlay(start: int, sources: NDArray[np.float64]) -> Overlay:
    return Overlay(start, np.arange(SOURCES.start, SOURCES.stop), sources.astype(np.float32))

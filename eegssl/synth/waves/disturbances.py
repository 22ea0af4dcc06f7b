"""Make artifacts: muscle, chewing, pops, movement, tapping and eye movement.

They are as large as seizures or larger, so amplitude does not tell them apart. Shapes, sizes and
rates are ours, after clinical atlases.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from eegssl.synth.anatomy import SCALP
from eegssl.synth.waves.rows import GAZE, Overlay, electrode_row

_TEMPORAL = (("T7", "F7", "P7", "A1"), ("T8", "F8", "P8", "A2"))
_FRONTAL = ("Fp1", "Fp2", "F7", "F8", "F3", "F4")
_ACROSS = (*_TEMPORAL[0], *_TEMPORAL[1])


@dataclass(frozen=True)
class Kind:
    """A kind of artifact: how often at an artifact load of 1, how long, how large, its waves."""

    per_min: float
    range_s: tuple[float, float]
    range_uv: tuple[float, float]
    wave: Callable[[Generator, NDArray, int, int], NDArray]
    """(rng, times [T], rows, sfreq_hz) -> waves [rows, T] of size 1."""


@dataclass(frozen=True)
class Disturbance:
    """One artifact: where, when, how large; ``amplitude_uv`` is RMS for muscle, else peak."""

    kind: str
    onset_s: float
    duration_s: float
    electrodes: tuple[str, ...]
    amplitude_uv: float
    seed: int


def draw_disturbance(
    rng: Generator, kind: str, onset_s: float, limit_s: float, *, seed: int
) -> Disturbance:
    """Draw the place, length and size of one artifact; it ends before ``limit_s``."""
    traits = KINDS[kind]
    low_uv, high_uv = np.log(traits.range_uv)
    return Disturbance(
        kind=kind,
        onset_s=round(onset_s, 3),
        duration_s=round(min(float(rng.uniform(*traits.range_s)), limit_s - onset_s), 3),
        electrodes=_place(rng, kind),
        amplitude_uv=round(float(np.exp(rng.uniform(low_uv, high_uv))), 1),
        seed=seed,
    )


def _place(rng: Generator, kind: str) -> tuple[str, ...]:
    if kind == "gaze":
        return ()
    if kind in ("pop", "contact"):
        return (str(rng.choice(SCALP)),)
    if kind == "muscle":
        places = (*_TEMPORAL, _FRONTAL, _ACROSS)
        return places[int(rng.integers(len(places)))]
    if kind == "chewing":
        return _ACROSS
    return tuple(str(n) for n in rng.choice(SCALP, int(rng.integers(3, 9)), replace=False))


def render_disturbance(item: Disturbance, rng: Generator, sfreq_hz: int) -> Overlay:
    """The waves of one artifact at its electrodes (or in the row of the gaze)."""
    count = max(2, round(item.duration_s * sfreq_hz))
    time_s = np.arange(count) / sfreq_hz
    wave = KINDS[item.kind].wave(rng, time_s, max(1, len(item.electrodes)), sfreq_hz)
    rows = [electrode_row(n) for n in item.electrodes] or [GAZE]
    start = round(item.onset_s * sfreq_hz)
    return Overlay(start, np.array(rows), (item.amplitude_uv * wave).astype(np.float32))


def muscle_noise(rng: Generator, shape: tuple[int, int], sfreq_hz: int) -> NDArray[np.float64]:
    """Muscle activity of RMS 1: noise between 22 Hz and 110 Hz (or nearly Nyquist)."""
    band = butter(2, [22.0, min(110.0, 0.45 * sfreq_hz)], "bandpass", fs=sfreq_hz, output="sos")
    noise = sosfilt(band, rng.standard_normal(shape), axis=1)
    return noise / (noise.std() + 1e-12)


def fade(
    count: int, sfreq_hz: int, ramp_s: float, last_ramp_s: float | None = None
) -> NDArray[np.float64]:
    """A window [T] of ones with raised-cosine ends, each at most half of it."""
    window = np.ones(count)
    for side, length_s in ((window, ramp_s), (window[::-1], last_ramp_s or ramp_s)):
        ramp = max(1, min(round(length_s * sfreq_hz), count // 2))
        side[:ramp] = 0.5 - 0.5 * np.cos(np.pi * (np.arange(ramp) + 0.5) / ramp)
    return window


def _muscle(rng: Generator, time_s: NDArray, rows: int, sfreq_hz: int) -> NDArray:
    noise = muscle_noise(rng, (rows, len(time_s)), sfreq_hz)
    shares = rng.uniform(0.3, 1.0, (rows, 1))
    return noise * shares * fade(len(time_s), sfreq_hz, 0.3)


def _chewing(rng: Generator, time_s: NDArray, rows: int, sfreq_hz: int) -> NDArray:
    rate_hz = rng.uniform(1.0, 2.2)
    gate = np.clip(np.sin(2 * np.pi * rate_hz * time_s), 0, 1) ** 0.7
    slow = 0.6 * np.sin(2 * np.pi * rate_hz * time_s + rng.uniform(0, 6, (rows, 1)))
    noise = muscle_noise(rng, (rows, len(time_s)), sfreq_hz) * gate
    return (noise + slow) * rng.uniform(0.4, 1.0, (rows, 1)) * fade(len(time_s), sfreq_hz, 0.5)


def _pop(rng: Generator, time_s: NDArray, rows: int, sfreq_hz: int) -> NDArray:
    """A step that decays with the amplifier's time constant, once or twice."""
    wave = np.zeros((rows, len(time_s)))
    for at_s in rng.uniform(0, 0.5, int(rng.integers(1, 3))) * time_s[-1]:
        late_s = time_s - at_s
        decay = np.exp(-np.clip(late_s, 0, None) / rng.uniform(0.05, 0.2))
        wave += rng.choice([-1.0, 1.0]) * np.where(late_s >= 0, decay, 0.0)
    return wave * fade(len(time_s), sfreq_hz, 0.02)


def _movement(rng: Generator, time_s: NDArray, rows: int, sfreq_hz: int) -> NDArray:
    """Slow, irregular swings below 2 Hz with some muscle on top."""
    wave = np.zeros((rows, len(time_s)))
    for hz in rng.uniform(0.2, 2.0, 5):
        common = rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.5, (rows, 1))
        wave += rng.normal(0, 0.6, (rows, 1)) / 2 * np.sin(2 * np.pi * hz * time_s + common)
    wave += 0.08 * muscle_noise(rng, (rows, len(time_s)), sfreq_hz)
    return wave * fade(len(time_s), sfreq_hz, 0.5)


def _tapping(rng: Generator, time_s: NDArray, rows: int, sfreq_hz: int) -> NDArray:
    """A rhythm of 1.5 to 6 Hz at electrodes of no physiological field: the seizure's mimic."""
    phase = 2 * np.pi * rng.uniform(1.5, 6.0) * time_s
    shares = rng.uniform(-1.0, 1.0, (rows, 1))
    wave = np.sin(phase) + rng.uniform(0, 0.5) * np.sin(2 * phase + 1.0)
    return shares * wave * fade(len(time_s), sfreq_hz, 0.3)


def _gaze(rng: Generator, time_s: NDArray, rows: int, sfreq_hz: int) -> NDArray:
    """The eyes turn aside and come back: a plateau with steep ends."""
    ends = fade(len(time_s), sfreq_hz, 0.06)
    return np.tile(rng.choice([-1.0, 1.0]) * ends, (rows, 1))


def _contact(rng: Generator, time_s: NDArray, rows: int, sfreq_hz: int) -> NDArray:
    """A loose electrode: slow wandering and broad noise."""
    steps = rng.standard_normal((rows, len(time_s))) / np.sqrt(sfreq_hz)
    wander = sosfilt(butter(1, 0.3, "highpass", fs=sfreq_hz, output="sos"), np.cumsum(steps, 1))
    noise = 0.15 * rng.standard_normal((rows, len(time_s)))
    return (wander + noise) * fade(len(time_s), sfreq_hz, 0.5)


KINDS = {
    "muscle": Kind(0.9, (0.8, 12.0), (8.0, 45.0), _muscle),
    "chewing": Kind(0.15, (4.0, 15.0), (20.0, 70.0), _chewing),
    "pop": Kind(0.4, (0.6, 1.5), (100.0, 500.0), _pop),
    "movement": Kind(0.3, (1.5, 8.0), (80.0, 350.0), _movement),
    "tapping": Kind(0.12, (4.0, 15.0), (40.0, 150.0), _tapping),
    "gaze": Kind(1.5, (0.6, 2.0), (40.0, 120.0), _gaze),
    "contact": Kind(0.1, (5.0, 30.0), (20.0, 60.0), _contact),
}

"""Fit the aperiodic part of spectra, and take it out of signals.

A line in log-log coordinates, as in Donoghue et al. (Nature Neuroscience 2020); the robust fit, and
the filter that takes it out, are ours.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from eegssl.errors import InputError

Floats = NDArray[np.float64]

FIT_HZ = (2.0, 40.0)
"""Ours: between drift and mains."""
LEVEL_HZ = 10.0
"""Ours: a flattened spectrum has the level that the mean line has here."""
SEGMENT_S = 2.0
_FINER = 4  # bins of the padded spectrum for one of a segment
_ROUNDS = 6  # of fitting the line and leaving out what lies far off it
_FAR = 2.0  # robust standard deviations
_PER_MAD = 1.4826
_DARK = 1e-30  # a density that counts as none, in µV²/Hz
_NOISE_DB = -60.0  # far below amplifier noise: a flat channel stays flat


@dataclass(frozen=True)
class Line:
    """The aperiodic part of spectra [...]: level at 1 Hz in dB, and dB a decade."""

    offset_db: Floats
    slope_db: Floats

    def at(self, hz: Floats) -> Floats:
        """Levels [..., F] in dB at frequencies [F]."""
        return np.asarray(self.offset_db[..., None] + self.slope_db[..., None] * np.log10(hz))


def in_db(density: Floats, least: float = _DARK) -> Floats:
    """Densities in µV²/Hz as levels in dB."""
    return np.asarray(10 * np.log10(np.maximum(density, least)))


def power_density(
    signal: NDArray[np.floating], sfreq_hz: float, segment_s: float
) -> tuple[Floats, Floats]:
    """Frequencies [F] above 0, and densities [..., F] in µV²/Hz of signals [..., T] in µV.

    Welch's mean over Hann-tapered segments that overlap by half, each without its mean and padded
    fourfold; a shorter signal is one segment.
    """
    x = np.asarray(signal, dtype=np.float64)
    length = min(round(segment_s * sfreq_hz), x.shape[-1])
    segments = sliding_window_view(x, length, axis=-1)[..., :: max(1, length // 2), :]
    taper = np.hanning(length + 2)[1:-1]
    total = np.zeros(1)
    for k in range(segments.shape[-2]):  # one by one: all at once need several times the memory
        segment = segments[..., k, :]
        tapered = (segment - segment.mean(axis=-1, keepdims=True)) * taper
        spectrum = np.fft.rfft(tapered, _FINER * length)[..., 1:]
        total = total + spectrum.real**2 + spectrum.imag**2
    scale = 2 / (sfreq_hz * np.sum(taper**2) * segments.shape[-2])
    hz = np.asarray(np.fft.rfftfreq(_FINER * length, 1 / sfreq_hz)[1:], dtype=np.float64)
    return hz, total * scale


def aperiodic_line(hz: Floats, level_db: Floats, fit_hz: tuple[float, float] = FIT_HZ) -> Line:
    """The line through levels [..., F] in dB over the logarithm of frequency.

    Least squares between ``fit_hz``, each octave counting the same; what lies more than two robust
    deviations off is left out and the line fitted again.
    """
    inside = (hz >= fit_hz[0]) & (hz <= fit_hz[1])
    if inside.sum() < 3 * _FINER:
        raise InputError(
            f"{inside.sum() // _FINER} frequencies lie between {fit_hz[0]:g} and {fit_hz[1]:g} Hz; "
            "expected at least 3 to fit a line: use longer signals"
        )
    x, y = np.log10(hz[inside]), level_db[..., inside]
    octave = 1 / hz[inside]
    inliers = np.ones(y.shape, dtype=bool)
    for _ in range(_ROUNDS):
        weight = np.where(inliers, octave, 0.0)
        weight = weight / weight.sum(axis=-1, keepdims=True)
        x_mean = np.sum(weight * x, axis=-1, keepdims=True)
        y_mean = np.sum(weight * y, axis=-1, keepdims=True)
        spread = np.sum(weight * (x - x_mean) ** 2, axis=-1, keepdims=True)
        slope = np.sum(weight * (x - x_mean) * (y - y_mean), axis=-1, keepdims=True) / spread
        off = y - y_mean - slope * (x - x_mean)
        off = off - np.median(off, axis=-1, keepdims=True)
        deviation = _PER_MAD * np.median(np.abs(off), axis=-1, keepdims=True)
        inliers = np.abs(off) <= _FAR * deviation
    return Line((y_mean - slope * x_mean)[..., 0], slope[..., 0])


def line_of(signal_uv: NDArray[np.floating], sfreq_hz: float) -> Line:
    """The aperiodic line [...] of signals [..., T]; raises InputError for too short ones."""
    hz, density = power_density(signal_uv, sfreq_hz, SEGMENT_S)
    return aperiodic_line(hz, in_db(density, 10 ** (_NOISE_DB / 10)))


def flattened(
    signal_uv: NDArray[np.floating],
    sfreq_hz: float,
    line: Line,
    level_db: float,
    band_hz: tuple[float, float],
) -> NDArray[np.float32]:
    """Signals [..., T] whose aperiodic part is flat, at ``level_db``; phases stay as they are.

    Every frequency is divided by the amplitude of ``line`` ([...], or of one for all), outside
    ``band_hz`` by that at its edge, where a filter has left nothing to be lifted. The mean goes.
    """
    n = signal_uv.shape[-1]
    hz = np.clip(np.fft.rfftfreq(n, 1 / sfreq_hz), *band_hz)
    gain = 10 ** ((level_db - line.at(hz)) / 20)
    gain[..., 0] = 0.0
    flat = np.fft.irfft(np.fft.rfft(np.asarray(signal_uv, np.float64)) * gain, n)
    return flat.astype(np.float32)

"""Compute log band power, the features of the plain baselines.

Power in the classical bands of each channel, summarised over channels by mean, standard
deviation, maximum and minimum. The summary is ours: it needs no montage, so that recordings with
other channels fit one model, and a seizure in one region still shows as a large maximum.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft, rfftfreq

from eegssl.corpus.windows import Windows
from eegssl.errors import InputError
from eegssl.signal.bands import BANDS_HZ

SUMMARIES = ("mean", "sd", "max", "min")
_SEGMENT_S = 2.0  # half-hertz bins: the lowest band has seven
_WINDOWS_AT_ONCE = 256
_FLOOR_UV2 = 1e-3  # far below amplifier noise; keeps a flat channel finite


def log_band_power(signal_uv: NDArray[np.floating], sfreq_hz: float) -> NDArray[np.float64]:
    """Log10 of the power (µV²) in each band: [B, C, T] -> [B, C, 5].

    Welch's estimate: 2 s Hann segments (or the whole window where shorter), half overlapping,
    means removed; density integrated over the band. Raises InputError if the signal is too
    short, or sampled too slowly, to hold a bin of every band.
    """
    signal = np.asarray(signal_uv, dtype=np.float64)
    if signal.ndim != 3:
        raise ValueError(f"got a signal of shape {signal.shape}; expected [B, C, T].")
    if signal.shape[2] < sfreq_hz or sfreq_hz / 2 < BANDS_HZ["gamma"][1]:
        raise InputError(
            f"got windows of {signal.shape[2]} samples at {sfreq_hz:g} Hz; expected at least 1 s "
            "(task.window_s, or window_s of --probes), sampled at 140 Hz or more (filter.sfreq_hz "
            "of preprocess), to tell "
            "the bands from 0.5 to 70 Hz apart."
        )
    length = min(signal.shape[2], round(_SEGMENT_S * sfreq_hz))
    freqs_hz = rfftfreq(length, 1 / sfreq_hz)
    density = _welch_density(signal, length, sfreq_hz)
    edges = BANDS_HZ.values()
    members = [(freqs_hz >= low) & (freqs_hz < high) for low, high in edges]
    power = np.stack([density[..., member].sum(axis=-1) for member in members], axis=-1)
    return np.log10(power * sfreq_hz / length + _FLOOR_UV2)


def band_power_features(signal_uv: NDArray[np.floating], sfreq_hz: float) -> NDArray[np.float64]:
    """Features of windows with any channels: [B, C, T] -> [B, 20], ordered by summary."""
    power = log_band_power(signal_uv, sfreq_hz)
    summaries = (power.mean(axis=1), power.std(axis=1), power.max(axis=1), power.min(axis=1))
    return np.concatenate(summaries, axis=1)


def feature_names() -> tuple[str, ...]:
    """The names of ``band_power_features`` in order, e.g. ``delta_mean``."""
    return tuple(f"{band}_{summary}" for summary in SUMMARIES for band in BANDS_HZ)


def band_power_of(windows: Windows) -> NDArray[np.float64]:
    """Features [n, 20] of windows, read a few hundred at a time."""
    features = np.empty((len(windows), len(feature_names())))
    for index in windows.in_order(_WINDOWS_AT_ONCE):
        batch = windows.batch(index)
        features[index] = band_power_features(batch.signal_uv, windows.corpus.sfreq_hz)
    return features


def _welch_density(
    signal_uv: NDArray[np.float64], length: int, sfreq_hz: float
) -> NDArray[np.float64]:
    """One-sided power density in µV²/Hz: [B, C, T] -> [B, C, length // 2 + 1]."""
    starts = range(0, signal_uv.shape[2] - length + 1, max(length // 2, 1))
    taper = np.hanning(length + 1)[:-1]  # periodic: half-overlapping tapers sum to a constant
    scale = 2 / (sfreq_hz * np.sum(taper**2))
    total = np.zeros((*signal_uv.shape[:2], length // 2 + 1))
    for start in starts:
        segment = signal_uv[..., start : start + length]
        spectrum = rfft((segment - segment.mean(axis=-1, keepdims=True)) * taper, axis=-1)
        total += spectrum.real**2 + spectrum.imag**2
    return total * scale / len(starts)

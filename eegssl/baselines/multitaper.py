"""Compute multitaper band power by channel and by region."""

from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft, rfftfreq
from scipy.signal.windows import dpss

from eegssl.errors import InputError

N_BANDS = 24
_LOW_HZ, _HIGH_HZ = 0.5, 70.0
_BEND_HZ = 8.0  # bands are about as wide below it, and widen in proportion above
_SEGMENT_S = 4.0
_TIME_BANDWIDTH = 2.0  # tapers resolve 2 / 4 s = 0.5 Hz to either side
_TAPERS = 3
_FLOOR_UV2 = 1e-3  # far below amplifier noise; keeps a flat channel finite
Floats = NDArray[np.float64]


def band_edges_hz() -> Floats:
    """Edges [25] of the bands from 0.5 to 70 Hz, equally spaced in log(1 + f / 8 Hz) (ours)."""
    low, high = np.log1p(_LOW_HZ / _BEND_HZ), np.log1p(_HIGH_HZ / _BEND_HZ)
    return np.asarray(_BEND_HZ * np.expm1(np.linspace(low, high, N_BANDS + 1)))


def log_multitaper_power(signal_uv: NDArray[np.floating], sfreq_hz: float) -> Floats:
    """Log10 of the power (µV²) in each band: [B, C, T] -> [B, C, 24].

    Thomson's estimate with 3 Slepian tapers (Proc. IEEE 70, 1982), on half-overlapping segments
    of 4 s, or of the window where it is shorter, without their means. Raises InputError for
    windows under 2 s or a rate under 140 Hz: a band would hold no bin.
    """
    signal = np.asarray(signal_uv, dtype=np.float64)
    if signal.shape[2] < 2 * sfreq_hz or sfreq_hz < 2 * _HIGH_HZ:
        raise InputError(
            f"got windows of {signal.shape[2]} samples at {sfreq_hz:g} Hz; expected at least 2 s "
            "(task.window_s, or window_s of --probes), sampled at 140 Hz or more (filter.sfreq_hz "
            "of preprocess), to tell "
            f"{N_BANDS} bands from 0.5 to 70 Hz apart."
        )
    length = min(signal.shape[2], round(_SEGMENT_S * sfreq_hz))
    tapers = _tapers(length)
    starts = range(0, signal.shape[2] - length + 1, max(length // 2, 1))
    density = np.zeros((*signal.shape[:2], length // 2 + 1))
    for start in starts:
        segment = signal[..., start : start + length]
        segment = segment - segment.mean(axis=-1, keepdims=True)
        for taper in tapers:
            spectrum = rfft(segment * taper, axis=-1)
            density += spectrum.real**2 + spectrum.imag**2
    density *= 2 / (sfreq_hz * len(tapers) * len(starts))
    hz, edges = rfftfreq(length, 1 / sfreq_hz), band_edges_hz()
    first = np.searchsorted(hz, edges)
    power = [density[..., a:b].sum(axis=-1) for a, b in pairwise(first)]
    return np.log10(np.stack(power, axis=-1) * sfreq_hz / length + _FLOOR_UV2)


def by_region(power: Floats, regions: NDArray[np.floating]) -> Floats:
    """Means of ``power`` [B, C, F] over the channels of each region: [B, R * F].

    ``regions`` [B, C, R] are the channels' shares of the regions. A region without a channel has
    the mean of all channels (ours), so that any montage has all features.
    """
    share = regions.astype(np.float64)
    total = share.sum(axis=1)[..., None]
    inside = np.einsum("bcr,bcf->brf", share, power)
    means = np.divide(inside, total, out=np.zeros_like(inside), where=total > 0)
    means = np.where(total > 0, means, power.mean(axis=1)[:, None])
    return means.reshape(len(power), -1)


@cache
def _tapers(length: int) -> Floats:
    """Slepian tapers [3, length] of unit energy."""
    return np.asarray(dpss(length, _TIME_BANDWIDTH, _TAPERS))

"""Compute instantaneous phase and amplitude in narrow bands.

A phase is the angle of the analytic signal in a band around one frequency; 0 is a crest. The truth
looks at both sides of each sample, `edge_s` far; forecasts are made from the context alone. Phases
[..., K, T] have a row a band, around centres [..., K] in Hz that the context gave.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.tasks.forecast.config import AutoregressionConfig
from eegssl.tasks.forecast.data import PairBatch
from eegssl.tasks.forecast.methods.forecast_baselines import Autoregressive
from eegssl.tasks.phase.config import PhaseConfig

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Phases:
    """Phases ``rad`` in (-pi, pi] and amplitudes ``uv``, both [..., K, T]."""

    rad: Floats
    uv: Floats


def edge_s(sfreq_hz: float, config: PhaseConfig) -> float:
    """Seconds on either side of a sample that its true phase depends on."""
    return (len(_low_pass(sfreq_hz, config.half_width_hz, config.stop_db)) // 2) / sfreq_hz


def analytic_signal(
    signal: NDArray[np.floating], centres_hz: Floats, sfreq_hz: float, config: PhaseConfig
) -> NDArray[np.complex128]:
    """The analytic signals [..., K, T] of signals [..., T] around centres [..., K].

    What a zero-phase FIR band-pass and the Hilbert transform give, in one go: the signal is turned
    down by its centre, low-passed and turned up again. Within `edge_s` of either end the samples
    beyond count as 0.
    """
    taps = _low_pass(sfreq_hz, config.half_width_hz, config.stop_db)
    x = np.asarray(signal, dtype=np.float64)
    n = x.shape[-1]
    turn = np.exp(2j * np.pi * centres_hz[..., None] * np.arange(n) / sfreq_hz)
    size = scipy.fft.next_fast_len(n + len(taps) - 1)
    spectrum = scipy.fft.fft(x[..., None, :] * turn.conj(), size) * scipy.fft.fft(taps, size)
    half = len(taps) // 2
    low = scipy.fft.ifft(spectrum)[..., half : half + n]
    return np.asarray(2 * low * turn)


def true_phases(
    pair: PairBatch, centres_hz: Floats, sfreq_hz: float, config: PhaseConfig
) -> Phases:
    """Phases over the targets, from the target's own signal before, within and after them.

    Raises InputError unless `edge_s` of it lie before and after (``cut_pairs(after_s=...)``).
    """
    edge = round(edge_s(sfreq_hz, config) * sfreq_hz)
    before, after = pair.before_uv.shape[-1], pair.after_uv.shape[-1]
    if min(before, after) < edge:
        raise InputError(
            f"got {before / sfreq_hz:g} s before and {after / sfreq_hz:g} s after a target; a true "
            f"phase needs {edge / sfreq_hz:g} s on both sides: cut the pairs with after_s, or "
            "widen phase.half_width_hz"
        )
    parts = (pair.before_uv[..., before - edge :], pair.target_uv, pair.after_uv[..., :edge])
    whole = analytic_signal(np.concatenate(parts, axis=-1), centres_hz, sfreq_hz, config)
    return _polar(whole[..., edge : edge + pair.target_uv.shape[-1]])


def phases_of_forecast(
    context_uv: NDArray[np.floating],
    forecast_uv: NDArray[np.floating],
    n_samples: int,
    centres_hz: Floats,
    sfreq_hz: float,
    config: PhaseConfig,
) -> Phases:
    """Phases over the first ``n_samples`` of any forecast [..., T], joined to its context.

    Where a forecast goes on for `edge_s` longer all of them are as good as it is. What it leaves
    out counts as 0: amplitudes sink towards its end, phases of a steady oscillation stay.
    """
    edge = round(edge_s(sfreq_hz, config) * sfreq_hz)
    recent = context_uv[..., -edge:]
    mean = np.mean(context_uv, axis=-1, keepdims=True)
    ahead = forecast_uv[..., : n_samples + edge]
    missing = np.zeros((*ahead.shape[:-1], n_samples + edge - ahead.shape[-1]))
    joined = np.concatenate([recent - mean, ahead - mean, missing], axis=-1)
    first = recent.shape[-1]
    whole = analytic_signal(joined, centres_hz, sfreq_hz, config)
    return _polar(whole[..., first : first + n_samples])


def phases_by_ar(
    context_uv: NDArray[np.floating],
    n_samples: int,
    centres_hz: Floats,
    sfreq_hz: float,
    config: PhaseConfig,
    autoregression: AutoregressionConfig,
) -> Phases:
    """AR + Hilbert (Chen et al. 2013; Zrenner et al. 2018): phases of contexts run on by AR(p).

    Ours: the AR model is of the whole band, so that no filter's edge lies at t.
    """
    edge = round(edge_s(sfreq_hz, config) * sfreq_hz)
    ar = Autoregressive(n_samples + edge, sfreq_hz, autoregression)
    ahead = ar.forecast_series(context_uv)
    return phases_of_forecast(context_uv, ahead, n_samples, centres_hz, sfreq_hz, config)


def phases_by_rotation(
    context_uv: NDArray[np.floating],
    n_samples: int,
    centres_hz: Floats,
    sfreq_hz: float,
    config: PhaseConfig,
) -> Phases:
    """phi0 + 2 pi f t, with f the centre of the band; phi0 of a sinusoid of that frequency.

    It is fitted, with a line, to the last ``phase_s`` of the context by least squares (ours).
    """
    n = min(round(config.phase_s * sfreq_hz), context_uv.shape[-1])
    recent = np.asarray(context_uv[..., None, -n:], dtype=np.float64)
    t_s = np.arange(-n, 0) / sfreq_hz
    angle = 2 * np.pi * centres_hz[..., None] * t_s
    line = np.broadcast_to(np.stack([np.ones(n), t_s]), (*centres_hz.shape, 2, n))
    basis = np.concatenate([np.cos(angle)[..., None, :], np.sin(angle)[..., None, :], line], -2)
    gram = basis @ np.swapaxes(basis, -1, -2)
    fitted = np.linalg.solve(gram, np.sum(basis * recent[..., None, :], axis=-1)[..., None])
    crest = fitted[..., 0, 0] - 1j * fitted[..., 1, 0]
    ahead_s = np.arange(n_samples) / sfreq_hz
    return _polar(crest[..., None] * np.exp(2j * np.pi * centres_hz[..., None] * ahead_s))


def _polar(analytic: NDArray[np.complex128]) -> Phases:
    return Phases(np.angle(analytic), np.abs(analytic))


@lru_cache(maxsize=16)
def _low_pass(sfreq_hz: float, half_width_hz: float, stop_db: float) -> Floats:
    """A symmetric FIR of odd length and gain 1: -6 dB at the half width, ``stop_db`` from 1.5
    times it on (Kaiser's window)."""
    length, beta = scipy.signal.kaiserord(stop_db, half_width_hz / (sfreq_hz / 2))
    window = ("kaiser", beta)
    return np.asarray(scipy.signal.firwin(length | 1, half_width_hz, window=window, fs=sfreq_hz))

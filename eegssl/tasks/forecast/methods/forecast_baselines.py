"""Forecast by simple methods: last value, mean, season, AR, linear map.

Every method forecasts contexts of any channels, in µV; all treat channels alike and one by one.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.tasks.forecast.config import AutoregressionConfig, ErrorUnit, ForecastBaselinesConfig
from eegssl.tasks.forecast.data import Context, Horizon, RecordedPairs, context_scale
from eegssl.tasks.forecast.methods.autoregression import fit_autoregression, run_on
from eegssl.tasks.forecast.methods.phase_compensation import Forecaster, PhaseCompensated

Floats = NDArray[np.float64]

_AT_ONCE = 16  # pairs that a fit reads at once


@dataclass(frozen=True)
class Persistence:
    """The last sample, held."""

    n_samples: int

    def forecast(self, context: Context) -> Floats:
        """Hold the last sample of [B, C, Tc] for T samples."""
        return np.repeat(context.signal_uv[..., -1:].astype(np.float64), self.n_samples, axis=-1)


@dataclass(frozen=True)
class Mean:
    """The mean of the context."""

    n_samples: int

    def forecast(self, context: Context) -> Floats:
        """The mean of each channel of [B, C, Tc], for T samples."""
        return np.repeat(context_scale(context.signal_uv)[0], self.n_samples, axis=-1)


@dataclass(frozen=True)
class Seasonal:
    """The last period of each channel, again and again.

    The period (ours) is the lag of the highest autocorrelation of the context, after that has
    first been negative and up to ``longest`` samples; without one, the last ``longest`` samples
    are repeated.
    """

    n_samples: int
    longest: int

    def forecast(self, context: Context) -> Floats:
        """Repeat the last period of each channel of [B, C, Tc] for T samples."""
        signal = context.signal_uv.astype(np.float64)
        n = signal.shape[-1]
        period = _periods(signal, min(self.longest, n))
        ahead = np.arange(self.n_samples) % period[..., None]
        return np.take_along_axis(signal, n - period[..., None] + ahead, axis=-1)


def _periods(signal: Floats, longest: int) -> NDArray[np.int64]:
    """Period of each series [..., T] in samples."""
    n = signal.shape[-1]
    size = scipy.fft.next_fast_len(n + longest + 1, real=True)
    spectrum = scipy.fft.rfft(signal - signal.mean(axis=-1, keepdims=True), size)
    correlation = scipy.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[..., : longest + 1]
    after_dip = np.maximum.accumulate(correlation < 0, axis=-1)
    period = np.where(after_dip, correlation, -np.inf).argmax(axis=-1)
    return np.where(after_dip.any(axis=-1), np.maximum(period, 1), longest)


@dataclass(frozen=True)
class Autoregressive:
    """AR(p) of each channel, fitted on the context and run on."""

    n_samples: int
    sfreq_hz: float
    config: AutoregressionConfig

    def forecast(self, context: Context) -> Floats:
        """Run each channel of [B, C, Tc] on for T samples."""
        return self.forecast_series(context.signal_uv)

    def forecast_series(self, signal_uv: NDArray[np.floating]) -> Floats:
        """The same for plain arrays [..., Tc]: [..., T]."""
        series = signal_uv.reshape(-1, signal_uv.shape[-1]).astype(np.float64)
        model = fit_autoregression(series, self.sfreq_hz, self.config)
        mean = series.mean(axis=-1, keepdims=True)
        ahead = run_on(series, model, self.n_samples, mean)
        return ahead.reshape(*signal_uv.shape[:-1], self.n_samples)


@dataclass(frozen=True)
class Linear:
    """Ridge regression from the last L samples to all T, one map for all channels.

    ``weights`` [L, T] between signals z-scored by the context; ``penalties`` [T], as shares of the
    inputs' mean variance, are those that were chosen.
    """

    weights: Floats
    penalties: Floats

    def forecast(self, context: Context) -> Floats:
        """Map the end of each channel of [B, C, Tc] to T samples."""
        mean, deviation = context_scale(context.signal_uv)
        recent = (context.signal_uv[..., -len(self.weights) :] - mean) / deviation
        return recent @ self.weights * deviation + mean


def fit_linear(
    train: RecordedPairs,
    validation: RecordedPairs | None,
    lookback: int,
    penalties: tuple[float, ...],
    unit: ErrorUnit,
) -> Linear:
    """Fit `Linear` on training pairs, each octave of the horizon with a penalty of its own: that
    of least squared error in ``unit`` on validation pairs."""
    xx, xy, _ = _moments(train, lookback, unit)
    power, directions = np.linalg.eigh(xx)
    turned = directions.T @ xy
    variance = float(np.trace(xx)) / len(xx)
    if variance == 0:
        raise InputError(
            "got flat contexts only; expected signals that a linear map can fit; give other "
            "recordings, or leave linear out of task.baselines.methods"
        )
    options = sorted(penalties)
    fits = [
        directions @ (turned / (np.maximum(power, 0) + penalty * variance)[:, None])
        for penalty in options
    ]
    n_samples = xy.shape[-1]
    if validation is None:
        chosen = np.full(n_samples, len(options) // 2)
    else:
        held_xx, held_xy, held_yy = _moments(validation, lookback, unit)
        errors = np.array([held_yy + np.sum(w * (held_xx @ w - 2 * held_xy), axis=0) for w in fits])
        octave = np.floor(np.log2(np.arange(n_samples) + 1)).astype(np.int64)
        sums = np.stack([np.bincount(octave, weights=error) for error in errors])
        chosen = sums.argmin(axis=0)[octave]
    return Linear(np.stack(fits)[chosen, :, np.arange(n_samples)].T, np.asarray(options)[chosen])


def _moments(pairs: RecordedPairs, lookback: int, unit: ErrorUnit) -> tuple[Floats, Floats, Floats]:
    """Sums of products of inputs [L, L], of inputs and targets [L, T], and squares of those [T]."""
    xx: Floats | float = 0.0
    xy: Floats | float = 0.0
    yy: Floats | float = 0.0
    for index in pairs.in_order(_AT_ONCE):
        pair = pairs.batch(index)
        context_uv = pair.context.signal_uv
        mean, deviation = context_scale(context_uv)
        scale = 1.0 if unit == "uv" else deviation
        x = ((context_uv[..., -lookback:] - mean) / scale).reshape(-1, lookback)
        y = ((pair.target_uv - mean) / scale).reshape(len(x), -1)
        xx, xy, yy = xx + x.T @ x, xy + x.T @ y, yy + np.sum(y**2, axis=0)
    return np.asarray(xx), np.asarray(xy), np.asarray(yy)


def lookback_samples(lookback_s: float, horizon: Horizon) -> int:
    """Samples of the context's end that a method reads: no more than there are."""
    return min(max(1, round(lookback_s * horizon.sfreq_hz)), horizon.context_samples)


UNFITTED = ("persistence", "mean", "seasonal", "ar")
"""The methods that nothing is fitted for: each context says all."""


def plain(name: str, horizon: Horizon, config: ForecastBaselinesConfig) -> Forecaster:
    """One of `UNFITTED` by name."""
    season = max(1, round(config.season_s * horizon.sfreq_hz))
    n, sfreq_hz = horizon.target_samples, horizon.sfreq_hz
    ar = config.autoregression
    methods: dict[str, Forecaster] = {
        "persistence": Persistence(n),
        "mean": Mean(n),
        "seasonal": PhaseCompensated(lambda more: Seasonal(more, season), n, sfreq_hz),
        "ar": PhaseCompensated(lambda more: Autoregressive(more, sfreq_hz, ar), n, sfreq_hz),
    }
    return methods[name]

"""Scores of forecast EEG against what came: errors sample by sample, and of the spectrum.

All arrays are windows x channels x samples. The same scores stand for everything, for each
channel and for each stretch of the horizon, so that a forecast that is good for 50 ms only shows
as one. Sums run over windows and samples, so channels with larger signals weigh more in the
overall ones. What is undefined is None, with its reason under ``undefined``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.scoring.spectral import spectral_scores
from eegssl.signal.bands import BANDS_HZ

Floats = NDArray[np.float64]
Scores = dict[str, Any]

HORIZONS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 90.0)
"""Where the stretches of the horizon end (ours); those beyond the forecast are left out."""

_CONSTANT = 1e-20  # a sum of squares about the mean below this share of the raw one is rounding


@dataclass(frozen=True)
class ForecastScores:
    """Scores of n windows; ``per_horizon`` entries say ``from_s`` and ``to_s``."""

    n_windows: int
    overall: Scores
    per_channel: dict[str, Scores]
    per_horizon: tuple[Scores, ...]

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return {
            "n_windows": self.n_windows,
            "overall": self.overall,
            "per_channel": self.per_channel,
            "per_horizon": list(self.per_horizon),
        }


@dataclass(frozen=True)
class _Windows:
    """Truth and forecast [n, C, T]; the value held on [n, C, 1] and the one-step scale [n, C]."""

    truth: Floats
    forecast: Floats
    held: Floats | None
    one_step: Floats | None

    def part(self, channels: slice, samples: slice) -> "_Windows":
        return _Windows(
            self.truth[:, channels, samples],
            self.forecast[:, channels, samples],
            None if self.held is None else self.held[:, channels],
            None if self.one_step is None else self.one_step[:, channels],
        )


def forecast_scores(
    truth: NDArray[np.floating],
    forecast: NDArray[np.floating],
    sfreq_hz: float,
    context: NDArray[np.floating] | None = None,
    *,
    channels: Sequence[str] | None = None,
    horizons_s: Sequence[float] = HORIZONS_S,
    bands_hz: Mapping[str, tuple[float, float]] = BANDS_HZ,
) -> ForecastScores:
    """Scores of ``forecast`` [n, C, T] against ``truth`` [n, C, T], both in one unit.

    - ``mae``, ``mse``, ``rmse`` in that unit; ``nrmse`` is RMSE over the truth's standard
      deviation and ``r2`` = 1 - nrmse**2, both about each channel's mean over all windows;
      ``pearson`` about the same means.
    - ``mase`` (Hyndman & Koehler 2006): absolute error over the mean step from sample to sample in
      the window's own ``context`` [n, C, Tc], which the forecast follows; mean over the series
      that are not flat there.
    - ``mae_over_persistence``: MAE over that of holding the context's last sample; below 1 is
      better. It is the same yardstick at every horizon and rate, which ``mase`` is not.
    - ``log_psd_distance_db`` and ``bands``: see `spectral_scores`.

    Raises InputError for arrays that do not fit each other or are not finite.
    """
    windows = _windows(truth, forecast, context)
    n, n_channels, n_samples = windows.truth.shape
    names = [str(k) for k in range(n_channels)] if channels is None else list(channels)
    if len(set(names)) != n_channels or not (np.isfinite(sfreq_hz) and sfreq_hz > 0):
        raise InputError(
            f"got {len(set(names))} different channel names for {n_channels} channels, at "
            f"{sfreq_hz} Hz; expected one each, and a rate above 0."
        )
    every = slice(None)

    def scored(part: _Windows) -> Scores:
        return _errors(part, spectral_scores(part.truth, part.forecast, sfreq_hz, bands_hz))

    edges = _edges(horizons_s, sfreq_hz, n_samples)
    return ForecastScores(
        n_windows=n,
        overall=scored(windows),
        per_channel={
            name: scored(windows.part(slice(k, k + 1), every)) for k, name in enumerate(names)
        },
        per_horizon=tuple(
            {
                "from_s": a / sfreq_hz,
                "to_s": b / sfreq_hz,
                **scored(windows.part(every, slice(a, b))),
            }
            for a, b in pairwise(edges)
        ),
    )


def _errors(windows: _Windows, spectral: Scores) -> Scores:
    """The scores of errors sample by sample, and the spectral ones with them."""
    truth, forecast = windows.truth, windows.forecast
    error = forecast - truth
    mse = float(np.mean(error**2))
    scores: Scores = {
        "mae": float(np.mean(np.abs(error))),
        "mse": mse,
        "rmse": float(np.sqrt(mse)),
        **dict.fromkeys(("nrmse", "r2", "pearson", "mase", "mae_over_persistence")),
    }
    undefined = dict(spectral.pop("undefined"))
    truth_about, forecast_about = _about_channel_mean(truth), _about_channel_mean(forecast)
    spread, forecast_spread = float(np.sum(truth_about**2)), float(np.sum(forecast_about**2))
    if spread == 0:
        undefined |= dict.fromkeys(("nrmse", "r2", "pearson"), "the truth is constant")
    else:
        unexplained = float(np.sum(error**2)) / spread
        scores |= {"nrmse": float(np.sqrt(unexplained)), "r2": 1 - unexplained}
        if forecast_spread == 0:
            undefined["pearson"] = "the forecast is constant"
        else:
            together = float(np.sum(truth_about * forecast_about))
            scores["pearson"] = together / float(np.sqrt(spread) * np.sqrt(forecast_spread))
    against, reasons = _against_persistence(windows, np.abs(error))
    return scores | against | spectral | {"undefined": undefined | reasons}


def _against_persistence(
    windows: _Windows, error: Floats
) -> tuple[dict[str, float], dict[str, str]]:
    """``mase`` and ``mae_over_persistence`` where they are defined, else the reasons."""
    if windows.held is None or windows.one_step is None:
        return {}, dict.fromkeys(("mase", "mae_over_persistence"), "no context given")
    scores: dict[str, float] = {}
    undefined: dict[str, str] = {}
    moving = windows.one_step > 0
    if moving.any():
        per_series = error.mean(axis=-1)
        scores["mase"] = float(np.mean(per_series[moving] / windows.one_step[moving]))
    else:
        undefined["mase"] = "every context is flat, or a single sample"
    persistence = float(np.mean(np.abs(windows.held - windows.truth)))
    if persistence > 0:
        scores["mae_over_persistence"] = float(error.mean()) / persistence
    else:
        undefined["mae_over_persistence"] = "holding the last sample makes no error"
    return scores, undefined


def _about_channel_mean(signal: Floats) -> Floats:
    """Signal [n, C, T] about each channel's mean over all windows; exactly 0 where constant."""
    about = signal - signal.mean(axis=(0, 2), keepdims=True)
    spread = np.sum(about**2, axis=(0, 2), keepdims=True)
    rounding = spread <= _CONSTANT * np.sum(signal**2, axis=(0, 2), keepdims=True)
    return np.where(rounding, 0.0, about)


def _windows(
    truth: NDArray[np.floating],
    forecast: NDArray[np.floating],
    context: NDArray[np.floating] | None,
) -> _Windows:
    """The arrays in one type, checked, with what persistence needs of the context."""
    y, f = np.asarray(truth, dtype=np.float64), np.asarray(forecast, dtype=np.float64)
    if y.ndim != 3 or y.shape != f.shape or y.size == 0:
        raise InputError(
            f"got truth {y.shape} and forecast {f.shape}; expected [windows, channels, samples] "
            "twice, none of them 0."
        )
    if not (np.all(np.isfinite(y)) and np.all(np.isfinite(f))):
        raise InputError("got a truth or forecast that is not finite.")
    if context is None:
        return _Windows(y, f, None, None)
    before = np.asarray(context, dtype=np.float64)
    if before.ndim != 3 or before.shape[:2] != y.shape[:2] or before.shape[2] == 0:
        raise InputError(f"got context {before.shape} for {y.shape}; expected the same windows.")
    if not np.all(np.isfinite(before)):
        raise InputError("got a context that is not finite.")
    steps = np.abs(np.diff(before, axis=-1))
    one_step = steps.sum(axis=-1) / max(steps.shape[-1], 1)
    return _Windows(y, f, before[..., -1:], one_step)


def _edges(horizons_s: Sequence[float], sfreq_hz: float, n_samples: int) -> list[int]:
    """Sample edges of the stretches: 0, each horizon within the forecast, its end."""
    inner = {round(horizon * sfreq_hz) for horizon in horizons_s}
    return [0, *sorted(edge for edge in inner if 0 < edge < n_samples), n_samples]

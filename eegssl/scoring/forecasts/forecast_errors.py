"""Scores of forecast EEG against what came: errors sample by sample, and of the spectrum.

All arrays are windows x channels x samples. The same scores stand for everything, for each
channel and for each stretch of the horizon, so that a forecast that is good for 50 ms only shows
as one. Sums run over windows and samples, so channels with larger signals weigh more in the
overall ones. What is undefined is None, with its reason under ``undefined``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.scoring.forecasts.forecast_sums import Scores, Sums, forecast_sums, scores_of
from eegssl.scoring.forecasts.spectral_distance import Bands
from eegssl.signal.bands import BANDS_HZ

Floats = NDArray[np.float64]

HORIZONS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 90.0)
"""Where the stretches of the horizon end (ours); those beyond the forecast are left out."""


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
class ForecastWindows:
    """Truth and forecast [n, C, T]; the value held on [n, C, 1] and the one-step scale [n, C]."""

    truth: Floats
    forecast: Floats
    held: Floats | None
    one_step: Floats | None

    def sums(self, samples: slice, sfreq_hz: float, bands_hz: Bands) -> Sums:
        """The sums [C] of a stretch of the horizon."""
        truth, forecast = self.truth[..., samples], self.forecast[..., samples]
        return forecast_sums(truth, forecast, self.held, self.one_step, sfreq_hz, bands_hz)


def forecast_scores(
    truth: NDArray[np.floating],
    forecast: NDArray[np.floating],
    sfreq_hz: float,
    context: NDArray[np.floating] | None = None,
    *,
    channels: Sequence[str] | None = None,
    horizons_s: Sequence[float] = HORIZONS_S,
    bands_hz: Bands = BANDS_HZ,
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
    windows = checked_windows(truth, forecast, context)
    n, n_channels, n_samples = windows.truth.shape
    names = [str(k) for k in range(n_channels)] if channels is None else list(channels)
    if len(set(names)) != n_channels or not (np.isfinite(sfreq_hz) and sfreq_hz > 0):
        raise InputError(
            f"got {len(set(names))} different channel names for {n_channels} channels, at "
            f"{sfreq_hz} Hz; expected one each, and a rate above 0."
        )
    whole = windows.sums(slice(0, n_samples), sfreq_hz, bands_hz)
    edges = stretch_edges(horizons_s, sfreq_hz, n_samples)
    return ForecastScores(
        n_windows=n,
        overall=scores_of(whole, bands_hz),
        per_channel={
            name: scores_of({key: value[k : k + 1] for key, value in whole.items()}, bands_hz)
            for k, name in enumerate(names)
        },
        per_horizon=tuple(
            {
                "from_s": a / sfreq_hz,
                "to_s": b / sfreq_hz,
                **scores_of(windows.sums(slice(a, b), sfreq_hz, bands_hz), bands_hz),
            }
            for a, b in pairwise(edges)
        ),
    )


def checked_windows(
    truth: NDArray[np.floating],
    forecast: NDArray[np.floating],
    context: NDArray[np.floating] | None,
) -> ForecastWindows:
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
        return ForecastWindows(y, f, None, None)
    before = np.asarray(context, dtype=np.float64)
    if before.ndim != 3 or before.shape[:2] != y.shape[:2] or before.shape[2] == 0:
        raise InputError(f"got context {before.shape} for {y.shape}; expected the same windows.")
    if not np.all(np.isfinite(before)):
        raise InputError("got a context that is not finite.")
    steps = np.abs(np.diff(before, axis=-1))
    one_step = steps.sum(axis=-1) / max(steps.shape[-1], 1)
    return ForecastWindows(y, f, before[..., -1:], one_step)


def stretch_edges(horizons_s: Sequence[float], sfreq_hz: float, n_samples: int) -> list[int]:
    """Sample edges of the stretches: 0, each horizon within the forecast, its end."""
    inner = {round(horizon * sfreq_hz) for horizon in horizons_s}
    return [0, *sorted(edge for edge in inner if 0 < edge < n_samples), n_samples]

"""Sum up forecast errors of each channel, and score the sums.

Every score of a forecast follows from these sums, so they can be added over windows, recordings,
subjects or channels without the signals. Sums run over windows and samples, so channels with
larger signals weigh more in the scores of several.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.scoring.forecasts.spectral_distance import Bands, spectral_scores, spectral_sums

Floats = NDArray[np.float64]
Sums = dict[str, Floats]
Scores = dict[str, Any]

HORIZONS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 90.0)
"""Ends of the stretches of the horizon (ours); those beyond the forecast are left out."""

_PERSISTENCE = ("held_n", "held_abs", "mase_n", "mase")
_CONSTANT = 1e-12  # a sum of squares about the mean below this share of the raw one is rounding


@dataclass(frozen=True)
class ForecastWindows:
    """Truth and forecast [n, C, T]; the value held on [n, C, 1] and the one-step scale [n, C]."""

    truth: Floats
    forecast: Floats
    held: Floats | None
    one_step: Floats | None

    def sums(self, samples: slice, sfreq_hz: float, bands_hz: Bands) -> Sums:
        """Sums over the windows and some samples of each channel, [C] by name.

        ``n_series`` windows of ``n`` samples together; sums of absolute (``abs``) and squared
        errors (``sq``); of truth (``y``), forecast (``f``), their squares and product; the absolute
        error of holding the context's last sample (``held_abs``); each window's mean absolute error
        over its context's mean step (``mase``); then `spectral_sums`.
        """
        truth, forecast = self.truth[..., samples], self.forecast[..., samples]
        n, n_channels, n_samples = truth.shape
        error = forecast - truth
        sizes = np.abs(error)
        over = (0, 2)
        sums = {
            "n_series": np.full(n_channels, float(n)),
            "n": np.full(n_channels, float(n * n_samples)),
            "abs": sizes.sum(axis=over),
            "sq": np.sum(error**2, axis=over),
            "y": truth.sum(axis=over),
            "yy": np.sum(truth**2, axis=over),
            "f": forecast.sum(axis=over),
            "ff": np.sum(forecast**2, axis=over),
            "yf": np.sum(truth * forecast, axis=over),
            **{name: np.zeros(n_channels) for name in _PERSISTENCE},
        }
        if self.held is not None and self.one_step is not None:
            moving = self.one_step > 0
            scaled = np.zeros_like(self.one_step)
            np.divide(sizes.mean(axis=-1), self.one_step, out=scaled, where=moving)
            sums |= {
                "held_n": sums["n"],
                "held_abs": np.abs(self.held - truth).sum(axis=over),
                "mase_n": moving.sum(axis=0).astype(np.float64),
                "mase": scaled.sum(axis=0),
            }
        return sums | spectral_sums(truth, forecast, sfreq_hz, bands_hz)


def checked_windows(
    truth: NDArray[np.floating],
    forecast: NDArray[np.floating],
    context: NDArray[np.floating] | None,
) -> ForecastWindows:
    """The arrays as float64, with the last value and mean step of ``context`` [n, C, Tc].

    Raises InputError for arrays that do not fit each other or are not finite.
    """
    y, f = np.asarray(truth, dtype=np.float64), np.asarray(forecast, dtype=np.float64)
    if y.ndim != 3 or y.shape != f.shape or y.size == 0:
        raise InputError(
            f"got truth {y.shape} and forecast {f.shape}; expected [windows, channels, samples] "
            "twice, none of them 0."
        )
    if not (np.all(np.isfinite(y)) and np.all(np.isfinite(f))):
        raise InputError("got a truth or forecast that is not finite; expected finite ones.")
    if context is None:
        return ForecastWindows(y, f, None, None)
    before = np.asarray(context, dtype=np.float64)
    if before.ndim != 3 or before.shape[:2] != y.shape[:2] or before.shape[2] == 0:
        raise InputError(f"got context {before.shape} for {y.shape}; expected the same windows.")
    if not np.all(np.isfinite(before)):
        raise InputError("got a context that is not finite; expected a finite one.")
    steps = np.abs(np.diff(before, axis=-1))
    one_step = steps.sum(axis=-1) / max(steps.shape[-1], 1)
    return ForecastWindows(y, f, before[..., -1:], one_step)


def stretch_edges(horizons_s: Sequence[float], sfreq_hz: float, n_samples: int) -> list[int]:
    """Sample edges of the stretches: 0, each horizon within the forecast, its end."""
    inner = {round(horizon * sfreq_hz) for horizon in horizons_s}
    return [0, *sorted(edge for edge in inner if 0 < edge < n_samples), n_samples]


def scores_of(sums: Mapping[str, Floats], bands: Mapping[str, Any]) -> Scores:
    """The scores of channels taken together, from their sums [C].

    - ``mae``, ``mse``, ``rmse`` in that unit; ``nrmse`` is RMSE over the truth's standard
      deviation and ``r2`` = 1 - nrmse**2, both about each channel's mean over all windows;
      ``pearson`` about the same means.
    - ``mase`` (Hyndman & Koehler 2006): absolute error over the mean step from sample to sample in
      the window's own context; mean over the series that are not flat there.
    - ``mae_over_persistence``: MAE over that of holding the context's last sample; below 1 is
      better. It is the same yardstick at every horizon and rate, which ``mase`` is not.
    - ``log_psd_distance_db`` and ``bands``: see `spectral_scores`.

    Undefined scores are None, with the reason under ``undefined``.
    """
    total = {name: float(values.sum()) for name, values in sums.items()}
    n = total["n"]
    mse = total["sq"] / n
    scores: Scores = {
        "mae": total["abs"] / n,
        "mse": mse,
        "rmse": float(np.sqrt(mse)),
        **dict.fromkeys(("nrmse", "r2", "pearson", "mase", "mae_over_persistence")),
    }
    spectral = spectral_scores(total, round(n / total["n_series"]), bands)
    undefined = dict(spectral.pop("undefined"))
    spread = float(_about_mean(sums, "y", "y").sum())
    forecast_spread = float(_about_mean(sums, "f", "f").sum())
    if spread == 0:
        undefined |= dict.fromkeys(("nrmse", "r2", "pearson"), "the truth is constant")
    else:
        unexplained = total["sq"] / spread
        scores |= {"nrmse": float(np.sqrt(unexplained)), "r2": 1 - unexplained}
        if forecast_spread == 0:
            undefined["pearson"] = "the forecast is constant"
        else:
            together = float(_about_mean(sums, "y", "f").sum())
            scores["pearson"] = together / float(np.sqrt(spread) * np.sqrt(forecast_spread))
    against, reasons = _against_persistence(total)
    return scores | against | spectral | {"undefined": undefined | reasons}


def _against_persistence(total: Mapping[str, float]) -> tuple[dict[str, float], dict[str, str]]:
    """``mase`` and ``mae_over_persistence`` where they are defined, else the reasons."""
    if not total["held_n"]:
        return {}, dict.fromkeys(("mase", "mae_over_persistence"), "no context given")
    scores: dict[str, float] = {}
    undefined: dict[str, str] = {}
    if total["mase_n"]:
        scores["mase"] = total["mase"] / total["mase_n"]
    else:
        undefined["mase"] = "every context is flat, or a single sample"
    if total["held_abs"] > 0:
        scores["mae_over_persistence"] = total["abs"] / total["held_abs"]
    else:
        undefined["mae_over_persistence"] = "holding the last sample makes no error"
    return scores, undefined


def _about_mean(sums: Mapping[str, Floats], a: str, b: str) -> Floats:
    """Sums of products of two signals about each channel's means [C]; exactly 0 for squares of what
    is constant."""
    n, raw = sums["n"], sums[a + b]
    mean = np.divide(sums[a] * sums[b], n, out=np.zeros_like(raw), where=n > 0)
    about = raw - mean
    return np.where(about <= _CONSTANT * raw, 0.0, about) if a == b else about

"""Forecasts as sums that can be added: over windows, recordings, subjects, as one likes.

Every score of a forecast follows from these sums of each channel, and from nothing else, so that a
table of them can be scored by any grouping without the signals.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.forecasts.spectral_distance import (
    Bands,
    spectral_columns,
    spectral_scores,
    spectral_sums,
)

Floats = NDArray[np.float64]
Sums = dict[str, Floats]
Scores = dict[str, Any]

_ERRORS = ("n_series", "n", "abs", "sq", "y", "yy", "f", "ff", "yf")
_PERSISTENCE = ("held_n", "held_abs", "mase_n", "mase")
_CONSTANT = 1e-12  # a sum of squares about the mean below this share of the raw one is rounding


def sum_columns(bands_hz: Bands) -> tuple[str, ...]:
    """The names of `forecast_sums`, in order.

    ``n_series`` windows of ``n`` samples together; sums of absolute (``abs``) and squared errors
    (``sq``); of truth (``y``), forecast (``f``), their squares and product; the absolute error of
    holding the context's last sample (``held_abs``); each window's mean absolute error over its
    context's mean step (``mase``); then those of spectra.
    """
    return (*_ERRORS, *_PERSISTENCE, *spectral_columns(bands_hz))


def forecast_sums(
    truth: Floats,
    forecast: Floats,
    held: Floats | None,
    one_step: Floats | None,
    sfreq_hz: float,
    bands_hz: Bands,
) -> Sums:
    """Sums over windows and samples of each channel, [C] by name.

    Of truth and forecast [n, C, T]; ``held`` [n, C, 1] is the context's last sample and
    ``one_step`` [n, C] its mean absolute step, None where no context is known.
    """
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
    if held is not None and one_step is not None:
        moving = one_step > 0
        scaled = np.divide(sizes.mean(axis=-1), one_step, out=np.zeros_like(one_step), where=moving)
        sums |= {
            "held_n": sums["n"],
            "held_abs": np.abs(held - truth).sum(axis=over),
            "mase_n": moving.sum(axis=0).astype(np.float64),
            "mase": scaled.sum(axis=0),
        }
    return sums | spectral_sums(truth, forecast, sfreq_hz, bands_hz)


def scores_of(sums: Mapping[str, Floats], bands: Mapping[str, Any]) -> Scores:
    """The scores of channels taken together, from their sums [C]; see `forecast_scores`.

    What is undefined is None, with its reason under ``undefined``.
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

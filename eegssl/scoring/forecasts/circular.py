"""Score forecast phases: errors on a circle, in degrees.

A forecast without information has a mean absolute error of 90 degrees and a quarter of its errors
within 45. Positive errors: the forecast runs ahead of the truth.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError

_WITHIN_DEG = 45.0


@dataclass(frozen=True)
class PhaseScores:
    """Errors of n phases; None where there are none, or the errors point nowhere on average.

    ``bias_deg`` is the direction of the mean error, ``phase_locking`` its length (0 to 1;
    Lachaux et al. 1999): 1 for a constant error whatever it is, about 0.89 / sqrt(n) by chance.
    """

    n: int
    mae_deg: float | None
    bias_deg: float | None
    phase_locking: float | None
    share_within_45_deg: float | None


@dataclass(frozen=True)
class AmplitudeStratum:
    """Phase scores of the samples whose amplitude lies in [low, high]; units as given."""

    low: float
    high: float
    scores: PhaseScores


def phase_error_deg(
    truth_rad: NDArray[np.floating], forecast_rad: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Forecast minus truth, the short way round: in (-180, 180], any shape."""
    truth, forecast = (np.asarray(x, dtype=np.float64) for x in (truth_rad, forecast_rad))
    if truth.shape != forecast.shape:
        raise InputError(f"got phases {truth.shape} and {forecast.shape}; expected one shape.")
    if not (np.all(np.isfinite(truth)) and np.all(np.isfinite(forecast))):
        raise InputError("got a phase that is not finite; expected finite ones.")
    degrees = np.rad2deg(forecast - truth)
    return np.asarray(180 - np.mod(180 - degrees, 360), dtype=np.float64)


def phase_scores(
    truth_rad: NDArray[np.floating], forecast_rad: NDArray[np.floating]
) -> PhaseScores:
    """Scores of forecast phases in radians, arrays of one shape, all samples pooled."""
    return _scores(phase_error_deg(truth_rad, forecast_rad).ravel())


def phase_scores_by_amplitude(
    truth_rad: NDArray[np.floating],
    forecast_rad: NDArray[np.floating],
    amplitude: NDArray[np.floating],
    n_strata: int = 4,
) -> list[AmplitudeStratum]:
    """Scores by strata of the true amplitude, equally many samples in each, weakest first.

    The phase of a very small oscillation is noise (strata are ours; quartiles by
    default). Equal amplitudes stay in one stratum, so that few distinct ones give fewer strata.
    """
    error = phase_error_deg(truth_rad, forecast_rad).ravel()
    size = np.asarray(amplitude, dtype=np.float64).ravel()
    if size.shape != error.shape or not np.all(np.isfinite(size)) or np.any(size < 0):
        raise InputError(
            f"got amplitudes {size.shape} for {error.shape} phases; expected one each, from 0."
        )
    if n_strata < 1:
        raise InputError(f"got {n_strata} strata; expected at least one.")
    if len(size) == 0:
        return []
    edges = np.quantile(size, np.arange(1, n_strata) / n_strata)
    stratum = np.searchsorted(edges, size, side="left")
    strata = []
    for k in np.unique(stratum):
        inside = stratum == k
        low, high = float(size[inside].min()), float(size[inside].max())
        strata.append(AmplitudeStratum(low, high, _scores(error[inside])))
    return strata


def _scores(error_deg: NDArray[np.float64]) -> PhaseScores:
    """The scores of errors [n]."""
    if len(error_deg) == 0:
        return PhaseScores(0, None, None, None, None)
    mean = np.mean(np.exp(1j * np.deg2rad(error_deg)))
    locking = float(np.minimum(np.abs(mean), 1.0))
    return PhaseScores(
        n=len(error_deg),
        mae_deg=float(np.mean(np.abs(error_deg))),
        bias_deg=float(np.rad2deg(np.angle(mean))) if locking > 1e-12 else None,
        phase_locking=locking,
        share_within_45_deg=float(np.mean(np.abs(error_deg) <= _WITHIN_DEG)),
    )

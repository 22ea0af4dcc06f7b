"""Measure how far a forecast's spectrum lies from the true one.

Sums over series are stored, so that windows, recordings and channels can be added; scores follow
from them.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bands = Mapping[str, tuple[float, float]]

_FEWEST_SAMPLES = 8
_FLOOR = 1e-6  # of the truth's mean density: a forecast without power is at most 60 dB below it
_SERIES, _DISTANCE = ("spectral_series", "spectral_n"), "spectral_db"


def _columns(bands_hz: Bands) -> tuple[str, ...]:
    """The names of `spectral_sums`, in order."""
    of_bands = (f"{band}_{what}" for band in bands_hz for what in ("n", "abs_db", "db"))
    return (*_SERIES, _DISTANCE, *of_bands)


def spectral_sums(
    truth: Floats, forecast: Floats, sfreq_hz: float, bands_hz: Bands
) -> dict[str, Floats]:
    """Sums over n series of each channel, by name: [C] each, of ``forecast`` against ``truth``
    [n, C, T].

    Densities are those of one Hann-tapered periodogram without its mean, so two draws of the very
    same noise lie 7.9 dB apart. They are taken as no less than a millionth of the truth's mean
    density (ours): a flat forecast lies far off, not infinitely far. Series whose truth is flat
    are left out.
    """
    n_samples = truth.shape[-1]
    sums = {name: np.zeros(truth.shape[1]) for name in _columns(bands_hz)}
    if n_samples < _FEWEST_SAMPLES:
        return sums
    moving = np.ptp(truth, axis=-1) > 0
    true, predicted = _densities(truth), _densities(forecast)
    floor = np.where(moving[..., None], _FLOOR * true.mean(axis=-1, keepdims=True), 1.0)
    true, predicted = np.maximum(true, floor), np.maximum(predicted, floor)
    hz = np.fft.rfftfreq(n_samples, 1 / sfreq_hz)[1:]

    def add(name: str, values: Floats | NDArray[np.bool_]) -> None:
        sums[name] += np.sum(np.where(moving, values, 0.0), axis=0)

    add("spectral_series", moving)
    for band, (low_hz, high_hz) in bands_hz.items():
        inside = (hz >= low_hz) & (hz < high_hz)
        if inside.any():
            apart_db = 10 * np.log10(predicted[..., inside].sum(-1) / true[..., inside].sum(-1))
            add(f"{band}_n", moving)
            add(f"{band}_abs_db", np.abs(apart_db))
            add(f"{band}_db", apart_db)
    edges = [edge for band in bands_hz.values() for edge in band]
    inside = (hz >= min(edges, default=0.0)) & (hz < max(edges, default=np.inf))
    if inside.any():
        apart_db = 10 * np.log10(predicted[..., inside] / true[..., inside])
        add("spectral_n", moving)
        add(_DISTANCE, np.sqrt(np.mean(apart_db**2, axis=-1)))
    return sums


def spectral_scores(
    sums: Mapping[str, float], n_samples: int, bands: Mapping[str, Any]
) -> dict[str, Any]:
    """Scores of series of ``n_samples`` from their sums, mean over the series.

    - ``log_psd_distance_db``: the root mean square over frequencies of the difference in dB (the
      log-spectral distance; Gray & Markel 1976), from the lowest to the highest edge of the bands.
    - ``bands``: per band ``power_error_db``, the mean absolute difference of its power, and
      ``power_bias_db``, the mean one: above 0 the forecast has too much.

    Values are None where no frequency or series is left, with the reason.
    """
    empty: dict[str, Any] = {"power_error_db": None, "power_bias_db": None}
    scores: dict[str, Any] = {
        "log_psd_distance_db": None,
        "bands": {band: dict(empty) for band in bands},
    }
    if not sums["spectral_series"]:
        few = n_samples < _FEWEST_SAMPLES
        reason = "too few samples for a spectrum" if few else "the truth is flat"
        names = ("log_psd_distance_db", *bands)
        return scores | {"undefined": dict.fromkeys(names, reason)}
    undefined: dict[str, str] = {}
    for band in bands:
        n = sums[f"{band}_n"]
        if not n:
            undefined[band] = "no frequency of so short a stretch, or of this rate, lies in it"
            continue
        scores["bands"][band] = {
            "power_error_db": float(sums[f"{band}_abs_db"] / n),
            "power_bias_db": float(sums[f"{band}_db"] / n),
        }
    if sums["spectral_n"]:
        scores["log_psd_distance_db"] = float(sums[_DISTANCE] / sums["spectral_n"])
    else:
        undefined["log_psd_distance_db"] = "no frequency lies in the bands"
    return scores | {"undefined": undefined}


def _densities(signal: Floats) -> Floats:
    """Power densities [..., F] of [..., T] up to one factor, without frequency 0."""
    taper = np.hanning(signal.shape[-1] + 2)[1:-1]
    spectrum = np.fft.rfft((signal - signal.mean(axis=-1, keepdims=True)) * taper)[..., 1:]
    return np.asarray(spectrum.real**2 + spectrum.imag**2, dtype=np.float64)

"""How far the spectrum of a forecast lies from that of what came, in dB."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FEWEST_SAMPLES = 8
_FLOOR = 1e-6  # of the truth's mean density: a forecast without power is at most 60 dB below it


def spectral_scores(
    truth: Floats,
    forecast: Floats,
    sfreq_hz: float,
    bands_hz: Mapping[str, tuple[float, float]],
) -> dict[str, Any]:
    """Scores of spectra of ``forecast`` against ``truth`` [n, C, T], mean over the series.

    - ``log_psd_distance_db``: the root mean square over frequencies of the difference in dB (the
      log-spectral distance; Gray & Markel 1976), from the lowest to the highest edge of the bands.
    - ``bands``: per band ``power_error_db``, the mean absolute difference of its power, and
      ``power_bias_db``, the mean one: above 0 the forecast has too much.

    Densities are those of one Hann-tapered periodogram without its mean, so two draws of the very
    same noise lie 7.9 dB apart. They are taken as no less than a millionth of the truth's mean
    density (ours): a flat forecast lies far off, not infinitely far. Series whose truth is flat
    are left out. Values are None where no frequency or series is left, with the reason.
    """
    empty: dict[str, Any] = {"power_error_db": None, "power_bias_db": None}
    scores: dict[str, Any] = {
        "log_psd_distance_db": None,
        "bands": {band: dict(empty) for band in bands_hz},
    }
    moving = np.ptp(truth, axis=-1) > 0
    n_samples = truth.shape[-1]
    if n_samples < _FEWEST_SAMPLES or not moving.any():
        few = n_samples < _FEWEST_SAMPLES
        reason = "too few samples for a spectrum" if few else "the truth is flat"
        names = ("log_psd_distance_db", *bands_hz)
        return scores | {"undefined": dict.fromkeys(names, reason)}
    true, ours = _densities(truth[moving]), _densities(forecast[moving])
    floor = _FLOOR * true.mean(axis=-1, keepdims=True)
    true, ours = np.maximum(true, floor), np.maximum(ours, floor)
    hz = np.fft.rfftfreq(n_samples, 1 / sfreq_hz)[1:]
    undefined: dict[str, str] = {}
    for band, (low_hz, high_hz) in bands_hz.items():
        inside = (hz >= low_hz) & (hz < high_hz)
        if not inside.any():
            undefined[band] = "no frequency of so short a stretch, or of this rate, lies in it"
            continue
        apart_db = 10 * np.log10(ours[:, inside].sum(axis=-1) / true[:, inside].sum(axis=-1))
        scores["bands"][band] = {
            "power_error_db": float(np.mean(np.abs(apart_db))),
            "power_bias_db": float(np.mean(apart_db)),
        }
    edges = [edge for band in bands_hz.values() for edge in band]
    inside = (hz >= min(edges, default=0.0)) & (hz < max(edges, default=np.inf))
    if inside.any():
        apart_db = 10 * np.log10(ours[:, inside] / true[:, inside])
        distance = np.sqrt(np.mean(apart_db**2, axis=-1))
        scores["log_psd_distance_db"] = float(np.mean(distance))
    else:
        undefined["log_psd_distance_db"] = "no frequency lies in the bands"
    return scores | {"undefined": undefined}


def _densities(signal: Floats) -> Floats:
    """Power densities [..., F] of [..., T] up to one factor, without frequency 0."""
    taper = np.hanning(signal.shape[-1] + 2)[1:-1]
    spectrum = np.fft.rfft((signal - signal.mean(axis=-1, keepdims=True)) * taper)[..., 1:]
    return np.asarray(spectrum.real**2 + spectrum.imag**2, dtype=np.float64)

"""Find the dominant frequency of each band above the aperiodic spectrum.

A line is fitted to the spectrum in log-log coordinates, and peaks are looked for above it, as the
highest bin of a raw spectrum is that of 1/f (Donoghue et al., Nature Neuroscience 2020; our fit).
"""

from dataclasses import dataclass

import numpy as np
import scipy.special
import scipy.stats
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.signal.aperiodic import aperiodic_line, in_db, power_density
from eegssl.tasks.phase.config import PhaseConfig

Floats = NDArray[np.float64]

_OVERLAP = 1 / 36  # correlation of densities of neighbouring segments, Hann-tapered


@dataclass(frozen=True)
class Peaks:
    """The dominant frequency of each of K bands, of signals [..., T].

    ``hz`` [..., K] lies in its band; ``prominence_db`` [..., K] is its height above the aperiodic
    line; ``oscillates`` [..., K] tells whether it is a peak at all, and high enough. Where it is
    not, ``hz`` is the band's highest point above the line, and means little.
    """

    hz: Floats
    prominence_db: Floats
    oscillates: NDArray[np.bool_]


def dominant_frequencies(
    signal: NDArray[np.floating], sfreq_hz: float, config: PhaseConfig
) -> Peaks:
    """The dominant frequencies of signals [..., T], bands in the configuration's order.

    Raises InputError for a rate or length at which a band or the line holds too few frequencies.
    """
    hz, density = power_density(signal, sfreq_hz, config.segment_s)
    level_db = in_db(density)
    above_db = level_db - aperiodic_line(hz, level_db, config.fit_hz).at(hz)
    bands = list(config.bands.values())
    peaks = [_peak(hz, above_db, band) for band in bands]
    at, height, is_peak = (np.stack(part, axis=-1) for part in zip(*peaks, strict=True))
    least_db = np.array([_chance_db(signal.shape[-1], sfreq_hz, b, config) for b in bands])
    return Peaks(at, height, is_peak & (height >= np.maximum(least_db, config.prominence_db)))


def _chance_db(
    n_samples: int, sfreq_hz: float, band: tuple[float, float], config: PhaseConfig
) -> float:
    """Height above the line that the highest bin of a band exceeds by chance alone, with
    probability ``false_peak``: for Gaussian noise whose spectrum is the line.

    A density is a gamma variable, of as many degrees of freedom as segments and a little less,
    for their overlap (Welch 1967); the line runs through the mean of its logarithm.
    """
    length = min(round(config.segment_s * sfreq_hz), n_samples)
    n_segments = 1 + (n_samples - length) // max(1, length // 2)
    free = n_segments if n_segments == 1 else n_segments / (1 + 2 * _OVERLAP)
    n_bins = max(1.0, (band[1] - band[0]) * length / sfreq_hz)
    single = 1 - (1 - config.false_peak) ** (1 / n_bins)
    highest = scipy.stats.gamma.isf(single, free)
    return float(10 * np.log10(highest) - 10 * scipy.special.digamma(free) / np.log(10))


def _peak(
    hz: Floats, above_db: Floats, band: tuple[float, float]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Frequency and height [...] of the highest peak within a band, and whether there is one.

    A parabola through the three bins around it gives both between the bins.
    """
    inside = np.flatnonzero((hz >= band[0]) & (hz < band[1]))
    inside = inside[(inside > 0) & (inside < len(hz) - 1)]
    if inside.size == 0:
        raise InputError(
            f"no frequency lies between {band[0]:g} and {band[1]:g} Hz: use longer signals, "
            "a higher rate, or other bands"
        )
    left, here, right = (above_db[..., inside + k] for k in (-1, 0, 1))
    summit = np.asarray((here >= left) & (here > right))
    is_peak = np.asarray(summit.any(axis=-1))
    candidates = np.where(summit | ~is_peak[..., None], here, -np.inf)
    best = candidates.argmax(axis=-1)[..., None]
    a, b, c = (np.take_along_axis(part, best, axis=-1)[..., 0] for part in (left, here, right))
    bend = a - 2 * b + c
    shift = np.where(is_peak, 0.5 * (a - c) / np.where(bend < 0, bend, -1.0), 0.0)
    at = hz[inside][best[..., 0]] + shift * (hz[1] - hz[0])
    return np.clip(at, *band), b - 0.25 * (a - c) * shift, is_peak

"""Measure how far forecasts err on validation pairs, as an interval.

Errors count in standard deviations of each channel's context, over all channels, samples and pairs
of a stretch of the horizon; the interval holds a sample of that stretch, not the whole course.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat

from eegssl.artifacts.json_parts import EXACT, Share
from eegssl.scoring.forecasts.forecast_sums import HORIZONS_S, stretch_edges
from eegssl.tasks.forecast.data import RecordedPairs, context_scale
from eegssl.tasks.forecast.methods.phase_compensation import Forecaster

LEVEL = 0.9
_AT_ONCE = 16
_EDGES = np.geomspace(1e-3, 1e3, 3001)  # steps of 0.5 %


@dataclass(frozen=True)
class ErrorInterval:
    """Half the width of the interval about a forecast, stretch by stretch of the horizon."""

    __pydantic_config__ = EXACT
    level: Share
    """The share of validation samples that lay inside."""
    to_s: tuple[PositiveFloat, ...]
    """[S], ends of the stretches, in seconds after the context."""
    deviations: tuple[NonNegativeFloat, ...]
    """[S], in standard deviations of a channel's context."""

    def __post_init__(self) -> None:
        if not self.to_s or len(self.to_s) != len(self.deviations):
            raise ValueError("expected deviations for each stretch, and one stretch at least")

    def at(self, lead_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """The deviations [T] at these times after the context."""
        stretch = np.searchsorted(self.to_s, lead_s, side="right")
        return np.array(self.deviations)[np.minimum(stretch, len(self.to_s) - 1)]


def interval_seen(method: Forecaster, pairs: RecordedPairs, level: float = LEVEL) -> ErrorInterval:
    """The interval that held a share of the validation samples."""
    horizon = pairs.horizon
    edges = stretch_edges(HORIZONS_S, horizon.sfreq_hz, horizon.target_samples)
    spans = list(pairwise(edges))
    counts = np.zeros((len(spans), len(_EDGES) + 1), dtype=np.int64)
    for index in pairs.in_order(_AT_ONCE):
        pair = pairs.batch(index)
        _, deviation = context_scale(pair.context.signal_uv)
        error = np.abs(method.forecast(pair.context) - pair.target_uv) / deviation
        for counted, (start, stop) in zip(counts, spans, strict=True):
            places = np.searchsorted(_EDGES, error[..., start:stop].ravel())
            counted += np.bincount(places, minlength=len(counted))
    share = counts.cumsum(axis=1) / counts.sum(axis=1, keepdims=True)
    places = np.minimum((share >= level).argmax(axis=1), len(_EDGES) - 1)
    ends_s = tuple(stop / horizon.sfreq_hz for _, stop in spans)
    return ErrorInterval(level, ends_s, tuple(_EDGES[places].tolist()))

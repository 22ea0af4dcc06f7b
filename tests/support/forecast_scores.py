"""Score forecasts of windows at once, as the tables of forecasts do recording by recording."""

from dataclasses import dataclass
from itertools import pairwise

from eegssl.scoring.forecasts.forecast_sums import (
    HORIZONS_S,
    Scores,
    checked_windows,
    scores_of,
    stretch_edges,
)
from eegssl.signal.bands import BANDS_HZ


@dataclass(frozen=True)
class ForecastScores:
    """Scores of n windows; ``per_horizon`` entries say ``from_s`` and ``to_s``."""

    n_windows: int
    overall: Scores
    per_channel: dict[str, Scores]
    per_horizon: tuple[Scores, ...]


def forecast_scores(
    truth,
    forecast,
    sfreq_hz,
    context=None,
    *,
    channels=None,
    horizons_s=HORIZONS_S,
    bands_hz=BANDS_HZ,
):
    """Scores of `scores_of`: overall, by channel and by stretch of the horizon."""
    windows = checked_windows(truth, forecast, context)
    n, n_channels, n_samples = windows.truth.shape
    names = [str(k) for k in range(n_channels)] if channels is None else list(channels)
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

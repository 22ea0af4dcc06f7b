"""Score forecast frequencies and phases by band, horizon and amplitude."""

from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.forecasts.circular import phase_scores, phase_scores_by_amplitude

HORIZONS_S = (0.125, 0.25, 0.5, 1.0, 2.0, 5.0, 12.0, 20.0, 30.0)
"""Where the stretches of the horizon end (ours)."""


def band_scores(
    true_rad: NDArray[np.float64],
    true_uv: NDArray[np.float64],
    rad: NDArray[np.float64],
    off_hz: NDArray[np.float64],
    oscillates: NDArray[np.bool_],
    rate_hz: float,
    strata: int,
) -> dict[str, Any]:
    """Scores of one band: phases and amplitudes [n, T] at a rate, frequency errors [n], and whether
    each series oscillates [n].

    - ``phase``: all samples; ``by_amplitude``: by strata of the true amplitude; ``per_horizon``:
      by stretches that say ``from_s`` and ``to_s`` (see `eegssl.scoring.forecasts.circular`).
    - ``frequency_mae_hz``, over the ``n_oscillating`` series that oscillate in this band over the
      target; None where none does. ``phase_where_oscillating`` is of the same series.
    """
    n_samples = true_rad.shape[-1]
    inner = {round(s * rate_hz) for s in HORIZONS_S}
    edges = [0, *sorted(e for e in inner if 0 < e < n_samples), n_samples]
    by_amplitude = phase_scores_by_amplitude(true_rad, rad, true_uv, strata)
    return {
        "n_series": len(true_rad),
        "n_oscillating": int(oscillates.sum()),
        "frequency_mae_hz": float(off_hz[oscillates].mean()) if oscillates.any() else None,
        "phase": asdict(phase_scores(true_rad, rad)),
        "phase_where_oscillating": asdict(phase_scores(true_rad[oscillates], rad[oscillates])),
        "by_amplitude": [asdict(stratum) for stratum in by_amplitude],
        "per_horizon": [
            {"from_s": a / rate_hz, "to_s": b / rate_hz}
            | asdict(phase_scores(true_rad[:, a:b], rad[:, a:b]))
            for a, b in pairwise(edges)
        ],
    }

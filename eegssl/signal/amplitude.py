"""Measure the size of EEG, and find sizes that it cannot have.

All limits are ours. EEG at the scalp or in the brain has a spread of some 2 to 500 µV: a unit that
is wrong by a thousand leaves that range, or stands out from all that was recorded beside it.
"""

import numpy as np
import numpy.typing as npt

LARGEST_UV, SMALLEST_UV = 1000.0, 0.3
HIGHEST_UV = 1e6
"""A volt; no electrode on a head gives one."""
TIMES = 30.0
"""A recording or channel that is so many times as large as its neighbours, or as small, is odd."""
COARSE_UV, _FINE_STEPS = 3.0, 20
"""Steps of a converter above 3 µV are coarse, unless the channel spreads over 20 of them."""
_MOST_SAMPLES = 1 << 16
_OF_NORMAL = 0.6745
"""Median of absolute values of a normal distribution of spread 1."""


def spread_uv(row: npt.NDArray[np.floating]) -> float:
    """The robust standard deviation of a row [T] without offset, in its unit; 0 for an empty one.

    By the median of absolute values, so that artifacts in less than half of it count little; of at
    most 65,536 samples spread over the row, so that it costs next to nothing.
    """
    if not row.size:
        return 0.0
    some = row[:: max(1, row.size // _MOST_SAMPLES)]
    return float(np.median(np.abs(some))) / _OF_NORMAL


def above_a_volt(peak_uv: float) -> bool:
    """Whether a sample is larger than any electrode gives: told of a recording, and looked for."""
    return peak_uv > HIGHEST_UV


def amplitude_fault(size_uv: float, typical_uv: float) -> str:
    """Say in a few words how a spread differs from EEG or from a typical one; "" if it does not.

    A typical one of 0 stands for none.
    """
    words = f"{size_uv:,.0f} µV" if size_uv >= 100 else f"{size_uv:.2g} µV"
    ratio = size_uv / typical_uv if typical_uv else 1.0
    if ratio >= TIMES:
        return f"{words}, {ratio:,.0f} times the others"
    if 0 < ratio <= 1 / TIMES:
        return f"{words}, 1/{1 / ratio:,.0f} of the others"
    return words if not SMALLEST_UV <= size_uv <= LARGEST_UV else ""


def is_coarse(size_uv: float, step_uv: float) -> bool:
    """Whether a channel of this spread is lost between the steps of its converter.

    A flat one (spread 0) is if its steps are large. One whose spread is many steps is finely
    digitised, whatever its unit says.
    """
    if step_uv > COARSE_UV:
        return size_uv < _FINE_STEPS * step_uv
    return 0 < size_uv < step_uv

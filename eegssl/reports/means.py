"""The mean of scores of which some are undefined."""

from collections.abc import Sequence

import numpy as np


def mean_of(values: Sequence[float | None]) -> float | None:
    """The mean of those that there are; None when there is none."""
    found = [value for value in values if value is not None]
    return float(np.mean(found)) if found else None

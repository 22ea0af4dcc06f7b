"""Average values within units, such as the windows of a recording."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def mean_of_defined(values: Sequence[float | None]) -> float | None:
    """The mean of the values that are not None; None without any."""
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None


def first_places(unit: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first place [U] of each unit 0 ... U - 1 among rows [n]; each has one."""
    return np.unique(unit, return_index=True)[1]


def means_by_unit(values: NDArray[np.float64], unit: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean [U, ...] of the rows [n, ...] of each unit 0 ... U - 1.

    Equal rows have exactly that mean, however many they are: rounding would rank units by their
    length, and a constant system would no longer score at chance.
    """
    first = values[first_places(unit)]
    total = np.zeros_like(first)
    np.add.at(total, unit, values - first[unit])
    return np.asarray(first + total / np.bincount(unit).reshape(-1, *[1] * (values.ndim - 1)))

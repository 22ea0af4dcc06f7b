"""Means over units: what all windows of an event, a recording or a patient say together."""

import numpy as np
from numpy.typing import NDArray


def first_places(unit: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first place [U] of each unit 0 ... U - 1 among rows [n]; each has one."""
    return np.unique(unit, return_index=True)[1]


def means(values: NDArray[np.float64], unit: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean [U, ...] of the rows [n, ...] of each unit.

    Rows that say the same have exactly that mean, however many they are: rounding would rank
    units by their length, and a system that says one thing of all would no longer be at chance.
    """
    first = values[first_places(unit)]
    total = np.zeros_like(first)
    np.add.at(total, unit, values - first[unit])
    return np.asarray(first + total / np.bincount(unit).reshape(-1, *[1] * (values.ndim - 1)))

"""Hold places of windows as runs of neighbours, without listing them.

A corpus of 27,000 hours has ten million windows; the windows of one montage are a few runs of
them, and the k-th one is found by arithmetic on cumulative counts.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
"""[n], places of windows in their tiling."""


@dataclass(frozen=True)
class Runs:
    """M runs of places, in order: run m is ``first[m]``, ``first[m] + 1``, … ``stop[m] - 1``."""

    first: Places
    """[M]"""
    stop: Places
    """[M]"""

    @cached_property
    def _ends(self) -> Places:
        """[M], places in all runs up to and with each."""
        return np.cumsum(self.stop - self.first)

    @cached_property
    def _shift(self) -> Places:
        """[M], between a place and its number among all of the runs."""
        return self.stop - self._ends

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def at(self, numbers: Places) -> Places:
        """The places [n] that have these numbers, 0 … ``len - 1``, among all of the runs."""
        return numbers + self._shift[self._ends.searchsorted(numbers, side="right")]

    def of(self, places: Places) -> Places:
        """Those of sorted ``places`` that lie in a run."""
        begun, over = (ends.searchsorted(places, side="right") for ends in (self.first, self.stop))
        return places[begun > over]

    def without(self, places: Places) -> "Runs":
        """The runs less these sorted places, all of which lie in them."""
        first = np.sort(np.concatenate([self.first, places + 1]))
        stop = np.sort(np.concatenate([self.stop, places]))
        return Runs(first[first < stop], stop[first < stop])

    def some(self, n: int, rng: np.random.Generator) -> Places:
        """``n`` places at random, each once where there are enough."""
        if not n:
            return np.zeros(0, np.int64)
        return self.at(rng.choice(len(self), n, replace=len(self) < n))


def runs_of(first: Places, stop: Places) -> Runs:
    """Runs [M] in order, those without a gap between them joined and empty ones left out."""
    first, stop = first[first < stop], stop[first < stop]
    apart = first[1:] != stop[:-1]
    return Runs(first[np.r_[True, apart][: len(first)]], stop[np.r_[apart, True][: len(stop)]])


def listed_runs(places: Places) -> Runs:
    """The runs of sorted places, each of which is there once."""
    return runs_of(places, places + 1)

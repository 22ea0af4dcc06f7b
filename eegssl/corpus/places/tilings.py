"""Say where windows begin, by arithmetic or by a list."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]


class Starts(Protocol):
    """The recordings of n windows and their first samples."""

    def __len__(self) -> int: ...

    def locate(self, index: Places) -> tuple[Places, Places]:
        """Of the windows at ``index`` [n]: each one's recording [n] and first sample [n]."""
        ...

    def stretches(self) -> tuple[Places, Places]:
        """Windows side by side that are of one recording: the first [M], and its recording [M]."""
        ...


@dataclass(frozen=True)
class EvenStarts:
    """Windows of R recordings, each cut every ``step`` samples from its beginning."""

    ends: Places
    """[R], windows of all recordings up to and with each; every recording has one at least."""
    step: int

    def __len__(self) -> int:
        return int(self.ends[-1])

    def locate(self, index: Places) -> tuple[Places, Places]:
        """As `Starts.locate`."""
        owner = self.ends.searchsorted(index, side="right")
        return owner, (index - self._firsts(owner)) * self.step

    def stretches(self) -> tuple[Places, Places]:
        """As `Starts.stretches`."""
        owner = np.arange(len(self.ends))
        return self._firsts(owner), owner

    def _firsts(self, owner: Places) -> Places:
        return np.where(owner > 0, self.ends[owner - 1], 0)


@dataclass(frozen=True)
class ListedStarts:
    """Windows anywhere, in any order."""

    owner: Places
    """[n], index of the recording."""
    start: Places
    """[n], first sample."""

    def __len__(self) -> int:
        return len(self.start)

    def locate(self, index: Places) -> tuple[Places, Places]:
        """As `Starts.locate`."""
        return self.owner[index], self.start[index]

    def stretches(self) -> tuple[Places, Places]:
        """As `Starts.stretches`."""
        first = np.flatnonzero(np.diff(self.owner, prepend=-1))
        return first, self.owner[first]

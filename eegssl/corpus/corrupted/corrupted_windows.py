"""Read windows of recordings with a corruption added to them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.corrupted.sites import Sites
from eegssl.corpus.signals import Pieces
from eegssl.corpus.windows import Windows
from eegssl.signal.corruptions.corruption import Corruption, Draws


@dataclass(frozen=True)
class CorruptedWindows(Windows):
    """Windows that are read with a corruption of one level.

    All channels of a recording are corrupted, and those that a system reads are taken of them.
    """

    corruption: Corruption | None = None
    level: float = 0.0
    seed: int = 0
    sites: Sites | None = None

    @classmethod
    def of(
        cls, windows: Windows, corruption: Corruption, level: float, seed: int, sites: Sites
    ) -> "CorruptedWindows":
        """The same windows, corrupted."""
        same = {f.name: getattr(windows, f.name) for f in fields(Windows)}
        return cls(**same, corruption=corruption, level=level, seed=seed, sites=sites)

    @property
    def alteration(self) -> Mapping[str, Any]:
        """What is done to the samples."""
        assert self.corruption is not None
        return {"kind": self.corruption.name, "level": self.level, "seed": self.seed}

    def pieces(self, index: NDArray[np.int64]) -> Pieces:
        """The corrupted samples of these windows, in µV."""
        assert self.corruption is not None
        assert self.sites is not None
        pieces = []
        for place, owner, start in zip(index.tolist(), *self.locate(index), strict=True):
            recording = self.recordings[owner]
            signal_uv = self.corpus.read_uv(recording, int(start), int(start) + self.length)
            draws = Draws(self.seed, self.corruption.name, self.sites.of(recording), int(start))
            corrupted = self.corruption.apply(signal_uv.astype(np.float64), self.level, draws)
            pieces.append(corrupted[self._rows_of(place, int(owner))])
        values = np.stack(pieces).astype(np.float32)
        return Pieces(values, np.ones(values.shape[:2], np.float32))

    def _rows_of(self, place: int, owner: int) -> list[int]:
        channels = self.recordings[owner].channels
        return [channels.index(name) for name in self._channels_of(place, owner)]

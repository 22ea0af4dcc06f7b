"""Look up what corruptions need to know of recordings."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.store import Corpus, Recording
from eegssl.signal.corruptions.corruption import Corruption, Site

_LOOKS = 32
"""Pieces of a recording by which its channels' typical size is measured (ours)."""


@dataclass
class Sites:
    """What corruptions need to know of recordings, each looked up once."""

    corpus: Corpus
    length: int
    """Samples of a window."""
    _known: dict[str, Site] = field(default_factory=dict)

    def of(self, recording: Recording) -> Site:
        """The site of a recording; its size is the median over pieces spread evenly."""
        if recording.id not in self._known:
            top_hz = min(recording.band_high_hz, recording.sfreq_hz / 2)
            self._known[recording.id] = Site(
                recording=recording.id,
                names=recording.channels,
                sfreq_hz=recording.sfreq_hz,
                band_hz=(self._low_hz(recording), top_hz),
                line_hz=recording.line_hz,
                size_uv=self._size_uv(recording),
            )
        return self._known[recording.id]

    def lacking(self, corruption: Corruption, recordings: Sequence[Recording]) -> dict[str, str]:
        """The recordings to which it can't be done -> why."""
        lacks = {one.id: corruption.lacks(self.of(one)) for one in recordings}
        return {id_: reason for id_, reason in lacks.items() if reason}

    def _low_hz(self, recording: Recording) -> float:
        folder = recording.path.parent.parent
        of_folder = [a for a in self.corpus.artifacts if a.path == folder]
        return float(of_folder[0].manifest.config["filter"]["low_hz"]) if of_folder else 0.0

    def _size_uv(self, recording: Recording) -> NDArray[np.float64]:
        length = min(self.length, recording.n_samples)
        n = min(_LOOKS, recording.n_samples // length)
        starts = np.linspace(0, recording.n_samples - length, n).round().astype(np.int64)
        pieces = [self.corpus.read_uv(recording, s, s + length) for s in starts.tolist()]
        return np.median([piece.std(axis=1, dtype=np.float64) for piece in pieces], axis=0)

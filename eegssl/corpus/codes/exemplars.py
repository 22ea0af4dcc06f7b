"""Sample patches of each code evenly, and find their common waveform."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

_MOST = 32
_MEMORY_BYTES = 96_000_000
_ROUNDS = 3


@dataclass(frozen=True)
class Prototype:
    """The waveform of a code, in µV about 0."""

    mean_uv: NDArray[np.float32]
    """[P], mean of the aligned patches that agree best; its peak stands in the middle."""
    nearest_uv: NDArray[np.float32]
    """[m, P], the patches as recorded, the one most like the mean first."""
    likeness: float
    """Mean correlation of the aligned patches with the mean. Of noise alone above 0 too, since
    patches are turned and chosen to agree: compare codes, not with 0."""


class Exemplars:
    """Per code the M patches with the highest random rank: an even sample, whatever the order."""

    def __init__(self, rank: NDArray[np.float64], patches: NDArray[np.float32]) -> None:
        self.rank = rank
        """[K, M], in [0, 1); -1 where nothing is."""
        self.patches = patches
        """[K, M, P] in µV."""

    @classmethod
    def empty(cls, n_codes: int, patch_samples: int) -> "Exemplars":
        """Room for up to 32 patches a code, fewer (at least 8) of a large codebook."""
        room = min(_MOST, max(8, _MEMORY_BYTES // (4 * n_codes * patch_samples)))
        rank = np.full((n_codes, room), -1.0)
        return cls(rank, np.zeros((n_codes, room, patch_samples), dtype=np.float32))

    def offer(
        self,
        codes: NDArray[np.int64],
        patches: NDArray[np.float32],
        rank: NDArray[np.float64],
    ) -> None:
        """Keep those of n patches [n, P] whose rank [n] is among the highest of their code [n]."""
        ranked = np.flatnonzero(rank > self.rank.min(axis=1)[codes])
        codes, patches, rank = codes[ranked], patches[ranked], rank[ranked]
        used = np.unique(codes)
        room = self.rank.shape[1]
        all_codes = np.concatenate([np.repeat(used, room), codes])
        all_ranks = np.concatenate([self.rank[used].ravel(), rank])
        order = np.lexsort((-all_ranks, all_codes))
        first = np.searchsorted(all_codes[order], used)
        best = order[first[:, None] + np.arange(room)]
        stored = self.patches[used].reshape(-1, patches.shape[1])
        self.rank[used] = all_ranks[best]
        self.patches[used] = np.concatenate([stored, patches])[best]

    def prototype(self, code: int) -> Prototype:
        """Align the patches of a code, and average those that agree best.

        Ours: codes hardly depend on phase, so the plain mean of a code's patches is flat. Each is
        shifted in a circle to where it correlates most with the template:
        first the patch of middle size, then three times the mean of the better half.
        """
        recorded = self.patches[code, self.rank[code] >= 0].astype(np.float64)
        if not len(recorded):
            none = np.zeros(self.patches.shape[2], dtype=np.float32)
            return Prototype(none, none[None, :], 0.0)
        recorded -= recorded.mean(axis=1, keepdims=True)
        size = np.sqrt((recorded**2).mean(axis=1))
        template = recorded[np.argsort(size, kind="stable")[len(size) // 2]]
        half = -(-len(recorded) // 2)
        for _ in range(_ROUNDS):
            turned = _turned(recorded, template)
            scale = np.sqrt((turned**2).sum(axis=1) * (template**2).sum())
            alike = np.divide(turned @ template, scale, out=np.zeros(len(scale)), where=scale > 0)
            order = np.argsort(-alike, kind="stable")
            template = turned[order[:half]].mean(axis=0)
        centred = np.roll(template, len(template) // 2 - int(np.abs(template).argmax()))
        return Prototype(
            centred.astype(np.float32), recorded[order].astype(np.float32), float(alike.mean())
        )


def _turned(patches: NDArray[np.float64], template: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each patch [m, P] shifted in a circle to where it correlates most with the template [P]."""
    n = len(template)
    matches = irfft(rfft(patches, axis=1).conj() * rfft(template), n=n, axis=1)
    places = (np.arange(n) - matches.argmax(axis=1)[:, None]) % n
    return np.take_along_axis(patches, places, axis=1)

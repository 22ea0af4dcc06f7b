"""Draw windows with a share of seizures, for whole steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.places.buckets import Bucket
from eegssl.corpus.places.runs import Places, Runs


@dataclass(frozen=True)
class SeizureShares:
    """Places of the calm and of the ictal windows of B buckets, one after another."""

    runs: Runs
    """The calm windows of the first bucket, then its ictal ones, then those of the second …"""
    ictal_share: NDArray[np.float64]
    """[B], expected share of ictal windows in a grain."""
    counts: Places
    """[2 B], how many calm and how many ictal windows each bucket has."""

    @cached_property
    def _firsts(self) -> Places:
        """[2 B], the number of the first window of each kind among all of the runs."""
        return np.cumsum(self.counts) - self.counts

    def draw(self, buckets: Places, sizes: Sequence[int], rng: np.random.Generator) -> list[Places]:
        """Places [n] of the windows of each of G grains, each once in it where there are enough.

        ``buckets`` [G] are the grains' buckets, ``sizes`` [G] their numbers of windows. Whether a
        window is ictal is drawn for each, so that the share is met on average also where few
        windows are drawn. Windows that come twice in a grain are drawn again: by symmetry all sets
        of different windows are equally likely.
        """
        bucket = np.repeat(buckets, sizes)
        ictal = (rng.random(len(bucket)) < self.ictal_share[bucket]).astype(np.int64)
        group = 2 * np.repeat(np.arange(len(sizes)), sizes) + ictal
        row = 2 * bucket + ictal
        counts, first = self.counts[row], self._firsts[row]
        numbers = (rng.random(len(row)) * counts).astype(np.int64)
        while len(again := _repeated(group * len(self.runs) + first + numbers)):
            again = again[np.bincount(group)[group[again]] <= counts[again]]
            if not len(again):
                break
            numbers[again] = (rng.random(len(again)) * counts[again]).astype(np.int64)
        return np.split(self.runs.at(first + numbers), np.cumsum(sizes)[:-1])


def _repeated(values: Places) -> Places:
    """Where in ``values`` [n] one stands that stood further left already, in no order."""
    ordered = np.sort(values)
    if not (ordered[1:] == ordered[:-1]).any():
        return np.zeros(0, np.int64)
    order = np.argsort(values, kind="stable")
    return order[1:][values[order[1:]] == values[order[:-1]]]


def seizure_shares(buckets: Sequence[Bucket]) -> SeizureShares:
    """The calm and ictal windows of these buckets, to draw from."""
    parts = [runs for bucket in buckets for runs in (bucket.calm, bucket.ictal)]
    first, stop = [part.first for part in parts], [part.stop for part in parts]
    return SeizureShares(
        Runs(np.concatenate(first), np.concatenate(stop)),
        np.array([bucket.ictal_share for bucket in buckets]),
        np.array([len(part) for part in parts]),
    )

"""Find the same signal twice in one corpus, by its waveform."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eegssl.signal.waveform import Sketches, same

ACROSS: dict[str, str] = {
    "splits": "pair(s) of recordings are the same signal in two splits: what is tested was "
    "trained on. Take one of each away, or join their subjects (subjects.aliases)",
    "subjects": "pair(s) of recordings are the same signal under two subjects' names: take one "
    "of each away, or join the subjects (subjects.aliases)",
    "neither": "pair(s) of recordings are the same signal twice of one subject: they count double",
}
"""Boundary that a pair of duplicates crosses -> a message; the worst first. N copies of one signal
are N - 1 pairs."""
_HASH_BYTES = np.dtype(np.uint32).itemsize


@dataclass(frozen=True)
class Duplicate:
    """Two recordings of one signal, their number of shared hashes, and what they lie across."""

    recording: str
    same_as: str
    n_shared: int
    across: str


def find_duplicates(
    rows: Sequence[Mapping[str, Any]], splits: Mapping[str, str], unit: str
) -> list[Duplicate]:
    """Pairs of recordings (rows of the table) with the same waveform, which link all that have it.

    N of one signal are N - 1 pairs, among them one of the worst kind (`ACROSS`) that lies between
    any two of them. ``splits`` goes from a row's ``unit`` (subject or file) to its split.
    """
    of = {row["recording"]: row for row in rows}
    equal: defaultdict[bytes, list[str]] = defaultdict(list)
    for id_ in sorted(of):
        equal[np.asarray(of[id_]["sketch"], np.uint32).tobytes()].append(id_)
    pairs = [
        (ids[0], other, n)
        for sketch, ids in equal.items()
        if same(n := len(sketch) // _HASH_BYTES, n, n)
        for other in ids[1:]
    ]
    firsts = [ids[0] for ids in equal.values()]  # each other one is as its first
    pairs += Sketches({id_: np.array(of[id_]["sketch"], np.uint32) for id_ in firsts}).pairs()
    duplicates = [
        Duplicate(one, other, n, _across(of[one], of[other], splits, unit))
        for one, other, n in pairs
    ]
    return sorted(_linking(duplicates), key=lambda pair: (pair.recording, pair.same_as))


def _linking(pairs: Iterable[Duplicate]) -> Iterator[Duplicate]:
    """The fewest pairs that link whatever all of them link, the worst kind first."""
    severity = list(ACROSS)
    above: dict[str, str] = {}

    def group(id_: str) -> str:
        while (higher := above.get(id_, id_)) != id_:
            above[id_] = above.get(higher, higher)
            id_ = higher
        return id_

    def order(pair: Duplicate) -> tuple[int, str, str]:
        return severity.index(pair.across), pair.recording, pair.same_as

    for pair in sorted(pairs, key=order):
        one, other = group(pair.recording), group(pair.same_as)
        if one != other:
            above[max(one, other)] = min(one, other)
            yield pair


def _across(
    one: Mapping[str, Any], other: Mapping[str, Any], splits: Mapping[str, str], unit: str
) -> str:
    if splits[one[unit]] != splits[other[unit]]:
        return "splits"
    return "neither" if one["subject"] == other["subject"] else "subjects"

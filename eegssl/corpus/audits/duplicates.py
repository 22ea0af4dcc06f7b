"""Find the same signal twice in one corpus, by its waveform."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eegssl.signal.waveform import Sketches

ACROSS: dict[str, str] = {
    "splits": "pair(s) of recordings are the same signal in two splits: what is tested was "
    "trained on. Take one of each away, or join their subjects (subjects.aliases)",
    "subjects": "pair(s) of recordings are the same signal under two subjects' names: take one "
    "of each away, or join the subjects (subjects.aliases)",
    "neither": "pair(s) of recordings are the same signal twice of one subject: they count double",
}
"""Boundary that a pair of duplicates crosses -> a message; the worst first."""


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
    """All pairs of recordings (rows of the table) with the same waveform.

    ``splits`` goes from a row's ``unit`` (subject or file) to its split.
    """
    of = {row["recording"]: row for row in rows}
    index = Sketches({id_: np.array(row["sketch"], np.uint32) for id_, row in of.items()})
    return [
        Duplicate(one, other, n_shared, _across(of[one], of[other], splits, unit))
        for one, other, n_shared in index.pairs()
    ]


def _across(
    one: Mapping[str, Any], other: Mapping[str, Any], splits: Mapping[str, str], unit: str
) -> str:
    if splits[one[unit]] != splits[other[unit]]:
        return "splits"
    return "neither" if one["subject"] == other["subject"] else "subjects"

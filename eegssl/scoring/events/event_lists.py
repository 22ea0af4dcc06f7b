"""Sort, cut and merge lists of events, as scorers expect them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError

Event = tuple[float, float]
"""(onset, offset) in seconds from the start of the recording."""

Spans = NDArray[np.float64]
"""Events [n, 2]: onset and offset in seconds, sorted and apart."""

_TOUCHING_S = 1e-6  # window times are sums of floats; a rounding gap is no gap


@dataclass(frozen=True)
class CleanEvents:
    """Events sorted, apart from each other and within the recording."""

    events: tuple[Event, ...]
    n_outside: int


def clean_events(events: Sequence[Event], duration_s: float) -> CleanEvents:
    """Events cut to [0, duration_s], sorted, overlapping and touching ones merged.

    Scorers index samples by these times: an event out of order, nested or out of range would be
    counted wrongly without any error. Events of no length inside the recording are dropped.
    Raises InputError for times that are not finite or run backwards.
    """
    inside, n_outside = [], 0
    for onset_s, offset_s in events:
        if not (np.isfinite(onset_s) and np.isfinite(offset_s)) or offset_s < onset_s:
            raise InputError(f"got an event from {onset_s} to {offset_s} s; expected onset <= end.")
        if onset_s >= duration_s or offset_s <= 0:
            n_outside += 1
        elif offset_s > onset_s:
            inside.append((max(0.0, float(onset_s)), min(float(duration_s), float(offset_s))))
    return CleanEvents(merge_touching(inside), n_outside)


def merge_touching(events: Iterable[Event]) -> tuple[Event, ...]:
    """Sorted events, those that overlap or touch joined into one."""
    merged: list[Event] = []
    for onset_s, offset_s in sorted(events):
        if merged and onset_s <= merged[-1][1] + _TOUCHING_S:
            merged[-1] = (merged[-1][0], max(merged[-1][1], offset_s))
        else:
            merged.append((onset_s, offset_s))
    return tuple(merged)


def as_spans(events: Sequence[Event]) -> Spans:
    """A list of cleaned events as an array [n, 2]."""
    return np.asarray(events, dtype=np.float64).reshape(-1, 2)


def overlaps(spans: NDArray[Any], others: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which spans [n, 2] share time with any of the others [m, 2]; both sorted and apart.

    The others that begin before a span's end, less those that end before its start, overlap it.
    Spans without a length overlap nothing.
    """
    others = others[others[:, 1] > others[:, 0]]
    begun = np.searchsorted(others[:, 0], spans[:, 1], side="left")
    over = np.searchsorted(others[:, 1], spans[:, 0], side="right")
    return (begun > over) & (spans[:, 1] > spans[:, 0])


def shared_s(spans: Spans, others: Spans) -> float:
    """Seconds that lie in spans [n, 2] and in others [m, 2]; each sorted and apart."""
    if not len(others):
        return 0.0
    lengths = others[:, 1] - others[:, 0]
    ended = np.cumsum(lengths)
    until = np.interp(spans, others.ravel(), np.stack([ended - lengths, ended], axis=1).ravel())
    return float((until[:, 1] - until[:, 0]).sum())

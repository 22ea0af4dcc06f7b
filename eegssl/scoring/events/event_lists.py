"""Lists of events: made from windows, and put in the order that scorers rely on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError

Event = tuple[float, float]
"""(onset, offset) in seconds from the start of the recording."""

_TOUCHING_S = 1e-6  # window times are sums of floats; a rounding gap is no gap


@dataclass(frozen=True)
class CleanEvents:
    """Events sorted, apart from each other and within the recording."""

    events: tuple[Event, ...]
    n_outside: int


def events_from_windows(
    start_s: NDArray[np.floating],
    duration_s: NDArray[np.floating],
    probability: NDArray[np.floating],
    threshold: float,
) -> tuple[Event, ...]:
    """The detections of one recording: windows at or above the threshold, adjoining ones merged.

    All arrays are [n], in any order; windows may overlap. Between windows that do not touch,
    nothing is filled in: SzCORE itself joins events closer than 90 s. Raises InputError for
    arrays of different length and values that are not finite.
    """
    start_s, duration_s, probability = (
        np.asarray(a, dtype=np.float64) for a in (start_s, duration_s, probability)
    )
    if not (start_s.shape == duration_s.shape == probability.shape and start_s.ndim == 1):
        raise InputError(
            f"got starts {start_s.shape}, durations {duration_s.shape}, probabilities "
            f"{probability.shape}; expected one of each per window."
        )
    if not (np.all(np.isfinite(probability)) and np.isfinite(threshold)):
        raise InputError("got a probability or threshold that is not finite.")
    positive = probability >= threshold
    ends_s = start_s[positive] + duration_s[positive]
    return merge_touching(zip(start_s[positive].tolist(), ends_s.tolist(), strict=True))


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

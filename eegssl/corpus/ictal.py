"""Find seizures in a recording, and the share of windows in them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eegssl.io.labels.event_types import Event
from eegssl.io.spans import joined

SEIZURE = ("sz",)
"""The root of all seizure types of SzCORE's vocabulary."""
_ROUNDING_S = 1e-6


def events_of(events: Sequence[Event], types: Sequence[str] = SEIZURE) -> list[Event]:
    """The events whose type is one of these, or begins with one and an underscore."""
    return [e for e in events if any(e.type == t or e.type.startswith(f"{t}_") for t in types)]


def positive_spans(events: Sequence[Event], types: Sequence[str] = SEIZURE) -> NDArray[np.float64]:
    """Onset and end of the events of these types, sorted and merged, float64 [n, 2] in seconds."""
    spans = joined([(e.onset_s, e.onset_s + e.duration_s) for e in events_of(events, types)])
    return np.array(spans, dtype=np.float64).reshape(-1, 2)


def overlap_share(
    start_s: NDArray[np.float64], window_s: float, spans: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The share of each window [n] that lies in the spans (disjoint)."""
    shares = np.zeros(len(start_s))
    order = np.argsort(start_s, kind="stable")
    in_order = start_s[order]
    firsts = np.searchsorted(in_order, spans[:, 0] - window_s - _ROUNDING_S)
    lasts = np.searchsorted(in_order, spans[:, 1], side="right")
    for (onset, end), first, last in zip(spans, firsts, lasts, strict=True):
        near = order[first:last]
        inside = np.minimum(start_s[near] + window_s, end) - np.maximum(start_s[near], onset)
        shares[near] += np.clip(inside, 0.0, None) / window_s
    return shares

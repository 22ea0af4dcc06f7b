"""Bring events that overlap into an order, one at a time."""

from collections.abc import Sequence

from eegssl.io.labels.event_types import Event
from eegssl.scoring.hierarchy import known_part, lies_in


def one_at_a_time(events: Sequence[Event]) -> tuple[list[Event], int]:
    """Events in order, and how many overlap the one before them and can't be the same seizure.

    Two that overlap, of which one's type says more of the other's, are one seizure that was
    written down twice: it lasts as long as both, and has the type that says more (ours).
    """
    merged: list[Event] = []
    n_conflicts = 0
    for event in sorted(events, key=lambda e: (e.onset_s, e.duration_s, e.type)):
        last = merged[-1] if merged else None
        if last is None or event.onset_s >= last.onset_s + last.duration_s:
            merged.append(event)
            continue
        kind = _more_exact(last.type, event.type)
        n_conflicts += kind is None
        end_s = max(last.onset_s + last.duration_s, event.onset_s + event.duration_s)
        merged[-1] = Event(last.onset_s, end_s - last.onset_s, kind or last.type)
    return merged, n_conflicts


def _more_exact(one: str, other: str) -> str | None:
    """The type that says more, where it says nothing against the other; else None."""
    if lies_in(one, known_part(other)):
        return one
    return other if lies_in(other, known_part(one)) else None

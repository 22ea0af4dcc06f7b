"""Count events as NEDC's TAES: partial credit for partial overlap.

Definition as in `eegssl.scoring.events.nedc`, for the label of seizures.
"""

from collections.abc import Sequence

import numpy as np

from eegssl.scoring.events.counts import EventCounts
from eegssl.scoring.events.event_lists import Event, as_spans


def taes_counts(
    reference: Sequence[Event], hypothesis: Sequence[Event], duration_s: float
) -> EventCounts:
    """Fractional counts of one recording; both lists cleaned (`clean_events`).

    Reference events are taken in order, each with the detections that overlap it and that no
    earlier event has used up:

    - hits: the share of the event that they cover; the rest of it is missed;
    - false alarms: of each such detection, its time outside the event as a share of the *event's*
      length, at most 1. A detection that no event has used is one whole false alarm.
    - One detection over several events is used up by the first; each further event is missed
      whole, unless another detection overlaps it too. If the detection was the first to overlap
      its event, even that one is lost: the further events are closed, and other detections in
      them are false alarms.

    That last distinction is nedc_eval_eeg's. Ours: events overlap if they share any time; NEDC
    compares whole seconds from the second detection on, and so joins, with negative credit,
    events that are up to a second apart.
    """
    onsets, offsets = as_spans(hypothesis).T
    used = [False] * len(hypothesis)
    closed_until_s = 0.0  # events that begin before it are spanned by a detection used up
    hits = false = 0.0
    for onset_s, offset_s in reference:
        if onset_s < closed_until_s:
            continue
        first = int(np.searchsorted(offsets, onset_s, side="right"))
        last = int(np.searchsorted(onsets, offset_s, side="left"))
        overlapping = [j for j in range(first, last) if not used[j]]
        for j in overlapping:
            used[j] = True
            false += _outside(hypothesis[j], onset_s, offset_s)
        hits += _covered([hypothesis[j] for j in overlapping], onset_s, offset_s)
        if overlapping:
            closed_until_s = hypothesis[overlapping[0]][1]
    return EventCounts(len(reference), hits, false + used.count(False), duration_s)


def _covered(detections: Sequence[Event], onset_s: float, offset_s: float) -> float:
    """The share of an event that detections cover, which overlap it and not each other."""
    shared_s = sum(min(offset_s, end_s) - max(onset_s, start_s) for start_s, end_s in detections)
    return min(1.0, shared_s / (offset_s - onset_s))


def _outside(detection: Event, onset_s: float, offset_s: float) -> float:
    """The time of a detection outside an event as a share of the event's length, at most 1."""
    before_s, after_s = onset_s - detection[0], detection[1] - offset_s
    return min(1.0, (max(0.0, before_s) + max(0.0, after_s)) / (offset_s - onset_s))

"""Count events as NEDC's DPALIGN: by their order, not their times.

Definition as in `eegssl.scoring.events.nedc`, for the label of seizures. Each annotation becomes a
word of labels ("background, seizure, background"), and the two words are aligned with the fewest
insertions, deletions and substitutions, each of cost 1, as in speech recognition. A matched seizure
is a hit, an inserted one a false alarm, a deleted or substituted one a miss.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eegssl.scoring.events.counts import EventCounts
from eegssl.scoring.events.event_lists import Event


def dpalign_counts(
    reference: Sequence[Event], hypothesis: Sequence[Event], duration_s: float
) -> EventCounts:
    """Counts of the alignment of one recording; both lists cleaned (`clean_events`).

    With seizures and background alone the labels alternate, and the best alignment is known
    without searching for it (ours; the tests compare it with NEDC's search):

    - Words of different length: the shorter one lies in the longer one. All of it is matched,
      the surplus is inserted or deleted. So DPALIGN compares little more than *numbers* of events:
      as many detections as seizures, anywhere, give a perfect score.
    - Words of equal length that begin alike are equal.
    - Words of equal length that do not begin alike: shifting one by a place is best, and NEDC, of
      the two ways, drops the first of the reference and inserts the last of the hypothesis. Words
      of one or two labels are substituted throughout instead. A substituted background is no
      false alarm in NEDC: one alarm over a whole recording without a seizure costs nothing.
    """
    truth, alarms = _word(reference, duration_s), _word(hypothesis, duration_s)
    hits = min(truth.n_seizures, alarms.n_seizures)
    false = alarms.n_seizures - hits
    if truth.n_labels == alarms.n_labels and truth.begins_in_seizure != alarms.begins_in_seizure:
        if truth.n_labels <= 2:
            hits = false = 0
        else:
            hits = truth.n_seizures - truth.begins_in_seizure
            false = int(alarms.ends_in_seizure)
    return EventCounts(len(reference), hits, false, duration_s)


@dataclass(frozen=True)
class _Word:
    """The ordered labels of a recording, in numbers."""

    n_seizures: int
    n_labels: int
    begins_in_seizure: bool
    ends_in_seizure: bool


def _word(events: Sequence[Event], duration_s: float) -> _Word:
    """Seizures with the background before, between and after them."""
    begins = bool(events) and events[0][0] <= 0
    ends = bool(events) and events[-1][1] >= duration_s
    n_background = len(events) + 1 - begins - ends
    return _Word(len(events), len(events) + n_background, begins, ends)

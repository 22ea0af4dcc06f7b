"""Cut windows through events whose type is asked."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from eegssl.corpus.ictal import events_of
from eegssl.corpus.labelled import LabelledWindows, Unit
from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import InputError
from eegssl.io.labels.event_types import Event
from eegssl.scoring.hierarchy import class_of, known_part, lies_in, possible_classes
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.windows.event_windows import Stretch, place

_OTHER = "events of another type"
_SHORT = "events in recordings shorter than a window"


def typed_windows(
    corpus: Corpus, recordings: Sequence[Recording], task: TaskConfig
) -> LabelledWindows:
    """Windows inside the events of the task, each with the classes that its event may be of.

    An event of a type that no class holds or lies below is left out, and counted. Raises
    InputError when events overlap that can't be one, or there is no event at all.
    """
    left_out: Counter[str] = Counter()
    stretches: list[Stretch] = []
    kinds: list[str] = []
    torn = 0
    for recording in recordings:
        events, overlapping = one_at_a_time(events_of(recording.events, task.event_types))
        torn += overlapping
        for event in events:
            if not possible_classes(event.type, task.classes).any():
                left_out[_OTHER] += 1
            elif recording.duration_s < task.window_s:
                left_out[_SHORT] += 1
            else:
                stretches.append(Stretch(recording, event.onset_s, event.duration_s))
                kinds.append(event.type)
    if torn:
        raise InputError(
            f"task {task.name}: {torn} event(s) overlap one of another type in the same recording, "
            "so that their windows would be of both; mend the events (each seizure once, with its "
            "most exact type), or choose one source of them (--set events.sources=… in preprocess)"
        )
    if not stretches:
        raise InputError(
            f"task {task.name}: these {len(recordings)} recordings have no event of its classes "
            f"({', '.join(task.classes)}); `eegssl info` on the recordings lists their types"
        )
    windows, unit = place(corpus, stretches, task.window_s, task.most_windows)
    possible = np.stack([possible_classes(kind, task.classes) for kind in kinds])
    truth = np.array([class_of(kind, task.classes) for kind in kinds], dtype=np.int64)
    units = event_keys(stretches, kinds)
    return LabelledWindows(windows, truth[unit], unit, units, possible[unit], dict(left_out))


def one_at_a_time(events: Sequence[Event]) -> tuple[list[Event], int]:
    """Events in order, and how many overlap the one before them and can't be the same seizure.

    Two that overlap, of which one's type says more of the other's, are one seizure that was
    written down twice: it lasts as long as both, and has the type that says more (ours).
    """
    kept: list[Event] = []
    torn = 0
    for event in sorted(events, key=lambda e: (e.onset_s, e.duration_s, e.type)):
        last = kept[-1] if kept else None
        if last is None or event.onset_s >= last.onset_s + last.duration_s:
            kept.append(event)
            continue
        kind = _more_exact(last.type, event.type)
        torn += kind is None
        end_s = max(last.onset_s + last.duration_s, event.onset_s + event.duration_s)
        kept[-1] = Event(last.onset_s, end_s - last.onset_s, kind or last.type)
    return kept, torn


def event_keys(stretches: Sequence[Stretch], kinds: Sequence[str]) -> tuple[Unit, ...]:
    """A key for each labelled stretch: its recording's id and its number there."""
    seen: Counter[str] = Counter()
    keys = []
    for stretch, kind in zip(stretches, kinds, strict=True):
        recording = stretch.recording
        id_ = f"{recording.id}-e{seen[recording.id]:03d}"
        seen[recording.id] += 1
        keys.append(
            Unit(id_, recording.id, recording.subject, stretch.onset_s, stretch.duration_s, kind)
        )
    return tuple(keys)


def _more_exact(one: str, other: str) -> str | None:
    """The type that says more, where it says nothing against the other; else None."""
    if lies_in(one, known_part(other)):
        return one
    return other if lies_in(other, known_part(one)) else None

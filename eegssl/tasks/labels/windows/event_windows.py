"""Cut windows inside events, so that each event counts once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.ictal import events_of
from eegssl.corpus.labelled import LabelledWindows, Unit
from eegssl.corpus.places.tilings import ListedStarts
from eegssl.corpus.store import Corpus, Recording
from eegssl.corpus.windows import Windows
from eegssl.errors import InputError
from eegssl.scoring.hierarchy import class_of, possible_classes
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.windows.event_overlaps import (
    SeparateEvents,
    channels_of,
    require_separate,
    separate_events,
)

_OTHER = "events of another type"
SHORT = "events in recordings shorter than a window"
_COVERED = "events that others which come first cover"


@dataclass(frozen=True)
class Stretch:
    """A labelled stretch of a recording; ``kind`` is the type of an event.

    ``channels`` are those that its windows are read of, empty for all.
    """

    recording: Recording
    onset_s: float
    duration_s: float
    kind: str = ""
    channels: tuple[str, ...] = ()


def place(
    corpus: Corpus, stretches: Sequence[Stretch], task: TaskConfig
) -> tuple[Windows, NDArray[np.int64], tuple[Unit, ...]]:
    """Windows inside stretches, for each window [n] the place of its stretch, and their units.

    A stretch holds as many windows as fit side by side, ``task.most_windows`` at most, from its
    beginning through its middle to its end; one that is shorter than a window gets one about its
    middle. Its unit has the id of its recording and its number there. Recordings must be as long
    as a window.
    """
    length = round(task.window_s * corpus.sfreq_hz)
    recordings = {s.recording.id: s.recording for s in stretches}
    index = {id_: k for k, id_ in enumerate(recordings)}
    starts = [_starts(s, length, corpus.sfreq_hz, task.most_windows) for s in stretches]
    owner = np.repeat([index[s.recording.id] for s in stretches], [len(s) for s in starts])
    unit = np.repeat(np.arange(len(stretches)), [len(s) for s in starts])
    listed = ListedStarts(owner, np.concatenate(starts))
    windows = Windows(corpus, tuple(recordings.values()), listed, length)
    if any(s.channels for s in stretches):
        montages = {s.channels: 0 for s in stretches}
        montages = {channels: k for k, channels in enumerate(montages)}
        of_window = np.array([montages[s.channels] for s in stretches], dtype=np.int64)[unit]
        windows = replace(windows, montages=tuple(montages), montage=of_window)
    seen: Counter[str] = Counter()
    units = []
    for s in stretches:
        id_ = f"{s.recording.id}-e{seen[s.recording.id]:03d}"
        seen[s.recording.id] += 1
        units.append(
            Unit(id_, s.recording.id, s.recording.subject, s.onset_s, s.duration_s, s.kind)
        )
    return windows, unit, tuple(units)


def typed_windows(
    corpus: Corpus, recordings: Sequence[Recording], task: TaskConfig
) -> LabelledWindows:
    """Windows inside the events of the task, each with the classes that its event may be of.

    An event of a type that no class holds or lies below is left out, and counted. Raises
    InputError when events overlap that can't be one (see `apart`), or there is no event at all.
    """
    left_out: Counter[str] = Counter()
    stretches: list[Stretch] = []
    parts: list[SeparateEvents] = []
    for recording in recordings:
        part = separate_events(events_of(recording.events, task.event_types), task)
        parts.append(part)
        left_out[_COVERED] += part.n_covered
        for event in part.events:
            if not possible_classes(event.type, task.classes).any():
                left_out[_OTHER] += 1
            elif recording.duration_s < task.window_s:
                left_out[SHORT] += 1
            else:
                own = channels_of(event, recording.channels) if task.overlap == "channel" else ()
                span = event.onset_s, event.duration_s
                stretches.append(Stretch(recording, *span, event.type, own))
    require_separate(parts, task)
    if not stretches:
        raise InputError(
            f"task {task.name}: these {len(recordings)} recordings have no event of its classes "
            f"({', '.join(task.classes)}); `eegssl info` on the recordings lists their types"
        )
    windows, unit, units = place(corpus, stretches, task)
    possible = np.stack([possible_classes(s.kind, task.classes) for s in stretches])
    truth = np.array([class_of(s.kind, task.classes) for s in stretches], dtype=np.int64)
    return LabelledWindows(windows, truth[unit], unit, units, possible[unit], dict(+left_out))


def _starts(one: Stretch, length: int, sfreq_hz: float, most: int) -> NDArray[np.int64]:
    """First samples of the windows of one stretch, in order, inside the recording."""
    begin = max(0, round(one.onset_s * sfreq_hz))
    end = min(one.recording.n_samples, round((one.onset_s + one.duration_s) * sfreq_hz))
    n_windows = min(most, max(1, (end - begin) // length))
    if n_windows == 1:
        middle = (begin + end - length) // 2
        return np.array([np.clip(middle, 0, one.recording.n_samples - length)], dtype=np.int64)
    return np.linspace(begin, end - length, n_windows).astype(np.int64)

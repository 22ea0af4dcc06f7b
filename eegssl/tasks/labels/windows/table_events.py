"""Take events of recordings from a table, not their own."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from eegssl.corpus.label_table import Label
from eegssl.corpus.store import Recording
from eegssl.errors import InputError
from eegssl.io.labels.event_types import Event, event_type, in_order, original_of
from eegssl.tasks.labels.config import TaskConfig

NOT_NAMED = "recordings that the labels table does not name"
SOURCE = "table"


def recordings_of_table(
    recordings: Sequence[Recording], task: TaskConfig, table: Sequence[Label]
) -> list[Recording]:
    """The recordings that a table names, its rows as their events.

    A row of type ``bckg`` without times says that a recording was read and holds nothing. Raises
    InputError where it names none of them, or a row is no event.
    """
    require_events([one.text for one in table], task)
    timeless = sum(one.onset_s is None and not _is_none(one.text, task) for one in table)
    if timeless:
        raise InputError(
            f"task {task.name}: {timeless} of {len(table)} rows of the labels table have no "
            "onset_s and duration_s; events need both, and only bckg may stand for a whole "
            "recording"
        )
    rows: defaultdict[str, list[Label]] = defaultdict(list)
    for one in table:
        rows[one.recording].append(one)
    named = [
        replace(recording, events=_events(rows[recording.id], recording, task))
        for recording in recordings
        if recording.id in rows
    ]
    if not named:
        raise InputError(
            f"task {task.name}: the labels table names none of these {len(recordings)} recordings; "
            "give each a row (one without events: bckg, without times), or leave the table out, so "
            "that the events count that they were preprocessed with"
        )
    return named


def require_events(texts: Sequence[str], task: TaskConfig) -> None:
    """Raise InputError unless all labels are types of events; none is repeated."""
    wrong = sum(_type(text, task) is None for text in texts)
    if wrong:
        raise InputError(
            f"task {task.name}: {wrong} of {len(texts)} rows of the labels table have a label that "
            f"is no type of event; expected {', '.join(task.event_types)}, bckg, or another of "
            "SzCORE's words"
        )


def _type(text: str, task: TaskConfig) -> str | None:
    return text if text in task.event_types else event_type(text)


def _is_none(text: str, task: TaskConfig) -> bool:
    return _type(text, task) == "bckg"


def _events(rows: Sequence[Label], recording: Recording, task: TaskConfig) -> tuple[Event, ...]:
    """The events of a recording, cut at its end."""
    events = []
    for one in rows:
        kind = _type(one.text, task)
        if one.onset_s is None or one.duration_s is None or kind is None:
            continue
        duration_s = min(one.duration_s, recording.duration_s - one.onset_s)
        original = original_of(one.text, kind)
        events.append(Event(one.onset_s, duration_s, kind, (), None, SOURCE, original))
    return in_order(events)

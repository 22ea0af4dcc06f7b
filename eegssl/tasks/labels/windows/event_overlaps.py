"""Decide what becomes of events that overlap others of another type."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from eegssl.errors import InputError
from eegssl.io.labels.event_types import Event
from eegssl.io.spans import joined, without
from eegssl.scoring.hierarchy import known_part, lies_in
from eegssl.signal.channels.electrodes import parse_channel
from eegssl.tasks.labels.config import TaskConfig


@dataclass(frozen=True)
class SeparateEvents:
    """Events of a recording as a task takes them, and how many it can't take.

    ``n_covered`` were left out for others that come first. Of ``n_conflicts``, which overlap one of
    another type, ``n_on_shared_channels`` do so on a channel too.
    """

    events: list[Event]
    n_covered: int = 0
    n_conflicts: int = 0
    n_on_shared_channels: int = 0


def separate_events(events: Sequence[Event], task: TaskConfig) -> SeparateEvents:
    """The events of a recording as ``task.overlap`` says."""
    match task.overlap:
        case "keep":
            return SeparateEvents(_in_order(events))
        case "priority":
            return _by_priority(events, task)
        case "channel":
            return _by_channel(events, task)
    merged, n_conflicts = one_at_a_time(events)
    pairs = list(_conflicts(_in_order(events))) if n_conflicts else []
    shared = sum(bool(_share_a_channel(one, other)) for one, other in pairs)
    return SeparateEvents(merged, 0, n_conflicts, shared)


def require_separate(parts: Sequence[SeparateEvents], task: TaskConfig) -> None:
    """Raise InputError where events of the recordings overlap and the task says not what to do."""
    n = sum(part.n_conflicts for part in parts)
    if not n:
        return
    shared = sum(part.n_on_shared_channels for part in parts)
    overlapping = f"task {task.name}: {n} event(s) overlap one of another type"
    if task.overlap == "channel":
        raise InputError(
            f"{overlapping} on the same channel: say which type wins there "
            '(--set task.priority=["TYPE", "OTHER"]), or keep both (--set task.overlap=keep)'
        )
    mend = (
        "mend the events (each seizure once, with its most exact type), or choose one source of "
        "them (--set events.sources=… in preprocess), or "
        if all(lies_in(one, "sz") for one in task.event_types)
        else ""
    )
    by_channel = (
        f"task.overlap=channel (each on its own channels; {shared} share one, where task.priority "
        "decides)"
        if shared
        else "task.overlap=channel (each on its own channels, of which none is shared)"
    )
    raise InputError(
        f"{overlapping} in the same recording, so that their windows would be of both; {mend}say "
        "what becomes of them: --set task.overlap=keep (each counts), task.overlap=priority (the "
        f"class that comes first in task.classes or task.priority takes the time), or {by_channel}"
    )


def channels_of(event: Event, channels: Sequence[str]) -> tuple[str, ...]:
    """Those of a recording's channels that an event lies on; () where it names none of them.

    A derivation that the recording lacks stands for its two electrodes, and an electrode for the
    derivations that it is in.
    """
    named = {name: set(parse_channel(name).electrodes) for name in event.channels}
    electrodes = set().union(*named.values()) if named else set()
    alone = {next(iter(pair)) for pair in named.values() if len(pair) == 1}

    def lies_on(channel: str) -> bool:
        own = set(parse_channel(channel).electrodes)
        return channel in named or (own <= electrodes if len(own) == 1 else bool(own & alone))

    return tuple(channel for channel in channels if lies_on(channel))


def rank(kind: str, task: TaskConfig) -> int:
    """The place of a type in the order by which one takes the time of another."""
    order = task.priority or task.classes
    if kind in order:
        return order.index(kind)
    return next((k for k, one in enumerate(order) if lies_in(kind, one)), len(order))


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


def _by_priority(events: Sequence[Event], task: TaskConfig) -> SeparateEvents:
    """What those that come first leave of each event; too short a rest is left out.

    A rest counts from ``min_overlap`` of a window on (ours), since a window is laid about it.
    """
    least_s = task.min_overlap * task.window_s
    ranks = [rank(event.type, task) for event in events]
    rest: list[Event] = []
    n_covered = 0
    for place in sorted(set(ranks)):
        above = [e for e, own in zip(events, ranks, strict=True) if own < place]
        holes = joined([(e.onset_s, e.onset_s + e.duration_s) for e in above])
        for event in (e for e, own in zip(events, ranks, strict=True) if own == place):
            pieces = without((event.onset_s, event.onset_s + event.duration_s), holes)
            wanted_s = min(least_s, event.duration_s)
            long = [(start, end) for start, end in pieces if end - start >= wanted_s]
            n_covered += not long
            rest += [replace(event, onset_s=a, duration_s=b - a) for a, b in long]
    merged, n_conflicts = one_at_a_time(rest)
    return SeparateEvents(merged, n_covered, n_conflicts)


def _by_channel(events: Sequence[Event], task: TaskConfig) -> SeparateEvents:
    """Each event on its own channels; shared ones are those of the type that comes first."""
    ordered = _in_order(events)
    channels: dict[Event, set[str] | None] = {e: set(e.channels) or None for e in ordered}
    gone: set[Event] = set()
    n_conflicts = 0
    for one, other in _conflicts(ordered):
        if not (shared := _share_a_channel(one, other)):
            continue
        ranks = rank(one.type, task), rank(other.type, task)
        if not task.priority or ranks[0] == ranks[1]:
            n_conflicts += 1
            continue
        loser = other if ranks[0] < ranks[1] else one
        named = channels[loser]
        if named is None or not (named := named - shared):
            gone.add(loser)
        else:
            channels[loser] = named
    left = [e for e in ordered if e not in gone]
    of_channels = [
        replace(e, channels=tuple(n for n in e.channels if n in (channels[e] or ()))) for e in left
    ]
    return SeparateEvents(of_channels, len(gone), n_conflicts, n_conflicts)


def _conflicts(ordered: Sequence[Event]) -> Iterator[tuple[Event, Event]]:
    """Pairs of events that overlap and can't be the same."""
    active: list[Event] = []
    for event in ordered:
        active = [e for e in active if e.onset_s + e.duration_s > event.onset_s]
        yield from ((e, event) for e in active if _more_exact(e.type, event.type) is None)
        active.append(event)


def _share_a_channel(one: Event, other: Event) -> set[str]:
    """The channels that both lie on; an event that names none lies on all of the other's."""
    if one.channels and other.channels:
        return set(one.channels) & set(other.channels)
    return set(one.channels or other.channels) or {""}


def _in_order(events: Sequence[Event]) -> list[Event]:
    return sorted(dict.fromkeys(events), key=lambda e: (e.onset_s, e.duration_s, e.type))

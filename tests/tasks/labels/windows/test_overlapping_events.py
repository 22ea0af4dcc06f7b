"""Events that overlap are refused with every way on, kept, put in order, or read by channel."""

from pathlib import Path

import numpy as np
import pytest
from corpora import corpus, recording

from eegssl.corpus.label_table import Label
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.store import Recording
from eegssl.errors import InputError
from eegssl.io.labels.event_types import Event
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.data import labelled_windows
from eegssl.tasks.labels.windows.event_overlaps import channels_of, separate_events

TYPES = ("spsw", "eyem", "artf", "bckg")


def tuev(**more: object) -> TaskConfig:
    values = {"name": "t", "labels": "events", "unit": "event", "classes": TYPES}
    return TaskConfig(**values | {"event_types": TYPES, "window_s": 2.0} | more)  # type: ignore[arg-type]


def label(one: Recording, **more: object) -> LabelledWindows:
    return labelled_windows(corpus(one), [one], tuev(**more), None, seed=0)


SPIKE = Event(10, 4, "spsw", ("Fp1",))
BLINK = Event(12, 4, "eyem", ("Fp2",))
EVENTS = (SPIKE, BLINK, Event(30, 4, "artf"))


def test_a_refusal_names_every_way_and_nothing_of_seizures() -> None:
    one = recording(0, 60, events=[(10.0, 4.0, "spsw"), (12.0, 4.0, "eyem")])
    with pytest.raises(InputError) as refused:
        label(one)
    text = str(refused.value)
    for way in ("1 event(s)", "task.overlap=keep", "task.overlap=priority", "task.overlap=channel"):
        assert way in text
    assert "seizure" not in text
    assert "1 share one" in text  # neither names a channel


def test_events_are_kept_each_with_its_own_label() -> None:
    one = recording(0, 60, events=[(10.0, 4.0, "spsw"), (12.0, 4.0, "eyem"), (30.0, 4.0, "artf")])
    kept = label(one, overlap="keep")
    assert [unit.kind for unit in kept.units] == ["spsw", "eyem", "artf"]
    assert kept.windows.start_s.tolist() == [10, 12, 12, 14, 30, 32]
    assert kept.truth.tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("priority", "spans"),
    [
        ((), [(10, 4, "spsw"), (14, 2, "eyem")]),
        (("eyem", "spsw"), [(10, 2, "spsw"), (12, 4, "eyem")]),
    ],
)
def test_the_type_that_comes_first_takes_the_time(
    priority: tuple[str, ...], spans: list[tuple[float, float, str]]
) -> None:
    part = separate_events([SPIKE, BLINK], tuev(overlap="priority", priority=priority))
    assert [(e.onset_s, e.duration_s, e.type) for e in part.events] == spans
    assert part.n_conflicts == 0


def test_an_event_without_a_rest_is_left_out_and_counted() -> None:
    one = recording(0, 60, events=[(10.0, 4.0, "spsw"), (10.5, 3.0, "bckg"), (13.5, 1.0, "eyem")])
    first = label(one, overlap="priority")
    assert [unit.kind for unit in first.units] == ["spsw"]
    assert first.left_out == {"events that others which come first cover": 2}


def test_each_event_is_read_on_its_own_channels() -> None:
    one = recording(0, 60, n_channels=4)
    names = one.channels
    events = [
        Event(10, 4, "spsw", names[:2]),
        Event(12, 4, "eyem", names[2:3]),
        Event(30, 2, "artf"),
    ]
    one = Recording(**{**one.__dict__, "events": tuple(events)})
    by_channel = label(one, overlap="channel")
    windows = by_channel.windows
    read = [windows.channels_of(place) for place in range(len(windows))]
    assert read == [names[:2], names[:2], names[2:3], names[2:3], names]
    assert windows.n_channels.tolist() == [2, 2, 1, 1, len(names)]
    assert sorted(np.concatenate(list(windows.in_order(8))).tolist()) == [0, 1, 2, 3, 4]
    assert windows.subset(np.array([2, 4])).n_channels.tolist() == [1, len(names)]
    with pytest.raises(InputError, match=r"task\.overlap=channel.*same channels of each"):
        windows.shared_channels()


def test_shared_channels_are_of_the_type_that_comes_first_or_refused() -> None:
    one = Event(10, 4, "spsw", ("Fp1", "F7"))
    other = Event(12, 4, "eyem", ("F7", "T7"))
    part = separate_events([one, other], tuev(overlap="channel"))
    assert part.n_conflicts == part.n_on_shared_channels == 1
    part = separate_events([one, other], tuev(overlap="channel", priority=("eyem",)))
    assert [e.channels for e in part.events] == [("Fp1",), ("F7", "T7")]
    everywhere = Event(12, 4, "artf")
    part = separate_events([one, everywhere], tuev(overlap="channel", priority=("spsw",)))
    assert [e.type for e in part.events] == ["spsw"]
    assert part.n_covered == 1
    with pytest.raises(InputError, match=r"same channel.*task\.priority"):
        label(
            recording(0, 60, events=[(10.0, 4.0, "spsw"), (12.0, 4.0, "eyem")]), overlap="channel"
        )


@pytest.mark.parametrize(
    ("named", "channels", "read"),
    [
        (("Fp1-F7",), ("Fp1", "F7", "T7"), ("Fp1", "F7")),
        (("Fp1-F7",), ("Fp1-F7", "F7-T7"), ("Fp1-F7",)),
        (("F7",), ("Fp1-F7", "F7-T7", "T7-P7"), ("Fp1-F7", "F7-T7")),
        (("O1",), ("Fp1", "F7"), ()),
        ((), ("Fp1", "F7"), ()),
    ],
)
def test_channels_of_an_event_among_those_of_a_recording(
    named: tuple[str, ...], channels: tuple[str, ...], read: tuple[str, ...]
) -> None:
    assert channels_of(Event(0, 1, "spsw", named), channels) == read


@pytest.mark.parametrize(
    "more",
    [
        {"unit": "window", "overlap": "keep", "classes": ("background", "spsw")},
        {"priority": ("spsw",)},
        {"overlap": "priority", "priority": ("chew",)},
        {"overlap": "priority", "priority": ("spsw", "eyem", "spsw")},
        {"labels": "table", "table": "t.tsv", "overlap": "channel"},
    ],
)
def test_settings_that_mean_nothing_together_are_refused(more: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"overlap|priority"):
        tuev(**more)


def table_task(tmp_path: Path, **more: object) -> TaskConfig:
    table = tmp_path / "labels.tsv"
    return tuev(labels="table", table=str(table), classes=("eyem", "spsw"), **more)


def test_rows_of_a_table_may_overlap(tmp_path: Path) -> None:
    one = recording(0, 60)
    rows = [Label(one.id, "spsw", 10.0, 4.0), Label(one.id, "eyem", 12.0, 4.0)]
    task = table_task(tmp_path, overlap="keep")
    kept = labelled_windows(corpus(one), [one], task, rows, seed=0)
    assert kept.truth.tolist() == [1, 1, 0, 0]
    first = labelled_windows(
        *(corpus(one), [one], table_task(tmp_path, overlap="priority"), rows), seed=0
    )
    assert first.windows.start_s.tolist() == [11, 12, 14] or len(first.units) == 2
    assert [(u.onset_s, u.duration_s) for u in first.units] == [(10.0, 2.0), (12.0, 4.0)]


def test_windows_of_two_classes_are_of_the_first(tmp_path: Path) -> None:
    values = {"name": "t", "labels": "events", "window_s": 4.0}
    classes = {"spike": ("spsw",), "blink": ("eyem",)}
    one = recording(0, 12, events=[(0.0, 4.0, "spsw"), (0.0, 8.0, "eyem")])
    task = TaskConfig(**values, class_events=classes)  # type: ignore[arg-type]
    tied = labelled_windows(corpus(one), [one], task, None, seed=0)
    assert (tied.truth.tolist(), tied.left_out["windows in events of two classes"]) == ([1], 1)
    task = TaskConfig(**values, class_events=classes, overlap="priority")  # type: ignore[arg-type]
    first = labelled_windows(corpus(one), [one], task, None, seed=0)
    assert first.truth.tolist() == [0, 1]

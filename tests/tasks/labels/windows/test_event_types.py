"""Each seizure is there once, all through, with as much of a type as somebody wrote down."""

import numpy as np
import pytest
from corpora import corpus, recording
from hypothesis import given
from hypothesis import strategies as st

from eegssl.config.resolve import read_task
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.store import Recording
from eegssl.errors import InputError
from eegssl.io.labels.event_types import Event
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.data import labelled_windows, require_classes
from eegssl.tasks.labels.windows.event_overlaps import one_at_a_time

TYPES = TaskConfig(
    name="t", labels="events", unit="event", classes=("sz_foc", "sz_gen_m", "sz_gen_nm")
)


def label(*recordings: Recording, task: TaskConfig = TYPES, seed: int = 0) -> LabelledWindows:
    return labelled_windows(corpus(*recordings), recordings, task, None, seed=seed)


def test_windows_lie_in_their_event_and_reach_through_it() -> None:
    found = label(recording(0, 600, events=[(100.0, 61.0, "sz_foc_ia"), (300.0, 8.0, "sz_gen_m")]))
    assert found.unit.tolist() == [0] * 15 + [1] * 2
    start_s = found.windows.start_s
    assert start_s[0] == 100
    assert start_s[14] == 157
    assert (np.diff(start_s) >= 4).all()
    assert found.truth.tolist() == [0] * 15 + [1] * 2
    assert [key.kind for key in found.units] == ["sz_foc_ia", "sz_gen_m"]


def test_a_long_seizure_counts_through_its_middle_and_no_more_than_it_may() -> None:
    """Half an hour of status is one event, not half of all windows."""
    found = label(recording(0, 2000, events=[(100.0, 1800.0, "sz_foc")]))
    middle = found.windows.start_s + 2
    assert len(found) == TYPES.most_windows
    assert middle.min() == 102
    assert middle.max() == 1898
    assert np.abs(middle - 1000).min() < 40


@given(st.floats(0, 190), st.floats(0.2, 3.9))
def test_a_short_seizure_has_one_window_about_its_middle(onset_s: float, lasts_s: float) -> None:
    found = label(recording(0, 200, events=[(onset_s, lasts_s, "sz_gen_nm")]))
    assert len(found) == 1
    start_s = found.windows.start_s[0]
    assert 0 <= start_s <= 196
    ideal_s = np.clip(onset_s + lasts_s / 2 - 2, 0, 196)
    assert start_s == pytest.approx(ideal_s, abs=0.03)


def test_a_type_that_says_little_allows_several_classes() -> None:
    kinds = ["sz_foc_ia", "sz_gen", "sz", "sz_gen_nm_typical"]
    events = [(100.0 * (k + 1), 4.0, kind) for k, kind in enumerate(kinds)]
    found = label(recording(0, 600, events=events))
    assert found.possible is not None
    assert found.possible.astype(int).tolist() == [[1, 0, 0], [0, 1, 1], [1, 1, 1], [0, 0, 1]]
    assert found.truth.tolist() == [0, -1, -1, 2]
    assert found.counts(3).tolist() == [1, 0, 1]
    assert found.known().truth.tolist() == [0, 2]
    assert len(found.known().units) == 2


def test_weights_are_alike_for_classes_and_for_the_events_in_them() -> None:
    """A long event must not outweigh a short one, nor a frequent class a rare one."""
    events = [(50.0, 100.0, "sz_foc"), (200.0, 4.0, "sz_foc"), (300.0, 8.0, "sz_gen_m")]
    found = label(recording(0, 600, events=[*events, (400.0, 4.0, "sz")]))
    weights = found.balanced(3)
    by_unit = np.bincount(found.unit, weights=weights)
    np.testing.assert_allclose(by_unit, [0.5, 0.5, 1.0, 0.0])


def test_what_is_no_class_is_left_out_and_counted() -> None:
    task = TYPES.model_copy(update={"classes": ("sz_foc_a", "sz_gen")})
    events = [(10.0, 8.0, "sz_foc_a"), (30.0, 8.0, "sz_foc_ia"), (50.0, 8.0, "bckg")]
    found = label(
        recording(0, 80, events=events), recording(1, 3, events=[(0.0, 2.0, "sz")]), task=task
    )
    assert len(found.units) == 1
    assert found.left_out == {
        "events of another type": 1,
        "events in recordings shorter than a window": 1,
    }


def test_a_seizure_that_is_written_down_twice_is_one() -> None:
    events = [Event(10, 20, "sz"), Event(12, 30, "sz_foc_ia"), Event(50, 5, "sz_gen")]
    kept, torn = one_at_a_time(events)
    assert torn == 0
    assert [(e.onset_s, e.duration_s, e.type) for e in kept] == [
        (10, 32, "sz_foc_ia"),
        (50, 5, "sz_gen"),
    ]


def test_events_that_overlap_and_contradict_each_other_are_refused_with_their_number() -> None:
    one = recording(0, 100, events=[(10.0, 20.0, "sz_foc"), (20.0, 20.0, "sz_gen_m")])
    other = recording(1, 100, events=[(10.0, 20.0, "sz_foc"), (30.0, 20.0, "sz_gen_m")])
    label(other)
    with pytest.raises(InputError, match=r"1 event\(s\) overlap.*each seizure once"):
        label(one, other)


def test_recordings_without_such_an_event_are_refused() -> None:
    with pytest.raises(InputError, match="no event of its classes"):
        label(recording(0, 100), recording(1, 100, events=[(0.0, 9.0, "bckg")]))


def test_a_class_that_training_lacks_is_named_and_validation_may_lack_one() -> None:
    some = label(recording(0, 100, events=[(10.0, 8.0, "sz_foc"), (50.0, 8.0, "sz_gen_m")]))
    require_classes(some, TYPES, "val")
    with pytest.raises(InputError, match=r"split train.*none of class sz_gen_nm"):
        require_classes(some, TYPES, "train")


def test_permuted_types_go_to_other_events_as_a_whole() -> None:
    events = [
        (20.0 * k + 5, 9.0, ("sz_foc", "sz_gen_m", "sz_gen_nm", "sz")[k % 4]) for k in range(24)
    ]
    permuted = TYPES.model_copy(update={"permute_labels": True})
    plain, mixed = (
        label(recording(0, 600, events=events)),
        label(recording(0, 600, events=events), task=permuted),
    )
    assert plain.possible is not None
    assert mixed.possible is not None
    kinds = [key.kind for key in mixed.units]
    assert sorted(kinds) == sorted(key.kind for key in plain.units)
    assert kinds != [key.kind for key in plain.units]
    for k, kind in enumerate(kinds):
        source = [key.kind for key in plain.units].index(kind)
        np.testing.assert_array_equal(
            mixed.possible[mixed.unit == k][0], plain.possible[plain.unit == source][0]
        )
        assert len(set(mixed.truth[mixed.unit == k].tolist())) == 1


@pytest.mark.parametrize("name", ["seizure-type", "seizure-type-tusz"])
def test_the_presets_are_hierarchies(name: str) -> None:
    assert read_task(name, {}).types


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"classes": ("sz_foc", "sz_foc_ia")}, "holds another class"),
        ({"classes": ("sz_foc", "spsw")}, "none of event_types"),
        ({"target": "number", "classes": ()}, "no numbers"),
        ({"unit": "patient"}, "a table labels the rest"),
        ({"unit": "second", "classes": ("a", "b"), "window_s": 2.5}, "whole seconds"),
    ],
)
def test_tasks_that_mean_nothing_are_refused(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        TaskConfig.model_validate(TYPES.model_dump() | given)

"""A window is what happens in it, also in the middle of a long seizure."""

import numpy as np
import pytest
from corpora import corpus, recording
from hypothesis import given
from hypothesis import strategies as st

from eegssl.corpus.ictal import overlap_share, positive_spans
from eegssl.corpus.label_table import Label
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.store import Recording
from eegssl.errors import InputError
from eegssl.io.labels.event_types import Event
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.data import labelled_windows, require_classes

SEIZURE = TaskConfig(name="t", labels="events", classes=("background", "seizure"))
TABLE = TaskConfig(name="t", labels="table", classes=("rest", "sums", "odd"), table="given")
SPANS = st.lists(st.tuples(st.floats(0, 90), st.floats(0.1, 40)), max_size=5)


def label(
    *recordings: Recording,
    task: TaskConfig = SEIZURE,
    table: dict[str, str] | None = None,
    seed: int = 0,
) -> LabelledWindows:
    labels = None if table is None else [Label(id_, text) for id_, text in table.items()]
    return labelled_windows(corpus(*recordings), recordings, task, labels, seed=seed)


def test_windows_inside_a_long_seizure_are_positive() -> None:
    """BIOT's script and its copies look for onsets and ends alone: 2 windows of these 26."""
    one = recording(0, 120, events=[(10.0, 100.0, "sz")])
    truth = label(one).truth
    starts = np.arange(0, 120, 4)
    np.testing.assert_array_equal(truth, (starts + 2 >= 10) & (starts + 2 <= 110))
    assert truth.sum() == 26


@pytest.mark.parametrize(
    ("onset_s", "duration_s", "min_overlap", "positive"),
    [
        (4.0, 4.0, 1.0, True),
        (4.0, 3.99, 1.0, False),
        (4.0, 2.0, 0.5, True),
        (4.0, 1.9, 0.5, False),
        (6.0, 90.0, 0.5, True),
        (6.1, 90.0, 0.5, False),
        (5.0, 0.1, 0.01, True),
    ],
)
def test_the_share_of_overlap_decides(
    onset_s: float, duration_s: float, min_overlap: float, positive: bool
) -> None:
    one = recording(0, 100, events=[(onset_s, duration_s, "sz")])
    task = SEIZURE.model_copy(update={"min_overlap": min_overlap})
    assert bool(label(one, task=task).truth[1]) == positive


@pytest.mark.parametrize(
    ("kind", "positive"),
    [("sz", 1), ("sz_foc_ia", 1), ("sz_gen_nm_typical", 1), ("bckg", 0), ("szx", 0), ("impd", 0)],
)
def test_every_kind_of_seizure_counts_and_nothing_else(kind: str, positive: int) -> None:
    one = recording(0, 8, events=[(0.0, 8.0, kind)])
    assert label(one).truth.tolist() == [positive, positive]


@given(SPANS, st.floats(0.5, 10))
def test_overlap_is_that_of_a_fine_grid(spans: list[tuple[float, float]], window_s: float) -> None:
    events = [Event(onset, duration, "sz") for onset, duration in spans]
    merged = positive_spans(events, ["sz"])
    start_s = np.arange(0, 120, 3.7)
    got = overlap_share(start_s, window_s, merged)
    fine = (np.arange(2000) + 0.5) / 2000 * window_s
    times = start_s[:, None] + fine
    inside = np.zeros(times.shape, dtype=bool)
    for onset, duration in spans:
        inside |= (times >= onset) & (times < onset + duration)
    np.testing.assert_allclose(got, inside.mean(axis=1), atol=0.01)
    assert ((got >= 0) & (got <= 1 + 1e-9)).all()


@given(SPANS)
def test_spans_are_disjoint_and_in_order(spans: list[tuple[float, float]]) -> None:
    merged = positive_spans([Event(a, b, "sz") for a, b in spans], ["sz"])
    assert merged.shape[1] == 2
    assert (merged[:, 0] < merged[:, 1]).all()
    assert (merged[1:, 0] > merged[:-1, 1]).all()


def test_two_events_at_once_count_once() -> None:
    one = recording(0, 8, events=[(0.0, 1.5, "sz"), (0.5, 1.0, "sz_foc")])
    assert label(one).truth.tolist() == [0, 0]


def test_labels_by_recording_follow_their_recording() -> None:
    held = [recording(k, 8 + 4 * k) for k in range(3)]
    found = label(*held, task=TABLE, table={"r-000": "rest", "r-001": "sums", "r-002": "odd"})
    assert found.truth.tolist() == [0] * 2 + [1] * 3 + [2] * 4


@pytest.mark.parametrize("short", [0, 1, 2])
def test_labels_by_recording_follow_it_past_one_too_short_for_a_window(short: int) -> None:
    held = [recording(k, 2 if k == short else 8) for k in range(4)]
    names = ("rest", "sums", "odd", "sums")
    found = label(*held, task=TABLE, table={f"r-{k:03d}": names[k] for k in range(4)})
    owners = [found.windows.recordings[k].id for k in found.windows.owner]
    wanted = [TABLE.classes.index(names[int(id_[2:])]) for id_ in owners]
    assert f"r-{short:03d}" not in owners
    assert found.truth.tolist() == wanted


@pytest.mark.parametrize("short", [0, 1])
def test_labels_by_events_follow_their_recording_past_one_too_short(short: int) -> None:
    held = [
        recording(k, 2 if k == short else 8, events=[(0.0, 8.0, "sz")] if k == 2 else [])
        for k in range(3)
    ]
    found = label(*held)
    owners = np.array([found.windows.recordings[k].id for k in found.windows.owner])
    np.testing.assert_array_equal(found.truth, owners == "r-002")


def test_recordings_without_a_label_are_left_out() -> None:
    held = [recording(k, 8) for k in range(3)]
    found = label(*held, task=TABLE, table={"r-000": "rest", "r-002": "sums"})
    assert [r.id for r in found.windows.recordings] == ["r-000", "r-002"]
    assert found.truth.tolist() == [0, 0, 1, 1]


def test_labels_that_are_missing_or_of_no_class_are_refused() -> None:
    one = recording(0, 8)
    with pytest.raises(InputError, match="none of the 1 recordings of split train"):
        label(one, task=TABLE, table={"r-009": "rest"})
    with pytest.raises(InputError, match=r"1 label.*rest, sums, odd"):
        label(one, task=TABLE, table={"r-000": "sleep"})


def test_a_split_without_a_class_is_refused_with_its_name() -> None:
    found = label(recording(0, 8))
    with pytest.raises(InputError, match="split val has 2 windows and none of class seizure"):
        require_classes(found, SEIZURE, "val")
    require_classes(label(recording(0, 8, events=[(0.0, 4.0, "sz")])), SEIZURE, "val")


@given(st.integers(0, 1000))
def test_permuted_labels_are_the_same_labels_elsewhere(seed: int) -> None:
    held = [recording(0, 200, events=[(20.0, 60.0, "sz")])]
    permuted = SEIZURE.model_copy(update={"permute_labels": True})
    plain, mixed = label(*held), label(*held, task=permuted, seed=seed)
    assert mixed.truth.sum() == plain.truth.sum()
    assert mixed.truth.tolist() != plain.truth.tolist()
    np.testing.assert_array_equal(mixed.truth, label(*held, task=permuted, seed=seed).truth)

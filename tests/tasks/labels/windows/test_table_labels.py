"""A table's labels go to the windows that it means, and to no others."""

import numpy as np
import pytest
from corpora import corpus, recording
from hypothesis import given
from hypothesis import strategies as st

from eegssl.corpus.label_table import Label
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.number_scale import NumberScale
from eegssl.corpus.store import Recording
from eegssl.errors import InputError
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.data import labelled_windows, require_classes


def task(unit: str, **more: object) -> TaskConfig:
    given = {"name": "t", "labels": "table", "table": "given", "unit": unit}
    classes = {} if more.get("target") == "number" else {"classes": ("rest", "sums")}
    return TaskConfig.model_validate(given | classes | more)


def label(held: list[Recording], task: TaskConfig, *labels: Label) -> LabelledWindows:
    return labelled_windows(corpus(*held), held, task, labels, seed=0)


SUMS = Label("r-000", "sums", 10.0, 8.0)
REST = Label("r-000", "rest", 30.0, 10.0)


def test_windows_take_the_stretch_that_enough_of_them_lies_in() -> None:
    found = label([recording(0, 60)], task("window"), SUMS, REST)
    assert found.windows.start_s.tolist() == [8, 12, 16, 28, 32, 36]
    assert found.truth.tolist() == [1, 1, 1, 0, 0, 0]
    assert found.units == ()
    strict = label([recording(0, 60)], task("window", min_overlap=1.0), SUMS, REST)
    assert strict.windows.start_s.tolist() == [12, 32, 36]


def test_a_window_that_two_stretches_share_has_the_earlier_label() -> None:
    ends_and_begins = (Label("r-000", "sums", 0.0, 6.0), Label("r-000", "rest", 6.0, 6.0))
    assert label([recording(0, 12)], task("window"), *ends_and_begins).truth.tolist() == [1, 1, 0]


def test_seconds_without_a_label_are_unknown_and_not_the_first_class() -> None:
    found = label([recording(0, 60)], task("second", window_s=10.0), SUMS, REST)
    assert found.windows.start_s.tolist() == [10, 30]
    assert found.truth.tolist() == [[1] * 8 + [-1] * 2, [0] * 10]
    assert found.counts(2).tolist() == [10, 8]
    shares = found.balanced(2)
    assert shares[0] == pytest.approx(8 / 8 / 10)
    assert shares[1] == pytest.approx(10 / 10 / 10)


def test_a_label_without_times_is_for_the_whole_recording() -> None:
    found = label([recording(0, 20)], task("window"), Label("r-000", "sums"))
    assert found.truth.tolist() == [1] * 5


def test_patients_have_the_windows_of_all_their_recordings() -> None:
    one, two = recording(0, 8), recording(1, 12)
    same = Recording(**vars(two) | {"subject": one.subject})
    found = label(
        [one, same, recording(2, 8)],
        task("patient"),
        Label("r-000", "sums"),
        Label("r-001", "sums"),
        Label("r-002", "rest"),
    )
    assert found.unit.tolist() == [0] * 5 + [1] * 2
    assert [key.subject for key in found.units] == ["s-000", "s-002"]
    assert found.units[0].duration_s == 20
    assert np.bincount(found.unit_truth, minlength=2).tolist() == [1, 1]
    torn = (Label("r-000", "sums"), Label("r-001", "rest"))
    with pytest.raises(InputError, match="1 of 1 subjects have several labels"):
        label([one, same], task("patient"), *torn)


def test_rows_that_no_window_can_come_from_are_counted() -> None:
    held = [recording(0, 60), recording(1, 3)]
    rows = (SUMS, Label("r-000", "rest", 70.0, 5.0), Label("r-001", "rest", 0.0, 2.0))
    assert label(held, task("event"), *rows).left_out == {
        "rows that begin after their recording ends": 1,
        "rows for recordings shorter than a window": 1,
    }
    beyond = Label("r-000", "rest", 50.0, 30.0)
    rounded = Label("r-000", "sums", 10.0, 50.5)
    cut = {"ends of rows beyond the end of their recording": 1}
    assert label(held, task("event"), beyond).left_out == cut
    assert label(held, task("event"), rounded).left_out == {}
    with pytest.raises(InputError, match="no row of the labels table can be used"):
        label(held, task("event"), *rows[1:])
    with pytest.raises(InputError, match="shorter windows"):
        label(held, task("window"), Label("r-000", "rest", 3.5, 1.0))


def test_labels_of_other_splits_are_looked_at_too_since_a_model_stores_them() -> None:
    held = [recording(0, 8), recording(1, 8)]
    rows = (Label("r-000", "sums"), Label("r-001", "Jane Doe"))
    with pytest.raises(InputError, match="no class") as caught:
        labelled_windows(corpus(*held), held[:1], task("recording"), rows, seed=0)
    assert "Doe" not in str(caught.value)


def test_labels_that_are_no_class_say_how_many_rows_and_what_to_do() -> None:
    held = [recording(k, 8) for k in range(3)]
    rows = (Label("r-000", "sums"), Label("r-001", "Jane Doe"), Label("r-002", "Jane Doe"))
    with pytest.raises(InputError, match=r"2 of 3 rows.* 1 label\(s\).*add .*`classes`.*mend"):
        label(held, task("recording"), *rows)


def test_a_split_without_a_label_is_not_said_to_be_the_whole() -> None:
    held = [recording(0, 8), recording(1, 8, split="val"), recording(2, 8, split="val")]
    with pytest.raises(InputError, match="none of the 2 recordings of split val"):
        labelled_windows(
            corpus(*held), held[1:], task("recording"), [Label("r-000", "sums")], seed=0
        )


NUMBERS = task("recording", target="number")


@pytest.mark.parametrize("text", ["", "nan", "inf", "-inf", "1,5", "1e999", "calm"])
def test_what_is_no_finite_number_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="1 of 2 labels are no finite number"):
        label(
            [recording(0, 8), recording(1, 8)], NUMBERS, Label("r-000", "1.5"), Label("r-001", text)
        )


def test_numbers_are_learned_on_their_own_scale_each_unit_counting_once() -> None:
    held = [recording(0, 8), recording(1, 400)]
    found = label(held, NUMBERS, Label("r-000", "10"), Label("r-001", "30"))
    scale = NumberScale.of(found)
    assert (scale.mean, scale.sd) == (20, 10)
    np.testing.assert_allclose(scale.unscaled(scale.scaled(found.truth)), found.truth)
    weights = found.balanced(0)
    assert weights[found.unit == 0].sum() == pytest.approx(weights[found.unit == 1].sum())
    require_classes(found, NUMBERS, "train")
    with pytest.raises(InputError, match="fewer than two different numbers"):
        require_classes(label(held[:1], NUMBERS, Label("r-000", "10")), NUMBERS, "train")
    assert NumberScale.of(label(held[:1], NUMBERS, Label("r-000", "10"))).sd == 1


@given(st.lists(st.floats(-5, 5), min_size=7, max_size=7))
def test_a_unit_says_the_mean_of_its_windows(values: list[float]) -> None:
    held = [recording(0, 8), recording(1, 20)]
    found = label(held, task("recording"), Label("r-000", "rest"), Label("r-001", "sums"))
    got = found.by_unit(np.array(values)[:, None])
    np.testing.assert_allclose(got[:, 0], [np.mean(values[:2]), np.mean(values[2:])], atol=1e-12)
    assert found.unit_truth.tolist() == [0, 1]


def test_a_subset_keeps_units_and_windows_together() -> None:
    held = [recording(k, 8) for k in range(3)]
    rows = [Label(f"r-{k:03d}", "sums" if k else "rest") for k in range(3)]
    some = label(held, task("recording"), *rows).subset(np.array([0, 5, 4]))
    assert [some.units[k].id for k in some.unit] == ["r-000", "r-002", "r-002"]
    assert some.truth.tolist() == [0, 1, 1]
    assert some.unit_truth.tolist() == [0, 1]


def test_a_system_that_says_one_thing_of_all_says_it_of_every_unit() -> None:
    """A mean of equal numbers must not depend on how many they are, in its last digit either."""
    held = [recording(k, 8 + 4 * k) for k in range(40)]
    rows = [Label(f"r-{k:03d}", "sums" if k % 2 else "rest") for k in range(40)]
    found = label(held, task("recording"), *rows)
    said = np.tile([0.1 + 0.2, 0.7], (len(found), 1))
    assert len(np.unique(found.by_unit(said), axis=0)) == 1

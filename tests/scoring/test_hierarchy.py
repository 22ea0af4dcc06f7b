"""A seizure's type says as much as it says: no less, and nothing that was not known_part."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegssl.io.labels.event_types import SEIZURE_TYPES
from eegssl.scoring.hierarchy import (
    UNKNOWN,
    class_of,
    group_probabilities,
    group_truth,
    known_part,
    levels,
    possible_classes,
)

CLASSES = ("sz_foc_a", "sz_foc_ia", "sz_gen_m_tonic", "sz_gen_m_tonicClonic", "sz_gen_nm")
TYPES = st.sampled_from(SEIZURE_TYPES)


@pytest.mark.parametrize(
    ("kind", "possible"),
    [
        ("sz_foc_a", [1, 0, 0, 0, 0]),
        ("sz_foc_ia_m_automatisms", [0, 1, 0, 0, 0]),
        ("sz_gen_m_tonic", [0, 0, 1, 0, 0]),
        ("sz_gen_m_tonicClonic", [0, 0, 0, 1, 0]),
        ("sz", [1, 1, 1, 1, 1]),
        ("sz_foc", [1, 1, 0, 0, 0]),
        ("sz_gen", [0, 0, 1, 1, 1]),
        ("sz_gen_m", [0, 0, 1, 1, 0]),
        ("sz_foc_ua", [1, 1, 0, 0, 0]),  # awareness unknown: focal, either way
        (
            "sz_foc_f2b",
            [1, 1, 0, 0, 0],
        ),  # to bilateral: focal, and nothing is known_part of awareness
        ("sz_uo_m_tonicClonic", [1, 1, 1, 1, 1]),  # onset unknown: perhaps focal
        ("sz_uc", [1, 1, 1, 1, 1]),
        ("sz_gen_m_myoclonic", [0, 0, 0, 0, 0]),  # known, and no class of this task
        ("sz_gen_nm_typical", [0, 0, 0, 0, 1]),
        ("bckg", [0, 0, 0, 0, 0]),
    ],
)
def test_a_type_allows_the_classes_that_it_does_not_rule_out(
    kind: str, possible: list[int]
) -> None:
    assert possible_classes(kind, CLASSES).astype(int).tolist() == possible
    assert class_of(kind, CLASSES) == (possible.index(1) if sum(possible) == 1 else UNKNOWN)


def test_one_name_beginning_another_is_not_enough() -> None:
    """tonic is no kind of tonicClonic: parts of a name count, not letters."""
    assert class_of("sz_gen_m_tonicClonic", ("sz_gen_m_tonic", "sz_foc")) == UNKNOWN


def test_a_class_may_be_what_is_unspecified() -> None:
    classes = ("sz_foc_f2b", "sz_foc_a", "sz_uo")
    assert class_of("sz_foc_f2b", classes) == 0
    assert class_of("sz_uo_m_tonicClonic", classes) == 2


@given(TYPES)
def test_what_is_said_is_the_type_or_above_it(kind: str) -> None:
    assert kind == known_part(kind) or kind.startswith(f"{known_part(kind)}_")
    assert known_part(known_part(kind)) == known_part(kind)


@given(TYPES)
def test_what_decides_a_class_decides_all_levels_above(kind: str) -> None:
    if class_of(kind, CLASSES) == UNKNOWN:
        return
    for groups in levels(CLASSES).values():
        assert group_truth([kind], groups)[0] != UNKNOWN


def test_levels_go_from_coarse_to_fine_and_name_no_grouping_twice() -> None:
    found = levels(CLASSES)
    assert list(found) == ["onset", "level 3", "type"]
    assert found["onset"] == ("sz_foc", "sz_gen")
    assert found["level 3"] == ("sz_foc_a", "sz_foc_ia", "sz_gen_m", "sz_gen_nm")
    assert found["type"] == CLASSES
    assert list(levels(("sz_foc", "sz_gen"))) == ["type"]
    assert list(levels(("sz_gen_m", "sz_gen_nm"))) == ["type"]


def test_a_label_that_says_little_counts_at_the_levels_where_it_says_something() -> None:
    kinds = ["sz", "sz_gen", "sz_gen_m", "sz_gen_m_tonic"]
    truths = {name: group_truth(kinds, groups).tolist() for name, groups in levels(CLASSES).items()}
    assert truths == {"onset": [-1, 1, 1, 1], "level 3": [-1, -1, 2, 2], "type": [-1, -1, -1, 2]}


@given(st.lists(st.floats(0.01, 1), min_size=5, max_size=5))
def test_a_group_is_as_probable_as_its_classes_together(weights: list[float]) -> None:
    p = np.array([weights]) / sum(weights)
    onset = group_probabilities(p, CLASSES, ("sz_foc", "sz_gen"))
    np.testing.assert_allclose(onset[0], [p[0, :2].sum(), p[0, 2:].sum()])
    np.testing.assert_allclose(group_probabilities(p, CLASSES, CLASSES), p)

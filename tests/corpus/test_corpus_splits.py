"""Subjects are split once: each in one split, none empty, the same for the same seed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from eegssl.corpus.config import SplitsConfig
from eegssl.corpus.splits import SPLITS, SplitUnit, assign, by_folders, check_given, complete
from eegssl.errors import ConfigError, InputError

UNITS = st.lists(
    st.builds(SplitUnit, st.text("abcdef0123456789", min_size=1, max_size=6), st.booleans()),
    min_size=3,
    max_size=40,
    unique_by=lambda unit: unit.name,
)
SHARES = st.floats(0.05, 0.49)
SEEDS = st.integers(0, 2**31 - 1)


@given(UNITS, SHARES, SHARES, SEEDS)
def test_every_unit_is_in_one_split_and_no_split_is_empty(
    units: list[SplitUnit], val: float, test: float, seed: int
) -> None:
    found = assign(units, SplitsConfig(val=val, test=test), seed)
    assert set(found) == {unit.name for unit in units}
    assert set(found.values()) == set(SPLITS)


@given(UNITS, SEEDS)
def test_the_shares_are_met_as_nearly_as_whole_units_allow(
    units: list[SplitUnit], seed: int
) -> None:
    config = SplitsConfig(val=0.2, test=0.3)
    found = list(assign(units, config, seed).values())
    for name, share in (("val", 0.2), ("test", 0.3)):
        assert found.count(name) == max(1, round(share * len(units)))


@given(UNITS, SEEDS, st.randoms(use_true_random=False))
def test_the_order_in_which_units_come_does_not_matter(
    units: list[SplitUnit], seed: int, shuffle: object
) -> None:
    config = SplitsConfig()
    mixed = list(units)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    assert assign(mixed, config, seed) == assign(units, config, seed)


def test_another_seed_is_another_split() -> None:
    units = [SplitUnit(f"s{k}", k % 2 == 0) for k in range(20)]
    found = {tuple(sorted(assign(units, SplitsConfig(), seed).items())) for seed in range(10)}
    assert len(found) == 10


@given(UNITS, st.data(), SEEDS)
def test_folds_partition_the_units(units: list[SplitUnit], data: st.DataObject, seed: int) -> None:
    folds = data.draw(st.integers(3, len(units)))
    tested: list[str] = []
    validated: list[str] = []
    for fold in range(folds):
        found = assign(units, SplitsConfig(folds=folds, fold=fold), seed)
        assert set(found) == {unit.name for unit in units}
        assert set(found.values()) == set(SPLITS)
        tested += [name for name, split in found.items() if split == "test"]
        validated += [name for name, split in found.items() if split == "val"]
    names = sorted(unit.name for unit in units)
    assert sorted(tested) == names
    assert sorted(validated) == names


@given(UNITS, st.data(), SEEDS)
def test_folds_are_equally_large(units: list[SplitUnit], data: st.DataObject, seed: int) -> None:
    folds = data.draw(st.integers(3, len(units)))
    sizes = []
    for fold in range(folds):
        found = assign(units, SplitsConfig(folds=folds, fold=fold), seed)
        sizes.append(list(found.values()).count("test"))
    assert max(sizes) - min(sizes) <= 1


@given(st.integers(0, 20), st.integers(0, 20), st.integers(3, 8), SEEDS)
def test_units_with_seizures_are_dealt_evenly_over_the_folds(
    marked: int, calm: int, folds: int, seed: int
) -> None:
    """Else a fold tests or validates on nobody with a seizure, and a task can't be scored on it."""
    units = [SplitUnit(f"m{k}", True) for k in range(marked)]
    units += [SplitUnit(f"c{k}", False) for k in range(max(calm, folds - marked))]
    counts = []
    for fold in range(folds):
        found = assign(units, SplitsConfig(folds=folds, fold=fold), seed)
        tested = [name for name, split in found.items() if split == "test"]
        counts.append(sum(name.startswith("m") for name in tested))
    assert max(counts) - min(counts) <= 1


@given(st.integers(3, 20), st.integers(0, 20), SEEDS)
def test_every_split_has_a_unit_with_seizures_where_three_have_them(
    marked: int, calm: int, seed: int
) -> None:
    units = [SplitUnit(f"m{k}", True) for k in range(marked)]
    units += [SplitUnit(f"c{k}", False) for k in range(calm)]
    found = assign(units, SplitsConfig(), seed)
    assert {split for name, split in found.items() if name.startswith("m")} == set(SPLITS)


@pytest.mark.parametrize("n", range(3))
def test_fewer_units_than_splits_are_refused_with_what_to_do(n: int) -> None:
    with pytest.raises(InputError) as caught:
        assign([SplitUnit(f"s{k}", True) for k in range(n)], SplitsConfig(), 0)
    for way in (f"{n} subject(s)", "more subjects", "splits.file", "splits.by=recording"):
        assert way in str(caught.value)


def test_fewer_units_than_folds_are_refused() -> None:
    with pytest.raises(InputError, match="4 subject"):
        assign([SplitUnit(f"s{k}", True) for k in range(4)], SplitsConfig(folds=5), 0)


def test_a_fold_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="fold 5 of 5"):
        SplitsConfig(folds=5, fold=5)
    with pytest.raises(ValueError, match="fold 1 of 1"):
        SplitsConfig(fold=1)


def test_a_table_of_the_user_is_taken_as_it_is_and_checked() -> None:
    table = {"a": "train", "b": "test", "c": "val", "stranger": "val"}
    assert check_given(table, ["c", "a", "b"], "subject") == {"a": "train", "b": "test", "c": "val"}
    with pytest.raises(InputError, match="1 subject"):
        check_given(table, ["a", "d"], "subject")
    with pytest.raises(InputError, match="1 of 1 subjects have another split"):
        check_given({"a": "dev"}, ["a"], "subject")


OFFICIAL = {"train": "train", "dev": "val", "eval": "test"}


def test_official_splits_are_those_of_the_folders_in_any_case() -> None:
    pairs = [("a", "Train/a/x.edf"), ("b", "edf/dev/b/x.edf"), ("c", "eval/c.edf")]
    assert by_folders(pairs, OFFICIAL) == {"a": "train", "b": "val", "c": "test"}


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        ([("a", "train/a.edf"), ("a", "eval/a.edf")], "two splits"),
        ([("a", "other/a.edf")], "no folder"),
        ([("a", "train/eval/a.edf")], "several splits"),
        ([("a", "train.edf")], "no folder"),
    ],
)
def test_folders_that_leave_a_split_open_are_refused(
    pairs: list[tuple[str, str]], why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        by_folders(pairs, OFFICIAL)


@given(UNITS.filter(lambda units: len(units) >= 5), SEEDS)
def test_a_split_without_a_folder_is_drawn_from_train_alone(
    units: list[SplitUnit], seed: int
) -> None:
    given_splits = {unit.name: "test" if k == 0 else "train" for k, unit in enumerate(units)}
    found = complete(given_splits, units, SplitsConfig(val=0.25), seed)
    assert [name for name, split in found.items() if split == "test"] == [units[0].name]
    n_val = list(found.values()).count("val")
    assert n_val == max(1, round(0.25 * (len(units) - 1)))
    assert set(found) == set(given_splits)


def test_too_few_to_draw_a_split_from_is_refused() -> None:
    units = [SplitUnit("a", True), SplitUnit("b", False)]
    with pytest.raises(InputError, match="too few to draw val"):
        complete({"a": "train", "b": "test"}, units, SplitsConfig(), 0)


def test_folds_folders_and_a_file_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="exclude each other"):
        SplitsConfig(folders=OFFICIAL, folds=5)


def test_a_cell_of_the_splits_file_is_not_repeated() -> None:
    """With its columns swapped it is somebody's name."""
    table = {"s-1": "Zqsplitword", "s-2": "train", "s-3": ""}
    with pytest.raises(InputError, match="2 of 3 subjects have another split") as caught:
        check_given(table, ["s-1", "s-2", "s-3"], "subject")
    assert "Zqsplitword" not in str(caught.value)

"""By hash each subject is where its id and the seed put it, whoever else is there."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from eegssl.corpus.config import SplitsConfig
from eegssl.corpus.splits import (
    SPLITS,
    SplitUnit,
    assign,
    complete,
    place_by_hash,
    shares_by_hash,
    split_by_hash,
)

NAMES = st.lists(st.text("abcdef0123456789", min_size=1, max_size=6), max_size=30, unique=True)
SEEDS = st.integers(0, 2**63 - 1)
CONFIGS = st.one_of(
    st.builds(
        SplitsConfig,
        assign=st.just("hash"),
        val=st.floats(0.05, 0.49),
        test=st.floats(0.05, 0.49),
    ),
    st.integers(3, 8).flatmap(
        lambda n: st.builds(
            SplitsConfig, assign=st.just("hash"), folds=st.just(n), fold=st.integers(0, n - 1)
        )
    ),
)


def units(names: list[str], marked: bool = False) -> list[SplitUnit]:
    return [SplitUnit(name, marked) for name in names]


@given(NAMES, NAMES, CONFIGS, SEEDS)
def test_who_comes_and_who_goes_moves_nobody(
    some: list[str], others: list[str], config: SplitsConfig, seed: int
) -> None:
    alone = assign(units(some), config, seed)
    together = assign(units(list({*some, *others}), marked=True), config, seed)
    assert {name: together[name] for name in some} == alone
    assert set(together) == {*some, *others}


def test_one_seed_gives_one_side_in_every_process() -> None:
    """By the first 48 bits of ``printf 'split 7 sub-a1' | sha256sum``."""
    bits = int("b72799d61e1c", 16)
    assert place_by_hash("sub-a1", 7) == bits / 2**48
    code = "from eegssl.corpus.splits import place_by_hash as p; print(repr(p('sub-a1', 7)))"
    for salt in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": salt, "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            check=True,
            text=True,
        )
        assert float(ran.stdout) == bits / 2**48


@pytest.mark.parametrize(
    "config",
    [
        SplitsConfig(assign="hash", val=0.1, test=0.25),
        SplitsConfig(assign="hash", folds=7, fold=3),
    ],
)
def test_shares_of_ten_thousand_are_those_asked_for_within_chance(config: SplitsConfig) -> None:
    """Within four standard deviations of a binomial, for each of five seeds."""
    names = [f"{k:032x}" for k in range(10_000)]
    for seed in range(5):
        splits = list(assign(units(names), config, seed).values())
        for split, share in shares_by_hash(config).items():
            bound = 4 * math.sqrt(len(names) * share * (1 - share))
            assert abs(splits.count(split) - share * len(names)) < bound


def test_sides_of_two_seeds_have_nothing_to_do_with_each_other() -> None:
    config = SplitsConfig(assign="hash", val=0.25, test=0.25)
    names = [f"{k:032x}" for k in range(10_000)]
    first, second = (assign(units(names), config, seed) for seed in (0, 1))
    both = sum(first[name] == second[name] == "test" for name in names)
    assert abs(both - 10_000 / 16) < 4 * math.sqrt(10_000 / 16 * 15 / 16)


@given(NAMES, SEEDS)
def test_another_share_of_test_moves_nobody_into_or_out_of_val(names: list[str], seed: int) -> None:
    less, more = (SplitsConfig(assign="hash", val=0.2, test=test) for test in (0.1, 0.3))
    for name in names:
        moved = {split_by_hash(name, less, seed), split_by_hash(name, more, seed)}
        assert len(moved) == 1 or moved == {"train", "test"}


@given(NAMES, st.integers(3, 8), SEEDS)
def test_every_subject_is_tested_in_one_fold_and_validates_in_one(
    names: list[str], folds: int, seed: int
) -> None:
    for name in names:
        sides = [
            split_by_hash(name, SplitsConfig(assign="hash", folds=folds, fold=fold), seed)
            for fold in range(folds)
        ]
        assert sorted(sides) == sorted(["test", "val", *["train"] * (folds - 2)])


@given(NAMES, NAMES, SEEDS)
def test_official_splits_stay_and_the_rest_is_drawn_by_hash(
    some: list[str], others: list[str], seed: int
) -> None:
    folders = {"train": "train", "eval": "test"}
    config = SplitsConfig(assign="hash", folders=folders, val=0.3)
    official = {name: "test" if name in others else "train" for name in {*some, *others}}
    found = complete(official, units(list(official)), config, seed)
    for name, split in found.items():
        assert split in SPLITS
        assert (split == "test") == (official[name] == "test")
        assert (split == "val") == (
            official[name] == "train" and split_by_hash(name, config, seed) == "val"
        )
    alone = complete({n: official[n] for n in some}, units(some), config, seed)
    assert alone == {name: found[name] for name in some}


@pytest.mark.parametrize("other", [{"file": "splits.tsv"}, {"all": "test"}])
def test_a_hash_beside_given_splits_is_refused(other: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="assign hash"):
        SplitsConfig(assign="hash", **other)

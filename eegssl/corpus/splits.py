"""Who trains, who validates, who tests: decided once, by subject, from a seed.

By recording only when asked for: then a subject's data is on both sides, and every result made
from it says *within-subject*.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eegssl.corpus.config import SplitsConfig
from eegssl.errors import InputError

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Unit:
    """What is split as a whole: a subject (or a recording); ``marked`` when it has seizures."""

    name: str
    marked: bool


def assign(units: Sequence[Unit], config: SplitsConfig, seed: int) -> dict[str, str]:
    """Assign each unit to ``train``, ``val`` or ``test``.

    Units are shuffled by ``seed``, marked ones and the others dealt out evenly. With ``folds``,
    fold ``fold`` is tested, the next one validates, and the rest trains; otherwise the
    fractions of the configuration are met as nearly as at least one unit a split allows.

    Raises InputError when there are fewer units than splits or folds.
    """
    needed = config.folds or len(SPLITS)
    if len(units) < needed:
        raise InputError(
            f"{len(units)} {config.by}(s) can't be split into {needed} parts: add recordings of "
            "more subjects, or bring your own table (--set splits.file=FILE), or split by "
            "recording (--set splits.by=recording; results are then within-subject)"
        )
    order = _interleave(units, seed)
    if config.folds:
        return {name: _split_of_fold(k, config) for k, name in enumerate(order)}
    n_test = max(1, round(config.test * len(order)))
    n_val = max(1, round(config.val * len(order)))
    if n_test + n_val >= len(order):
        n_test = n_val = 1
    step = _deal(len(order), n_test, n_val)
    return dict(zip(order, step, strict=True))


def check_given(table: Mapping[str, str], units: Collection[str], by: str) -> dict[str, str]:
    """The user's own assignment, checked: every unit has a split, train, val or test.

    Raises InputError when a unit is missing or a split has another name.
    """
    wrong = sorted({split for split in table.values() if split not in SPLITS})
    if wrong:
        raise InputError(f"the splits file has {wrong[0]!r} as a split; use train, val or test")
    missing = sorted(set(units) - set(table))
    if missing:
        raise InputError(
            f"{len(missing)} {by}(s) are not in the splits file ({missing[0]} …); list every one"
        )
    return {unit: table[unit] for unit in sorted(units)}


def _interleave(units: Sequence[Unit], seed: int) -> list[str]:
    """A seeded order in which marked units come at even distances."""
    rng = np.random.default_rng([seed, 0x5B117])
    keys: list[tuple[float, str]] = []
    for marked in (True, False):
        group = sorted(unit.name for unit in units if unit.marked == marked)
        shuffled = [group[k] for k in rng.permutation(len(group))]
        keys += [((k + 0.5) / len(group), name) for k, name in enumerate(shuffled)]
    return [name for _, name in sorted(keys)]


def _split_of_fold(position: int, config: SplitsConfig) -> str:
    assert config.folds is not None
    offset = (position - config.fold) % config.folds
    if offset == 0:
        return "test"
    return "val" if offset == 1 else "train"


def _deal(n: int, n_test: int, n_val: int) -> list[str]:
    """Splits for ``n`` ordered units, each split's members spread evenly over the order."""
    splits = ["train"] * n
    for name, count, shift in (("test", n_test, 0.0), ("val", n_val, 0.5)):
        for k in range(count):
            wanted = int((k + shift) * n / count) % n
            while splits[wanted] != "train":
                wanted = (wanted + 1) % n
            splits[wanted] = name
    return splits

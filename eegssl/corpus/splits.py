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

    Units are shuffled by ``seed``; marked ones and the others are dealt out apart, so that each
    split gets its part of both as far as there are enough. With ``folds``, fold ``fold`` is
    tested, the next one validates, and the rest trains; otherwise the fractions of the
    configuration are met as nearly as at least one unit a split allows.

    Raises InputError when there are fewer units than splits or folds.
    """
    needed = config.folds or len(SPLITS)
    if len(units) < needed:
        raise InputError(
            f"{len(units)} {config.by}(s) can't be split into {needed} parts: add recordings of "
            "more subjects, or bring your own table (--set splits.file=FILE), or split by "
            "recording (--set splits.by=recording; results are then within-subject)"
        )
    marked, others = (_shuffled(units, seed)[kind] for kind in (True, False))
    if config.folds:
        return {name: _split_of_fold(k, config) for k, name in enumerate([*marked, *others])}
    n_test = max(1, round(config.test * len(units)))
    n_val = max(1, round(config.val * len(units)))
    if n_test + n_val >= len(units):
        n_test = n_val = 1
    test, val = _marked_share(n_test, n_val, len(marked), len(others))
    splits = _dealt(marked, test, val) | _dealt(others, n_test - test, n_val - val)
    return {unit.name: splits[unit.name] for unit in units}


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


def _shuffled(units: Sequence[Unit], seed: int) -> dict[bool, list[str]]:
    """Names in a seeded order, marked ones apart from the others."""
    rng = np.random.default_rng([seed, 0x5B117])
    names = {kind: sorted(u.name for u in units if u.marked == kind) for kind in (True, False)}
    return {kind: [group[k] for k in rng.permutation(len(group))] for kind, group in names.items()}


def _split_of_fold(position: int, config: SplitsConfig) -> str:
    assert config.folds is not None
    offset = (position - config.fold) % config.folds
    if offset == 0:
        return "test"
    return "val" if offset == 1 else "train"


def _marked_share(n_test: int, n_val: int, n_marked: int, n_others: int) -> tuple[int, int]:
    """How many marked units are tested and validate: at least one each where there are three."""
    total = n_marked + n_others
    least = 1 if n_marked >= 3 else 0
    spare = n_marked - least  # what training can do without
    test = max(least, round(n_test * n_marked / total), n_test - n_others)
    test = min(test, n_test, max(spare - least, 0) if n_others else n_marked)
    val = max(least, round(n_val * n_marked / total), n_val - (n_others - (n_test - test)))
    return test, min(val, n_val, max(spare - test, 0) if n_others else n_marked)


def _dealt(names: Sequence[str], n_test: int, n_val: int) -> dict[str, str]:
    """The first names test, the next validate, the rest trains."""
    splits = ["test"] * n_test + ["val"] * n_val
    splits += ["train"] * (len(names) - len(splits))
    return dict(zip(names, splits, strict=True))

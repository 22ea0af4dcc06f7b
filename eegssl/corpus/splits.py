"""Split subjects into train, val and test, from a seed.

``splits.assign`` chooses between shares that are met and subjects that stay where they are. With
``splits.by=recording`` a subject may be in several splits, and every result is marked as
*within-subject*.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from eegssl.corpus.config import SplitsConfig
from eegssl.errors import ConfigError, InputError

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class SplitUnit:
    """A subject (or recording) that is split as a whole; ``marked`` when it has seizures."""

    name: str
    marked: bool


def assign(units: Sequence[SplitUnit], config: SplitsConfig, seed: int) -> dict[str, str]:
    """Assign each unit to ``train``, ``val`` or ``test``.

    Units are shuffled by ``seed``; marked ones and the others are drawn separately, so that each
    split gets its share of both as far as there are enough. With ``folds``, fold ``fold`` is
    tested, the next one validates, and the rest trains; otherwise the fractions of the
    configuration are met as nearly as at least one unit a split allows. With ``assign = "hash"``
    each unit is where `split_by_hash` puts it, and a split may be empty.

    Raises InputError when there are fewer units than splits or folds to deal them out to.
    """
    if config.assign == "hash":
        return {unit.name: split_by_hash(unit.name, config, seed) for unit in units}
    needed = config.folds or len(SPLITS)
    if len(units) < needed:
        raise InputError(
            f"{len(units)} {config.by}(s) can't be split into {needed} parts: if the files are of "
            "more people, say who is who (--set subjects.pattern=…); else add recordings of more "
            "subjects, or bring your own table (--set splits.file=FILE), or split by recording "
            "(--set splits.by=recording; results are then within-subject); to score or embed them "
            "and learn nothing from them, --set splits.all=test"
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


def split_by_hash(name: str, config: SplitsConfig, seed: int) -> str:
    """The split of a unit by its name and the seed alone, whoever else is there.

    `place_by_hash` tests from 0 up to the share of ``test`` and validates from 1 down to that of
    ``val``, so that another share of one of them moves units between it and training only. With
    ``folds`` it is divided into as many equal parts.
    """
    place = place_by_hash(name, seed)
    if config.folds:
        return _split_of_fold(int(place * config.folds), config)
    if place < config.test:
        return "test"
    return "val" if place >= 1 - config.val else "train"


def place_by_hash(name: str, seed: int) -> float:
    """A number in [0, 1), uniform over names: 48 bits of the SHA-256 of seed and name. Ours."""
    digest = hashlib.sha256(f"split {seed} {name}".encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def shares_by_hash(config: SplitsConfig) -> dict[str, float]:
    """Split -> share of the units that a hash puts there on average."""
    test, val = (1 / config.folds,) * 2 if config.folds else (config.test, config.val)
    return {"train": 1 - test - val, "val": val, "test": test}


def check_given(table: Mapping[str, str], units: Collection[str], by: str) -> dict[str, str]:
    """The user's own assignment, checked: every unit has a split, train, val or test.

    Raises InputError when a unit is missing or a split has another name.
    """
    wrong = sum(split not in SPLITS for split in table.values())
    if wrong:
        raise InputError(  # and never the cell: with columns swapped it is a name
            f"splits file: {wrong} of {len(table)} {by}s have another split than train, val or "
            f"test; expected one of these in the column split, and the {by} in the column {by}"
        )
    missing = sorted(set(units) - set(table))
    if missing:
        raise InputError(
            f"{len(missing)} {by}(s) are not in the splits file ({missing[0]} …); list every one"
        )
    return {unit: table[unit] for unit in sorted(units)}


def by_folders(paths: Iterable[tuple[str, str]], folders: Mapping[str, str]) -> dict[str, str]:
    """Unit -> split, from (unit, path) pairs and the folders that name splits, case apart.

    Raises ConfigError where a path lies below no such folder, or below folders of two splits, or
    a unit has paths in two splits.
    """
    splits = {name.lower(): split for name, split in folders.items()}
    split_of: dict[str, str] = {}
    for unit, path in paths:
        parts = {part.lower() for part in PurePosixPath(path).parts[:-1]}
        path_splits = {splits[part] for part in parts & set(splits)}
        if len(path_splits) != 1:
            where = "no folder" if not path_splits else "folders of several splits"
            raise ConfigError(
                f"a recording of {unit} lies below {where} of splits.folders "
                f"({', '.join(folders)}); complete that setting, or leave it out"
            )
        if split_of.setdefault(unit, *path_splits) not in path_splits:
            raise ConfigError(
                f"{unit} has recordings in the folders of two splits, which would leak; join "
                "names of one person with subjects.aliases, or bring a table (splits.file)"
            )
    return split_of


def complete(
    official: Mapping[str, str], units: Sequence[SplitUnit], config: SplitsConfig, seed: int
) -> dict[str, str]:
    """Official splits, with val or test drawn by ``seed`` from train where they have none.

    With ``assign = "hash"`` those are drawn that no folder of the settings is for.

    Raises InputError when train is too small for that.
    """
    if config.assign == "hash":
        drawn = set(SPLITS) - set(config.folders.values())
        by_hash = {unit.name: split_by_hash(unit.name, config, seed) for unit in units}
        return {
            name: split if official[name] == "train" and split in drawn else official[name]
            for name, split in by_hash.items()
        }
    splits = {unit.name: official[unit.name] for unit in units}
    for split, share in (("val", config.val), ("test", config.test)):
        if split in splits.values():
            continue
        train = [unit for unit in units if splits[unit.name] == "train"]
        n_drawn = max(1, round(share * len(train)))
        if n_drawn >= len(train):
            raise InputError(
                f"{len(train)} {config.by}(s) in train: too few to draw {split} from; expected "
                f"more than {n_drawn}: lower splits.{split}, or bring a table (splits.file)"
            )
        marked, others = (_shuffled(train, seed)[kind] for kind in (True, False))
        n_marked = min(len(marked), max(round(n_drawn * len(marked) / len(train)), 0))
        n_marked = max(n_marked, n_drawn - len(others))
        splits |= dict.fromkeys([*marked[:n_marked], *others[: n_drawn - n_marked]], split)
    return splits


def _shuffled(units: Sequence[SplitUnit], seed: int) -> dict[bool, list[str]]:
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
    """Count marked units that test and validate: at least one each where there are three."""
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

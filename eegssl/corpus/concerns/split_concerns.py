"""Tell what splits by hash hold, and name those that hold nobody."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from eegssl.corpus.concerns.concern import Concern
from eegssl.corpus.preprocessing.recording_tables import Tables
from eegssl.corpus.splits import SPLITS

_CURE = (
    "another --seed or more subjects may fill it, --set splits.assign=stratified does (and may "
    "move subjects when others arrive)"
)


def shares_of_splits(tables: Tables) -> dict[str, dict[str, Any]]:
    """The fact ``splits_by_hash``: of each split the units, those with seizures, share, and asked.

    Empty where no hash decides.
    """
    if tables.asked is None:
        return {}
    n_units = Counter(tables.splits.values())
    n_marked = Counter(tables.splits[unit] for unit in tables.with_seizures)
    rows = {
        split: {
            "units": n_units[split],
            "with_seizures": n_marked[split],
            "share": round(n_units[split] / len(tables.splits), 4),
        }
        for split in SPLITS
    }
    asked = {split: {"asked": round(share, 4)} for split, share in tables.asked.items()}
    return {"splits_by_hash": {split: row | asked.get(split, {}) for split, row in rows.items()}}


def shares_in_words(splits: Mapping[str, str], asked: Mapping[str, float], by: str) -> str:
    """Units of each split (unit -> split) and their share beside the share that was asked for."""
    n_units = Counter(splits.values())
    words = [
        f"{split} {n_units[split]} ({n_units[split] / len(splits):.0%}"
        + (f" for {asked[split]:.0%})" if asked else ")")
        for split in SPLITS
    ]
    return f"{len(splits)} {by}s in splits by hash: {', '.join(words)}"


def empty_splits(tables: Tables) -> Sequence[Concern]:
    """Splits that a hash puts nobody into."""
    return _lacking(tables, set(tables.splits.values()), "split-empty", tables.split_by)


def splits_without_seizures(tables: Tables) -> Sequence[Concern]:
    """Splits without seizures, where there are enough units with seizures for all of them."""
    if len(tables.with_seizures) < len(SPLITS):
        return []
    there = {tables.splits[unit] for unit in tables.with_seizures}
    there |= set(SPLITS) - set(tables.splits.values())  # an empty one is told as that
    return _lacking(tables, there, "split-seizures", f"{tables.split_by} with seizures")


def _lacking(tables: Tables, there: set[str], kind: str, words: str) -> Sequence[Concern]:
    lacking = [split for split in SPLITS if split not in there]
    if tables.asked is None or not lacking:
        return []
    text = f"split(s) have no {words}, since a hash decides: {', '.join(lacking)}"
    return [Concern(kind, len(lacking), text, _CURE)]

"""Divide the files of a corpus among processes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from eegssl.artifacts.json_parts import Count, Part, read_json
from eegssl.artifacts.manifest import MANIFEST
from eegssl.artifacts.output_state import SHARDS
from eegssl.errors import ArtifactError, ConfigError

_WORD = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")
_NAME = re.compile(r"([0-9]+)-of-([0-9]+)(?:\.json)?")
_SHOWN = 10


@dataclass(frozen=True)
class Shard:
    """Part ``number`` of ``n``, counted from 0: every n-th row of the inventory from there."""

    number: int
    n: int

    def __str__(self) -> str:
        return f"{self.number}/{self.n}"

    @property
    def name(self) -> str:
        """The name of its mark and of the folder of its lock."""
        return f"{self.number}-of-{self.n}"

    def of(self, order: Sequence[str]) -> frozenset[str]:
        """Its ids of all in the order of the inventory."""
        return frozenset(order[self.number :: self.n])


class Mark(Part):
    """Content of the file that a finished shard leaves: the hash of its plan, and numbers."""

    plan: str
    files: Count
    refused: Count


_MARK = TypeAdapter(Mark)


def parse_shard(word: str) -> Shard:
    """The shard that ``I/N`` means; raises ConfigError for any other word."""
    parts = _WORD.fullmatch(word)
    shard = Shard(int(parts[1]), int(parts[2])) if parts else None
    if shard is None or shard.number >= shard.n:
        raise ConfigError(
            f"--shard got {word!r}; expected I/N, with I from 0 to N - 1: of 100 shards the first "
            "is 0/100 and the last 99/100"
        )
    return shard


def begun_in(out: Path) -> set[int]:
    """The numbers N of shards that were begun in a folder: one, unless somebody mixed them."""
    names = (_NAME.fullmatch(path.name) for path in (out / SHARDS).glob("*"))
    return {int(name[2]) for name in names if name}


def require_same_number(out: Path, shard: Shard) -> None:
    """Raise ConfigError where shards of another number were begun in a folder."""
    if others := begun_in(out) - {shard.n}:
        n = min(others)
        raise ConfigError(
            f"{out} was begun in {n} shards; got --shard {shard}, expected I/{n}: run those that "
            f"are missing of the {n}, or, without --shard, make in one process what is left"
        )


def require_begun(out: Path) -> None:
    """Raise ArtifactError where no shard was begun in a folder that is not finished."""
    if not begun_in(out) and not (out / MANIFEST).exists():
        raise ArtifactError(
            f"{out} holds nothing of any shard: run the same command first with --shard 0/N to "
            "N-1/N in place of --finalize"
        )


def mark_of(out: Path, shard: Shard) -> Mark | None:
    """The mark of a shard, None where it has not ended; raises ArtifactError for a damaged one."""
    path = out / SHARDS / f"{shard.name}.json"
    return read_json(path, _MARK) if path.exists() else None


def require_all(out: Path, order: Sequence[str], plan: str, whole: frozenset[str]) -> None:
    """Raise ArtifactError, naming them, unless all shards of a plan have ended.

    ``order`` is that of the inventory's files that are to be made, ``whole`` those that are.
    """
    numbers = begun_in(out)
    if len(numbers) > 1:
        counts = ", ".join(map(str, sorted(numbers)))
        raise ArtifactError(
            f"{out} holds shards of different numbers ({counts}): without --shard and --finalize "
            "the same command makes in one process what is left"
        )
    n = numbers.pop()
    shards = [Shard(number, n) for number in range(n)]
    marks = {shard: mark_of(out, shard) for shard in shards}
    if other := [shard for shard, mark in marks.items() if mark and mark.plan != plan]:
        raise ArtifactError(
            f"{_listed(other)} of {out} were made by another plan: run them again, by the same "
            "command with --shard in place of --finalize"
        )
    missing = [shard for shard, mark in marks.items() if not mark or shard.of(order) - whole]
    if missing:
        raise ArtifactError(
            f"{len(missing)} of {n} shards are not done in {out}: {_listed(missing)}; run them by "
            f"the same command with --shard {missing[0]} … in place of --finalize"
        )


def _listed(shards: Sequence[Shard]) -> str:
    more = f" … ({len(shards)})" if len(shards) > _SHOWN else ""
    return ", ".join(map(str, shards[:_SHOWN])) + more

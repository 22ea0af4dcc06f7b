"""One rank of a run that agrees on things: ``python agreeing_ranks.py CASE…``.

Prints a line for each case, with its value or its error. A last case that ends the group ends the
process with the error's exit code.
"""

import os
import sys
import time
import traceback
from collections.abc import Callable

import torch
from torch import distributed

from eegssl.cli.running import leave_as_rank
from eegssl.errors import ArtifactError, ConfigError, EegsslError
from eegssl.training.ranks.agreement import on_first, require_same
from eegssl.training.ranks.process_group import process_group
from eegssl.training.ranks.rank_place import RankPlace, rank_place


def first(place: RankPlace) -> object:
    """Rank 0 makes a value, and takes its time."""
    return on_first(place, lambda: time.sleep(0.2) or "made")


def refused(place: RankPlace) -> object:
    """Rank 0 meets a mistake of the user."""

    def make() -> None:
        raise ArtifactError("the folder is damaged")

    return on_first(place, make)


def bug(place: RankPlace) -> object:
    """Rank 0 meets a bug."""
    return on_first(place, lambda: {}["missing"])


def same(place: RankPlace) -> object:
    """All hold the same."""
    return require_same(place, {"data": "a1", "settings": "b2"})


def other_data(place: RankPlace) -> object:
    """The last rank reads other data."""
    last = place.rank == place.n_ranks - 1
    return require_same(place, {"data": "z" if last else "a", "settings": "b2"})


def other_names(place: RankPlace) -> object:
    """Rank 1 runs another version, which compares something else."""
    return require_same(place, {"data": "a"} | ({"threads": "4"} if place.rank == 1 else {}))


def leaves_late(place: RankPlace) -> object:
    """Rank 0 is done after the others."""
    time.sleep(0.0 if place.rank else 0.5)
    return time.monotonic()


def dies(place: RankPlace) -> object:
    """Rank 1 is killed between two exchanges."""
    total = torch.ones(1)
    distributed.all_reduce(total)
    if place.rank == 1:
        os._exit(137)
    return distributed.all_reduce(total)


def dies_first(place: RankPlace) -> object:
    """Rank 0 is killed while the others wait for it."""
    return on_first(place, lambda: os._exit(137))


def fails_alone(place: RankPlace) -> object:
    """Rank 1 ends with an error of its own while the others exchange."""
    if place.rank == 1:
        raise ConfigError("no GPU on this node")
    return distributed.all_reduce(torch.ones(1))


def own_bug(place: RankPlace) -> object:
    """A RuntimeError that has nothing to do with ranks."""
    raise RuntimeError("shapes differ")


CASES: dict[str, Callable[[RankPlace], object]] = {
    case.__name__: case
    for case in (first, refused, bug, same, other_data, other_names, leaves_late)
}
LAST: dict[str, Callable[[RankPlace], object]] = {
    case.__name__: case for case in (dies, dies_first, fails_alone, own_bug)
}


def main() -> None:
    torch.set_num_threads(1)
    place, code = rank_place(), 0
    try:
        with process_group(place, "cpu"):
            for name in sys.argv[1:]:
                if name in LAST:
                    LAST[name](place)
                try:
                    print(name, CASES[name](place))
                except (EegsslError, KeyError) as error:
                    own = getattr(error, "exit_code", 1)
                    print(name, f"{type(error).__name__} {own}: {error}")
        print("left", time.monotonic())
    except EegsslError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}")
        code = error.exit_code
    except RuntimeError:
        traceback.print_exc()
        code = 1
    leave_as_rank(code)


if __name__ == "__main__":
    main()

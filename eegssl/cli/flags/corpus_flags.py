"""Define the flags of `preprocess` that divide its work among processes."""

from typing import TYPE_CHECKING, Annotated

import typer

from eegssl.cli.app import Options
from eegssl.errors import ConfigError

if TYPE_CHECKING:
    from eegssl.corpus.inventory.shards import Shard
    from eegssl.stages.preprocess import Part

OnlyPlan = Annotated[
    bool, typer.Option("--plan", help="Scan the files and write settings to edit.")
]
OneShard = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="Make part I of N (from 0) of what --plan listed."),
]
Finalize = Annotated[bool, typer.Option("--finalize", help="Join what all N shards made.")]


def part_of_work(
    options: Options, *, plan: bool, shard: str | None, finalize: bool
) -> "Part | Shard":
    """The part of the work that the flags ask for; raises ConfigError where they contradict."""
    from eegssl.corpus.inventory.shards import parse_shard
    from eegssl.stages.preprocess import Part

    given = {"--plan": plan, "--shard": shard is not None, "--finalize": finalize}
    names = [name for name, is_given in given.items() if is_given]
    if len(names) > 1:
        raise ConfigError(
            f"{' and '.join(names)} exclude each other: --plan comes first, then each --shard, "
            "then --finalize"
        )
    if not names or plan:
        return Part.PLAN if plan else Part.ALL
    for flag, is_given in (("--dry-run", options.dry_run), ("--overwrite", options.overwrite)):
        if is_given:
            raise ConfigError(
                f"{names[0]} goes on with a plan, and {flag} is of the whole: give it with --plan, "
                f"or leave out {names[0]}"
            )
    return Part.FINALIZE if shard is None else parse_shard(shard)

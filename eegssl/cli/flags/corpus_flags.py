"""Define the flags that divide the work on a corpus among processes."""

from typing import TYPE_CHECKING, Annotated

import typer

from eegssl.cli.app import Options
from eegssl.errors import ConfigError

if TYPE_CHECKING:
    from eegssl.corpus.inventory.shards import Shard
    from eegssl.stages.preprocess import Part
    from eegssl.stages.preprocessing.updating import Update
    from eegssl.stages.tokenizing.encoded_recordings import Part as TokensPart

OnlyPlan = Annotated[
    bool, typer.Option("--plan", help="Scan the files and write settings to edit.")
]
TrainOnly = Annotated[
    bool, typer.Option("--train-only", help="Train the tokenizer; shards encode with it.")
]
OneShard = Annotated[
    str | None, typer.Option("--shard", metavar="I/N", help="Make part I of N, counted from 0.")
]
Jobs = Annotated[int, typer.Option(min=0, help="Processes; 0: one per core.")]
OverDask = Annotated[
    str | None,
    typer.Option("--dask", metavar="ADDRESS", help="Hand out the work to a Dask scheduler."),
]
Finalize = Annotated[bool, typer.Option("--finalize", help="Join what all N shards made.")]
KeepText = Annotated[bool, typer.Option(help="Keep annotations' text; may name people.")]
Updated = Annotated[
    bool, typer.Option("--update", help="Redo what files or settings changed; keep the rest.")
]
Verify = Annotated[
    bool, typer.Option("--verify", help="With --update: compare bytes, not size and time.")
]


def part_of_work(
    options: Options,
    *,
    plan: bool,
    shard: str | None,
    finalize: bool,
    update: bool = False,
    verify: bool = False,
) -> "Part | Shard | Update":
    """The part of `preprocess` that the flags ask for; raises as `_require_one`."""
    from eegssl.corpus.inventory.shards import parse_shard
    from eegssl.stages.preprocess import Part
    from eegssl.stages.preprocessing.updating import Update

    if update or verify:
        _require_update(options, update=update, part=plan or finalize or shard is not None)
        return Update(verify)
    if not _require_one("--plan", options, first=plan, shard=shard, finalize=finalize):
        return Part.ALL
    if plan:
        return Part.PLAN
    return Part.FINALIZE if shard is None else parse_shard(shard)


def part_of_tokens(
    options: Options, *, train_only: bool, shard: str | None, finalize: bool
) -> "TokensPart | Shard":
    """The part of `tokenize` likewise."""
    from eegssl.corpus.inventory.shards import parse_shard
    from eegssl.stages.tokenizing.encoded_recordings import Part

    if not _require_one("--train-only", options, first=train_only, shard=shard, finalize=finalize):
        return Part.ALL
    if train_only:
        return Part.TRAIN
    return Part.FINALIZE if shard is None else parse_shard(shard)


def require_free_for_dask(
    dask: str | None,
    *,
    shard: str | None,
    finalize: bool,
    jobs: int = 0,
    train_only: bool = False,
) -> None:
    """Raise ConfigError for flags that say otherwise who does the work than --dask does."""
    given = {"--jobs": jobs > 0, "--shard": shard is not None, "--finalize": finalize}
    given["--train-only"] = train_only
    names = [name for name, is_given in given.items() if is_given]
    if dask is not None and names:
        raise ConfigError(
            "--dask hands out the work of one whole run, as many files at a time as its workers "
            f"have threads: leave out {' and '.join(names)}, or --dask"
        )


def _require_update(options: Options, *, update: bool, part: bool) -> None:
    """Raise ConfigError for --verify alone, and for --update with what it excludes."""
    if not update:
        raise ConfigError("--verify is how --update compares files: give both, or none")
    if part or options.overwrite:
        raise ConfigError(
            "--update keeps what stands there and is one process: leave it out, or leave out "
            "--plan, --shard, --finalize and --overwrite"
        )


def _require_one(
    flag: str, options: Options, *, first: bool, shard: str | None, finalize: bool
) -> bool:
    """Whether a flag of a part is given, ``flag`` that of the first.

    Raises ConfigError for two, and for a later part with a flag that is of the whole.
    """
    given = {flag: first, "--shard": shard is not None, "--finalize": finalize}
    names = [name for name, is_given in given.items() if is_given]
    if len(names) > 1:
        raise ConfigError(
            f"{' and '.join(names)} exclude each other: {flag} comes first, then each --shard, "
            "then --finalize"
        )
    for whole, is_given in (("--dry-run", options.dry_run), ("--overwrite", options.overwrite)):
        if is_given and names and not first:
            raise ConfigError(
                f"{names[0]} goes on with what was begun, and {whole} is of the whole: give it "
                f"with {flag}, or leave out {names[0]}"
            )
    return bool(names)

"""Begin a training on all ranks; the first alone writes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import torch

from eegssl import __version__
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.contract import Contract
from eegssl.artifacts.manifest import MANIFEST
from eegssl.artifacts.output_state import WORK
from eegssl.artifacts.threads import forget_numbers, ranks_of, threads_of
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.settings import Settings
from eegssl.errors import ArtifactError, ConfigError, OtherRankFailed
from eegssl.tokenizer.ranks import gather_rows, n_ranks, number_of_first
from eegssl.training.fitting.checkpoint import drop_checkpoints, has_checkpoint
from eegssl.training.ranks.agreement import exit_code_of, on_first, require_same
from eegssl.training.ranks.rank_place import ALONE, RankPlace

T = TypeVar("T")
Resume = Literal["auto", "must", "never"]


@dataclass(frozen=True)
class RunOptions:
    """What a training's result does not depend on, but for rounding."""

    place: RankPlace = ALONE
    num_workers: int = 0
    """Processes that read ahead; 0: read in the training's own."""
    resume: Resume = "auto"
    """``must``: refuse to begin anew; ``never``: do not go on with a checkpoint."""

    def require_usual(self, what: str) -> None:
        """Raise ConfigError for several ranks, or another ``resume``, where neither is possible."""
        if self.place.n_ranks > 1:
            raise ConfigError(
                f"{what} is one process, and {self.place.n_ranks} ranks were started: start it "
                "without torchrun or srun"
            )
        if self.resume != "auto":
            raise ConfigError(
                f"--resume is of one training, and {what} has several: leave it out, and each "
                "goes on where it stopped"
            )


@dataclass(frozen=True)
class Begun:
    """An artifact that a training has begun; on other ranks than the first nothing is written."""

    writer: ArtifactWriter | None
    work: Path
    """Scratch, for checkpoints."""

    def threads(self, context: Context) -> list[int]:
        """The numbers of threads of rank 0 so far; told where this one is another."""
        if self.writer is None:
            return [torch.get_num_threads()]
        return threads_of(self.writer.work, torch.get_num_threads(), context)

    def ranks(self, context: Context) -> list[int]:
        """The numbers of ranks so far; told where this one is another."""
        if self.writer is None:
            return [n_ranks()]
        return ranks_of(self.writer.work, n_ranks(), context)


def on_all(place: RankPlace, make: Callable[[], T]) -> T:
    """Run ``make`` on every rank; where it fails on some, all end.

    The lowest rank that failed raises its error, the others OtherRankFailed of its exit code.
    """
    if place.n_ranks == 1:
        return make()
    try:
        value = make()
    except BaseException as error:
        codes = _codes(exit_code_of(error))
        if place.rank == _first_failed(codes):
            raise
        raise OtherRankFailed(codes[_first_failed(codes)]) from error
    codes = _codes(0)
    if any(codes):
        raise OtherRankFailed(codes[_first_failed(codes)])
    return value


def _codes(own: int) -> list[int]:
    """The exit codes of all ranks, 0 of those that did not fail."""
    codes: list[int] = gather_rows(torch.tensor([own])).tolist()
    return codes


def _first_failed(codes: list[int]) -> int:
    return next(rank for rank, code in enumerate(codes) if code)


def begin_together(
    options: RunOptions,
    context: Context,
    contract: Contract,
    config: Settings,
    inputs: Sequence[tuple[str, str]],
    alike: Mapping[str, str],
    *,
    names: Sequence[str] = (),
) -> Begun | Result:
    """Begin an artifact on rank 0; or its result, if it stood already or this is a dry run.

    ``alike`` names hashes that all ranks must share beside seed, settings, inputs and versions,
    ``names`` the files that only this kind of artifact or task holds.
    Raises ArtifactError where they do not, ConfigError where ``--resume`` can't be met.
    """
    place = options.place
    values = {"settings": repr(config), "inputs": repr(list(inputs)), "the seed": str(context.seed)}
    versions = {"the version of eegssl": __version__, "the version of torch": torch.__version__}
    require_same(place, {**values, **versions, **alike})
    work = context.out / WORK

    def begin() -> ArtifactWriter | Result:
        if options.resume == "must" and not (context.out / MANIFEST).exists():
            _require_checkpoint(work)
        writer = context.begin(contract, config, inputs, names=names)
        if isinstance(writer, ArtifactWriter) and options.resume == "never":
            drop_checkpoints(writer.work)
            forget_numbers(writer.work)
        return writer

    begun = on_first(place, begin)
    if number_of_first(int(isinstance(begun, Result))):
        return begun if isinstance(begun, Result) else elsewhere(context, contract.kind)
    return Begun(begun if isinstance(begun, ArtifactWriter) else None, work)


def elsewhere(context: Context, kind: str) -> Result:
    """The result of a rank that wrote nothing."""
    return Result(context.out, kind, "made by rank 0", {}, {})


def require_whole_grains(
    n_grains: int, batch_size: int, place: RankPlace, sized: str = "(sampling.grain windows each)"
) -> None:
    """Raise ConfigError unless every rank gets as many grains of a batch."""
    if n_grains % place.n_ranks:
        raise ConfigError(
            f"{place.n_ranks} ranks can't share a batch of {batch_size} windows in {n_grains} "
            f"grain(s); set training.batch_size to a multiple of {place.n_ranks} grains {sized}"
        )


def _require_checkpoint(work: Path) -> None:
    if not has_checkpoint(work):
        raise ArtifactError(
            f"--resume must, and there is no checkpoint in {work} to go on from; leave --resume "
            "out to begin anew"
        )

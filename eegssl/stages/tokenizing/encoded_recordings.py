"""Write the codes of all recordings, or of one shard."""

from collections.abc import Sequence
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.atomic import hash_json
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.output_state import SHARDS
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.corpus.codes.tokens import (
    CODES,
    ENTROPIES,
    are_stored,
    patch_path,
    read_codes,
    write_patches,
    write_tables,
)
from eegssl.corpus.inventory.shards import Mark, Shard, require_all
from eegssl.corpus.store import Recording
from eegssl.errors import ArtifactError
from eegssl.tokenizer.tokenizer import Tokenizer
from eegssl.training.encoding import PatchCoder
from eegssl.training.weights import read_tokenizer

NAME = "tokenizer"


class Part(Enum):
    """What a run does: everything, the training alone, or the end of what shards made."""

    ALL = "all"
    TRAIN = "train"
    FINALIZE = "finalize"


def trained_in(out: Path, part: str) -> Tokenizer:
    """The tokenizer whose training has ended in an unfinished folder; ArtifactError without."""
    if not (out / f"{NAME}.json").exists():  # written after the weights
        raise ArtifactError(
            f"{out} holds no tokenizer that is trained: run the same command first with "
            f"--train-only in place of {part}, or give one by --tokenizer"
        )
    return read_tokenizer(out)


def encoded(coder: PatchCoder) -> list[Recording]:
    """The recordings that get codes, sorted by id."""
    recordings = coder.corpus.of_split("train", "val")
    return [recording for recording in recordings if recording.n_samples >= coder.length]


def missing_in(out: Path, coder: PatchCoder, recordings: Sequence[Recording]) -> list[Recording]:
    """Those of some recordings whose codes and entropies are not there, or not whole."""
    return [r for r in recordings if not are_stored(out, r.id, coder.shape_of(r))]


def encode(
    coder: PatchCoder, recordings: Sequence[Recording], writer: ArtifactWriter, context: Context
) -> None:
    """Write codes and entropies of recordings, those that are not there yet."""
    todo = missing_in(writer.path, coder, recordings)
    for recording in todo:
        if patch_path(writer.path, CODES, recording.id).exists():
            context.progress.warn(f"codes of {recording.id} are not whole: they are made anew")
    advance = context.progress.track("encode", len(recordings))
    n_stored = len(recordings) - len(todo)
    for done, (recording, (entropies, codes)) in enumerate(coder.encode(todo), start=n_stored + 1):
        write_patches(patch_path(writer.path, ENTROPIES, recording.id), entropies)
        write_patches(patch_path(writer.path, CODES, recording.id), codes)
        advance(done)


def encode_shard(
    coder: PatchCoder, shard: Shard, writer: ArtifactWriter, context: Context
) -> Result:
    """Write the codes of every N-th recording, and leave the shard's mark."""
    recordings = encoded(coder)[shard.number :: shard.n]
    encode(coder, recordings, writer, context)
    mark = Mark(plan=hash_json(writer.plan()), files=len(recordings), refused=0)
    writer.write_json(f"{SHARDS}/{shard.name}.json", mark.model_dump())
    if writer.lock:
        writer.lock.release()
    hours = sum(recording.duration_s for recording in recordings) / 3600
    facts = {"shard": str(shard), "recordings": len(recordings), "hours": round(hours, 4)}
    return Result(
        *(context.out, "shard", "made", facts, writer.config), warnings=tuple(context.warnings)
    )


def require_shards(coder: PatchCoder, writer: ArtifactWriter) -> None:
    """Raise ArtifactError, naming them, unless all shards have ended and their codes are there."""
    recordings = encoded(coder)
    missing = {recording.id for recording in missing_in(writer.path, coder, recordings)}
    order = [recording.id for recording in recordings]
    require_all(writer.path, order, hash_json(writer.plan()), frozenset(order) - missing)


def write_code_tables(coder: PatchCoder, writer: ArtifactWriter) -> dict[str, NDArray[np.int64]]:
    """Write the tables of all codes and entropies; how often each code occurs, by split."""
    n_codes, recordings = coder.model.config.n_codes, encoded(coder)
    counts = {name: np.zeros(n_codes, dtype=np.int64) for name in ("train", "val")}
    for recording in recordings:
        codes = read_codes(writer.path, recording.id)
        counts[recording.split] += np.bincount(codes.ravel(), minlength=n_codes)
    write_tables(writer, {r.id: coder.shape_of(r) for r in recordings})
    return counts

"""Write the codes of all recordings, or of one shard."""

from collections.abc import Iterator, Sequence
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
from eegssl.corpus.config import Limits
from eegssl.corpus.inventory.shards import Mark, Shard, require_all
from eegssl.corpus.processes.engine import Engine
from eegssl.corpus.processes.workers import Failure
from eegssl.corpus.store import Recording, open_corpus
from eegssl.errors import ArtifactError, ConfigError
from eegssl.tokenizer.tokenizer import Tokenizer
from eegssl.training.encoding import PatchCoder, Patches
from eegssl.training.weights import read_tokenizer

NAME = "tokenizer"
UNIT_S = 36000.0
"""EEG that a process encodes before it says so. Ours: to encode ten hours takes longer than to
start the process and to open a corpus of 70,000 recordings; a lost worker loses no more."""
_NO_LIMITS = Limits(time_s=30 * 86400, memory_mb=1 << 24)
"""Recordings that eegssl made are no untrusted files."""


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
    for done, (recording, patches) in enumerate(coder.encode(todo), start=n_stored + 1):
        _write(writer.path, recording, patches)
        advance(done)


def hand_out(engine: Engine, coder: PatchCoder, writer: ArtifactWriter, context: Context) -> None:
    """Let the processes of an engine write what `encode` would, by the tokenizer in the folder."""
    recordings = encoded(coder)
    todo = missing_in(writer.path, coder, recordings)
    advance = context.progress.track("encode", len(recordings))
    done = len(recordings) - len(todo)
    advance(done)
    if not todo:
        return
    engine.require_shared(writer.work)
    sources = [(one.path.absolute(), one.manifest.id) for one in coder.corpus.artifacts]
    device = next(coder.model.parameters()).device.type
    how = writer.path.absolute(), sources, coder.length, coder.bfloat16, device
    tasks = [(*how, ids) for ids in _units(todo)]
    for number, answer in engine.each(encode_some, tasks, _NO_LIMITS):
        if isinstance(answer, Failure):
            raise ConfigError(
                f"a process that encodes failed: {answer.reason}; what is done already stays, and "
                "the same command goes on from there"
            )
        done += len(tasks[number][-1])
        advance(done)


def _units(recordings: Sequence[Recording]) -> Iterator[list[str]]:
    """Ids of recordings of `UNIT_S` together, or of one that is longer."""
    ids: list[str] = []
    duration_s = 0.0
    for recording in recordings:
        ids.append(recording.id)
        duration_s += recording.duration_s
        if duration_s >= UNIT_S:
            yield ids
            ids, duration_s = [], 0.0
    if ids:
        yield ids


def encode_some(
    out: Path,
    sources: Sequence[tuple[Path, str]],
    length: int,
    bfloat16: bool,
    device: str,
    ids: Sequence[str],
) -> None:
    """Write codes and entropies of recordings by the tokenizer in an unfinished folder.

    ``sources`` are the folders of the corpus with the ids that they have to have; windows are of
    ``length`` samples. Raises ConfigError where another corpus lies there.
    """
    corpus = open_corpus([path for path, _ in sources])
    if [one.manifest.id for one in corpus.artifacts] != [id_ for _, id_ in sources]:
        raise ConfigError("a worker sees other recordings at the same path than the command does")
    coder = PatchCoder(read_tokenizer(out).to(device), corpus, length, bfloat16)
    wanted = frozenset(ids)
    for recording, patches in coder.encode([r for r in encoded(coder) if r.id in wanted]):
        _write(out, recording, patches)


def _write(out: Path, recording: Recording, patches: Patches) -> None:
    """Write entropies and codes, each whole or not at all; the codes, which tell that, last."""
    for name, values in zip((ENTROPIES, CODES), patches, strict=True):
        write_patches(patch_path(out, name, recording.id), values)


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

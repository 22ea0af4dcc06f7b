"""Preprocess folders of EEG files to clean recordings, split by subject.

In three steps: scan every file (the fingerprint), decide what is left open (the plan), and make
the recordings. Each file is read in a worker process under limits of time and memory, here or by
the workers of Dask. The steps can be processes of their own: one for the plan, shards of the files
side by side, one to finish.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.output_state import PLAN_FILES, require_room
from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.corpus.audits.recordings_contract import CONTRACT
from eegssl.corpus.concerns import concern_kinds
from eegssl.corpus.inventory.corpus_inventory import read_inventory
from eegssl.corpus.inventory.shards import Shard, require_begun
from eegssl.corpus.preprocessing.source_files import Naming
from eegssl.corpus.processes.dask_cluster import dask_cluster
from eegssl.corpus.processes.engine import Engine, Pool
from eegssl.corpus.processes.process_count import process_count
from eegssl.errors import ArtifactError
from eegssl.io.labels.own_words import require_known
from eegssl.io.private.private_key import make_key, private_folder
from eegssl.io.private.pseudonyms import Pseudonyms, require_outside
from eegssl.stages.preprocessing.corpus_look import (
    look_at,
    planned_look,
    planned_look_of_all,
)
from eegssl.stages.preprocessing.finishing_recordings import finish_recordings
from eegssl.stages.preprocessing.making_recordings import make_recordings
from eegssl.stages.preprocessing.plan_files import write_plan
from eegssl.stages.preprocessing.recordings_draft import begin_draft
from eegssl.stages.preprocessing.shard_run import make_shard, rows_of_shards
from eegssl.stages.preprocessing.updating import Update, update

LOOK = "look/index.html"
_PLAN_FIRST = "run the same command first with --plan in place of {}"


class Part(Enum):
    """What a run does: everything, the plan alone, or the end of what shards made."""

    ALL = "all"
    PLAN = "plan"
    FINALIZE = "finalize"


def run(
    config: PreprocessConfig,
    roots: Sequence[Path],
    context: Context,
    *,
    jobs: int = 0,
    dask: str | None = None,
    part: Part | Shard | Update = Part.ALL,
) -> Result:
    """Make a recordings artifact from all files of EEG below ``roots``, or do a part of that.

    Files are read by ``jobs`` processes (0: one a core), or by the workers of the Dask scheduler at
    the address ``dask``. Raises InputError when no file can be used or there are too few subjects
    to split, ArtifactError where a part comes before those that it needs, or nothing is there to
    update, ConfigError where the workers can't be used.
    """
    if dask is None:
        jobs, lowered = process_count(jobs, config.limits)
        if lowered:
            context.progress.say(lowered)
        return _run(config, roots, context, part, Pool(jobs))
    roots = [root.absolute() for root in roots]  # workers have another working directory
    context = replace(context, out=context.out.absolute())
    with dask_cluster(dask, roots) as cluster:
        context.progress.say(str(cluster))
        return _run(config, roots, context, part, cluster)


def _run(
    config: PreprocessConfig,
    roots: Sequence[Path],
    context: Context,
    part: Part | Shard | Update,
    engine: Engine,
) -> Result:
    """Do a part of the work, or all of it."""
    if part is Part.PLAN and not context.overwrite:
        require_room(context.out, PLAN_FILES)
    else:
        context.require_place(CONTRACT.kind)
    naming = Naming(_pseudonyms(context), config.corpus)
    require_known(config.events.words, config.events.every_row, config.events.markers)
    if isinstance(part, Update):
        return update(part, config, roots, naming, context, engine)
    if isinstance(part, Shard):
        return _shard(config, roots, naming, context, part, engine)
    if part is Part.FINALIZE:
        return _finalize(config, roots, naming, context, engine)
    find = concern_kinds.of_plan if part is Part.PLAN else concern_kinds.of_looked
    look = look_at(config, roots, naming, context, engine, find)
    if part is Part.PLAN:
        return write_plan(look, context)
    draft = begin_draft(look, roots, context)
    if isinstance(draft, Result):
        return draft
    return finish_recordings(draft, make_recordings(draft, engine).rows, engine)


def _shard(
    config: PreprocessConfig,
    roots: Sequence[Path],
    naming: Naming,
    context: Context,
    shard: Shard,
    engine: Engine,
) -> Result:
    """Make the recordings of some of the planned files, beside other such processes."""
    inventory = read_inventory(context.out, naming, _PLAN_FIRST.format(f"--shard {shard}"))
    look = planned_look(config, roots, naming, inventory, context)
    draft = begin_draft(look, roots, context, shard)
    return draft if isinstance(draft, Result) else make_shard(draft, inventory, shard, engine)


def _finalize(
    config: PreprocessConfig,
    roots: Sequence[Path],
    naming: Naming,
    context: Context,
    engine: Engine,
) -> Result:
    """Join what all shards made."""
    inventory = read_inventory(context.out, naming, _PLAN_FIRST.format("--finalize"))
    require_begun(context.out)
    look = planned_look_of_all(config, roots, naming, inventory, context)
    draft = begin_draft(look, roots, context)
    if isinstance(draft, Result):
        return draft
    draft.writer.resumed = False
    try:
        rows = rows_of_shards(draft, inventory)
    except ArtifactError:  # the shards that are missing need the folder
        if draft.writer.lock:
            draft.writer.lock.release()
        raise
    return finish_recordings(draft, rows, engine)


def _pseudonyms(context: Context) -> Pseudonyms:
    """The user's pseudonyms, whose key is made first where a run is to write anything."""
    require_outside(private_folder(), context.out)
    if not context.dry_run:
        for warning in make_key(private_folder()):
            context.progress.warn(warning)
    return Pseudonyms()

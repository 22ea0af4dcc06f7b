"""Preprocess folders of EEG files to clean recordings, split by subject.

In three steps: scan every file (the fingerprint), decide what is left open (the plan), and make
the recordings. Each file is read in a worker process under limits of time and memory.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.output_state import PLAN_FILES, require_room
from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.corpus.audits.recordings_contract import CONTRACT
from eegssl.corpus.concerns import concern_kinds
from eegssl.corpus.preprocessing.source_files import Naming
from eegssl.io.labels.own_words import require_known
from eegssl.io.private.private_key import make_key, private_folder
from eegssl.io.private.pseudonyms import Pseudonyms, require_outside
from eegssl.stages.preprocessing.corpus_look import look_at
from eegssl.stages.preprocessing.finishing_recordings import finish_recordings
from eegssl.stages.preprocessing.making_recordings import make_recordings
from eegssl.stages.preprocessing.plan_files import write_plan
from eegssl.stages.preprocessing.recordings_draft import begin_draft

LOOK = "look/index.html"


def run(
    config: PreprocessConfig,
    roots: Sequence[Path],
    context: Context,
    *,
    jobs: int = 0,
    plan_only: bool = False,
) -> Result:
    """Make a recordings artifact from all files of EEG below ``roots``.

    With ``plan_only`` only the fingerprint and the plan. Raises InputError when no file can be
    used or there are too few subjects to split.
    """
    jobs = jobs or os.cpu_count() or 1
    if plan_only:
        require_room(context.out, PLAN_FILES)
    else:
        context.require_place(CONTRACT.kind)
    naming = Naming(_pseudonyms(context), config.corpus)
    require_known(config.events.words, config.events.every_row, config.events.markers)
    find = concern_kinds.of_plan if plan_only else concern_kinds.of_looked
    look = look_at(config, roots, naming, context, jobs, find)
    if plan_only:
        return write_plan(look, context)
    draft = begin_draft(look, roots, naming, context)
    if isinstance(draft, Result):
        return draft
    return finish_recordings(draft, make_recordings(draft, jobs))


def _pseudonyms(context: Context) -> Pseudonyms:
    """The user's pseudonyms, whose key is made first where a run is to write anything."""
    require_outside(private_folder(), context.out)
    if not context.dry_run:
        for warning in make_key(private_folder()):
            context.progress.warn(warning)
    return Pseudonyms()

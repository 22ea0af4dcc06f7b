"""Begin a recordings artifact, from all that decides its content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from eegssl.artifacts.atomic import hash_json
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.corpus.audits.recordings_contract import CONTRACT
from eegssl.corpus.concerns.subject_concerns import advice_on_subjects
from eegssl.corpus.inventory.shards import Shard, require_same_number
from eegssl.corpus.preprocessing.corpus_splits import official_splits
from eegssl.corpus.preprocessing.file_outcomes import scan_outcome, stored_outcome
from eegssl.corpus.preprocessing.source_files import Naming, subject_table
from eegssl.errors import InputError
from eegssl.io.config import SubjectSettings
from eegssl.io.tables.participants import is_synthetic
from eegssl.stages.preprocessing.corpus_look import CorpusLook

Row = dict[str, Any]


@dataclass(frozen=True)
class RecordingsDraft:
    """Recordings that are being made.

    ``official`` splits (unit -> split, or None) and ``people`` (subject, age, sex) are by hashed
    id; ``synthetic`` is whether eegssl made the data.
    """

    look: CorpusLook
    official: dict[str, str] | None
    people: dict[str, tuple[str, str, str]]
    synthetic: bool
    writer: ArtifactWriter
    context: Context
    kept: Mapping[str, Row] = field(default_factory=dict)
    """What reading files gave when the recordings were made that are updated, by id."""


def begin_draft(
    look: CorpusLook,
    roots: Sequence[Path],
    context: Context,
    shard: Shard | None = None,
    kept: Mapping[str, Row] | None = None,
) -> RecordingsDraft | Result:
    """Begin the recordings or one shard of them; or return the result where none are to be made.

    With ``kept`` what stands there is updated. Its manifest goes first: a kill then leaves an
    unfinished folder.

    Raises InputError where no file can be used or there are too few subjects to split.
    """
    config, scan, naming = look.config, look.scan, look.naming
    advice = advice_on_subjects(look.seen)
    official = official_splits(scan, config.splits, config.subjects, naming, advice)
    people = _people(roots, config.subjects, naming, context)
    synthetic = _is_synthetic(roots, context)
    files = [[id_, scan.subjects.get(id_), row["hashes"]] for id_, row in scan.files.items()]
    inputs = [("edf-folder", hash_json([files, official, people, look.aliases, synthetic]))]
    if shard is None:
        writer = context.begin(CONTRACT, config, inputs, update=kept is not None)
    else:
        check = partial(require_same_number, context.out, shard)
        writer = context.join(CONTRACT, config, inputs, shard.name, check)
    if isinstance(writer, Result):
        return _not_made(writer, look, context)
    return RecordingsDraft(look, official, people, synthetic, writer, context, kept or {})


def _not_made(result: Result, look: CorpusLook, context: Context) -> Result:
    """The result of a dry run, or of recordings that are there already, with all their warnings."""
    if not result.id:
        return replace(result, beside=scan_outcome(look.scan))
    for warning in result.facts["warnings"]:
        if warning not in context.warnings:
            context.warn(warning)
    warnings = tuple(context.warnings)
    return replace(result, beside=stored_outcome(context.out), warnings=warnings)


def _people(
    roots: Sequence[Path], subjects: SubjectSettings, naming: Naming, context: Context
) -> dict[str, tuple[str, str, str]]:
    """Age and sex of subjects; a table of them that can't be used is told, and costs only them."""
    try:
        return subject_table(roots, subjects, naming)
    except InputError as error:
        context.warn(f"ages and sexes are left out: {error}")
        return {}


def _is_synthetic(roots: Sequence[Path], context: Context) -> bool:
    """Whether eegssl made the data, by a description at the roots or up to three folders above."""
    answers = []
    for folder in dict.fromkeys(p for root in roots for p in (root, *root.resolve().parents[:3])):
        try:
            answers.append(is_synthetic(folder))
        except InputError as error:
            context.warn(f"whether the data are synthetic is left open: {error}")
    return any(answers)

"""Preprocess folders of EEG files to clean recordings, split by subject.

In three steps: scan every file (the fingerprint), decide what is left open (the plan), and make
the recordings. Each file is read in a worker process under limits of time and memory.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eegssl.artifacts.atomic import atomic_path, canonical_json, hash_json
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.output_state import WORK, require_room
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.config.plan import Plan, decide, to_toml
from eegssl.config.settings import public_values
from eegssl.corpus.audits.recordings_contract import CHANNELS, CHANNELS_CELLS, CONTRACT
from eegssl.corpus.channels.overrides import channel_rules
from eegssl.corpus.concerns import concern_kinds
from eegssl.corpus.concerns.concern import CONCERNS, Concerns, Looked, as_facts, as_table, tell
from eegssl.corpus.concerns.subject_concerns import advice_on_subjects
from eegssl.corpus.finished_rows import finished_row, remove_recordings
from eegssl.corpus.preprocessing.cleaning import CleaningSettings
from eegssl.corpus.preprocessing.clips import read_clip
from eegssl.corpus.preprocessing.corpus_splits import official_splits
from eegssl.corpus.preprocessing.corpus_tables import join_tables
from eegssl.corpus.preprocessing.file_outcomes import scan_outcome, stored_outcome
from eegssl.corpus.preprocessing.file_profile import channel_audit, labels_as_written
from eegssl.corpus.preprocessing.file_scan import FileScan, clip_files, scan_files
from eegssl.corpus.preprocessing.ingest import SIGNALS, ingest
from eegssl.corpus.preprocessing.opened_file import IngestSettings
from eegssl.corpus.preprocessing.recording_tables import (
    PEOPLE_CELLS,
    RECORDINGS,
    SUBJECTS,
    summarise,
    write_tables,
)
from eegssl.corpus.preprocessing.source_files import (
    Naming,
    find_sources,
    other_names,
    say_sources,
    subject_table,
)
from eegssl.corpus.preprocessing.workers import Failure, each
from eegssl.errors import InputError
from eegssl.io.labels.own_words import require_known
from eegssl.io.private.private_key import make_key, private_folder
from eegssl.io.private.pseudonyms import Pseudonyms, require_outside
from eegssl.io.tables.participants import is_synthetic
from eegssl.io.tables.tsv import format_tsv
from eegssl.reports.quality.quality_pages import write_quality_pages

LOOK = "look/index.html"
FINGERPRINT, PLAN_FILE = "fingerprint.json", "plan.toml"
_PLAN_FILES = (FINGERPRINT, PLAN_FILE, CHANNELS)
_ROWS, _CLIPS = "rows", "look"


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
        require_room(context.out, _PLAN_FILES)
    else:
        context.require_place(CONTRACT.kind)
    pseudonyms = _pseudonyms(context)
    naming = Naming(pseudonyms, config.corpus)
    require_known(config.events.words, config.events.every_row, config.events.markers)
    sources, passed_over = find_sources(roots, naming, config.events)
    context.progress.say(say_sources(sources))
    advance = context.progress.track("looked at", len(sources))
    settings = _settings(config, alone=len(sources) == 1)
    scan = scan_files(sources, settings, naming, jobs, config.limits, advance)
    plan = decide(scan.fingerprint, config)
    looked = Looked(scan, passed_over)
    for warning in plan.warnings:
        context.warn(warning)
    find = concern_kinds.of_plan if plan_only else concern_kinds.of_looked
    seen = tell(find(looked), context)
    aliases = other_names(config.subjects, naming, set(scan.subjects.values()))
    if not context.dry_run:  # before tables are read, which may name people without a recording
        for warning in pseudonyms.save():
            context.progress.warn(warning)
    if plan_only:
        return _write_plan(scan, plan, seen, context)
    advice = advice_on_subjects(seen)
    official = official_splits(scan, config.splits, config.subjects, naming, advice)
    people = _people(roots, config, naming, context)
    synthetic = _is_synthetic(roots, context)
    files = [[id_, scan.subjects.get(id_), row["hashes"]] for id_, row in scan.files.items()]
    inputs = [("edf-folder", hash_json([files, official, people, aliases, synthetic]))]
    writer = context.begin(CONTRACT, plan.config, inputs)
    if isinstance(writer, Result):
        return _not_made(writer, scan, context)
    rows = _ingest_all(scan, plan.config, writer, context, jobs)
    tables = join_tables(
        *(scan, rows, official, aliases, config.splits, context.seed), keep_text=config.keep_text
    )
    write_tables(writer, tables)
    concerns = [*seen, *tell(concern_kinds.of_tables(tables), context)]
    writer.write(CONCERNS, as_table(concerns))
    subjects = sorted({row["subject"] for row in tables.recordings})
    ages = [people.get(subject, (subject, "n/a", "n/a")) for subject in subjects]
    writer.write(SUBJECTS, format_tsv(list(PEOPLE_CELLS), ages))
    _write_findings(writer.write, scan, plan)
    facts = summarise(tables) | {
        "refused_by_code": dict(sorted(Counter(row[2] for row in tables.refused).items())),
        "sfreq_hz": config.filter.sfreq_hz,
        "phase": config.filter.phase,
        "montage": config.montage.reference,
        "quality_window_s": config.quality.window_s,
        "other_formats": passed_over.other_formats,
        "synthetic": synthetic,
        "concerns": as_facts(concerns),
    }
    clips = sorted((writer.work / _CLIPS).glob("*.npz"))
    write_quality_pages(writer.path, map(read_clip, clips), facts)
    result = context.finish(writer, facts, bulk={SIGNALS: RECORDINGS})
    unread = labels_as_written(scan.files, unread=True)
    return replace(result, beside=stored_outcome(context.out), names=unread)


def _pseudonyms(context: Context) -> Pseudonyms:
    """The user's pseudonyms, whose key is made first where a run is to write anything."""
    require_outside(private_folder(), context.out)
    if not context.dry_run:
        for warning in make_key(private_folder()):
            context.progress.warn(warning)
    return Pseudonyms()


def _not_made(result: Result, scan: FileScan, context: Context) -> Result:
    """The result of a dry run, or of recordings that are there already, with all their warnings."""
    if not result.id:
        return replace(result, beside=scan_outcome(scan))
    for warning in result.facts["warnings"]:
        if warning not in context.warnings:
            context.warn(warning)
    warnings = tuple(context.warnings)
    return replace(result, beside=stored_outcome(context.out), warnings=warnings)


def _people(
    roots: Sequence[Path], config: PreprocessConfig, naming: Naming, context: Context
) -> dict[str, tuple[str, str, str]]:
    """Age and sex of subjects; a table of them that can't be used is told, and costs only them."""
    try:
        return subject_table(roots, config.subjects, naming)
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


def _settings(config: PreprocessConfig, *, alone: bool) -> IngestSettings:
    """How a file becomes recordings; one file alone is of one person, whatever it is called."""
    subjects = config.subjects.model_copy(update={"unknown": "file"} if alone else {})
    return IngestSettings(
        CleaningSettings(config.filter, config.montage, config.quality),
        config.read,
        subjects,
        config.events,
        config.look,
        config.keep_text,
        channel_rules(config.channels, config.read),
    )


def _write_plan(scan: FileScan, plan: Plan, seen: Concerns, context: Context) -> Result:
    """Write the fingerprint and the plan, and nothing else."""
    require_room(context.out, _PLAN_FILES)
    facts = {k: v for k, v in scan.fingerprint.items() if k not in ("channels", "refused")}
    facts |= {"refused": len(scan.files) - scan.fingerprint["readable"]}
    facts |= {"concerns": as_facts(seen)}

    def write(name: str, text: str) -> None:
        with atomic_path(context.out / name) as path:
            path.write_text(text, encoding="utf-8")

    if not context.dry_run:
        lock = context.hold()
        _write_findings(write, scan, plan)
        lock.release()
        context.progress.say(f"read and edit {context.out / PLAN_FILE}, then give it to --config")
    return Result(
        *(context.out, "plan", "would make" if context.dry_run else "made", facts),
        public_values(plan.config),
        warnings=tuple(context.warnings),
        beside=scan_outcome(scan),
        names=labels_as_written(scan.files),
    )


def _write_findings(write: Callable[[str, str], None], scan: FileScan, plan: Plan) -> None:
    write(FINGERPRINT, canonical_json(scan.fingerprint, indent=1) + "\n")
    write(PLAN_FILE, to_toml(plan))
    rows = [
        [row.label, row.became or "n/a", row.kind, row.reference or "n/a", row.n]
        for row in channel_audit(scan.files)
    ]
    write(CHANNELS, format_tsv(list(CHANNELS_CELLS), rows))


def _ingest_all(
    scan: FileScan, config: PreprocessConfig, writer: ArtifactWriter, context: Context, jobs: int
) -> list[dict[str, Any]]:
    """Ingest what isn't there yet; a row of each lies in the scratch, so a kill costs little."""
    todo = [source for source in scan.sources if source.id in scan.subjects]
    shown = clip_files(scan, config.look.recordings)
    advance = context.progress.track("recordings", len(todo))
    rows, tasks = [], []
    settings = _settings(config, alone=len(scan.sources) == 1)
    for source in todo:
        path = writer.path / WORK / _ROWS / f"{source.id}.json"
        clip = writer.work / _CLIPS / f"{source.id}.npz" if source.id in shown else None
        row = finished_row(path, writer.path, clip) if os.path.lexists(path) else None
        if row is not None:
            rows.append(row)
        else:
            if os.path.lexists(path):
                context.progress.warn(f"{source.id} is not whole in {writer.path}: made anew")
            subject = scan.subjects[source.id]
            file = scan.scanned[source.id]
            tasks.append((source, file, subject, settings, writer.path, clip))
    advance(len(rows))
    for number, row in each(ingest, tasks, jobs, config.limits):
        if isinstance(row, Failure):
            row = {"file": tasks[number][0].id, "refused": [row.code, row.reason]}
        if "refused" in row:
            remove_recordings(row["file"], writer.path, tasks[number][-1])
        writer.write_json(f"{WORK}/{_ROWS}/{row['file']}.json", row)
        rows.append(row)
        advance(len(rows))
    return sorted(rows, key=lambda row: row["file"])

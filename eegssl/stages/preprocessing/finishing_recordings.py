"""Join what was made of each file to a recordings artifact."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eegssl.artifacts.atomic import hash_file
from eegssl.artifacts.context import Result
from eegssl.artifacts.manifest import CLIPS, SOURCE_ROWS
from eegssl.corpus.concerns import concern_kinds
from eegssl.corpus.concerns.concern import CONCERNS, as_facts, as_table, tell
from eegssl.corpus.concerns.split_concerns import shares_in_words, shares_of_splits
from eegssl.corpus.inventory.source_rows import write_source_rows
from eegssl.corpus.preprocessing.clips import read_clip
from eegssl.corpus.preprocessing.corpus_tables import join_tables
from eegssl.corpus.preprocessing.file_outcomes import stored_outcome
from eegssl.corpus.preprocessing.file_profile import labels_as_written
from eegssl.corpus.preprocessing.ingest import SIGNALS
from eegssl.corpus.preprocessing.recording_tables import (
    ANNOTATIONS,
    PEOPLE_CELLS,
    RECORDINGS,
    SUBJECTS,
    summarise,
    write_tables,
)
from eegssl.corpus.processes.engine import Engine
from eegssl.corpus.processes.workers import Failure
from eegssl.io.tables.tsv import format_tsv
from eegssl.reports.quality.quality_pages import (
    LOOK,
    draw_page,
    facts_of_pages,
    page_key,
    page_path,
    write_index,
)
from eegssl.stages.preprocessing.making_recordings import CLIP, PAGE
from eegssl.stages.preprocessing.plan_files import write_findings
from eegssl.stages.preprocessing.recordings_draft import RecordingsDraft

Row = dict[str, Any]


def finish_recordings(draft: RecordingsDraft, rows: Sequence[Row], engine: Engine) -> Result:
    """Write all that describes the corpus, from a row of each file in the order of their ids.

    Pages are drawn by the processes of ``engine``. Raises InputError where no recording is left.
    """
    look, writer, context = draft.look, draft.writer, draft.context
    scan, config = look.scan, look.config
    tables = join_tables(
        *(scan, rows, draft.official, look.aliases, config.splits, context.seed),
        keep_text=config.keep_text,
    )
    write_tables(writer, tables)
    concerns = [*look.seen, *tell(concern_kinds.of_tables(tables), context)]
    writer.write(CONCERNS, as_table(concerns))
    subjects = sorted({row["subject"] for row in tables.recordings})
    ages = [draft.people.get(subject, (subject, "n/a", "n/a")) for subject in subjects]
    writer.write(SUBJECTS, format_tsv(list(PEOPLE_CELLS), ages))
    if tables.asked is not None:
        context.progress.say(shares_in_words(tables.splits, tables.asked, tables.split_by))
    facts = (
        summarise(tables)
        | shares_of_splits(tables)
        | {
            "refused_by_code": dict(sorted(Counter(row[2] for row in tables.refused).items())),
            "sfreq_hz": config.filter.sfreq_hz,
            "phase": config.filter.phase,
            "montage": config.montage.reference,
            "quality_window_s": config.quality.window_s,
            "other_formats": look.passed_over.other_formats,
            "synthetic": draft.synthetic,
            "concerns": as_facts(concerns),
        }
    )
    pages, rows = _write_pages(draft, rows, facts, engine)
    with writer.writing(SOURCE_ROWS) as path:
        write_source_rows(path, rows)
    write_findings(writer.path, look)  # after the rows: what an update need not scan is in them
    signals = [Path(f"{row['recording']}.safetensors") for row in tables.recordings]
    _remove_others(writer.path / SIGNALS, signals)
    _remove_others(writer.path / LOOK, pages)
    _remove_others(writer.path / CLIPS, [_clip_path(draft, row) for row in rows if CLIP in row])
    if tables.texts is None:
        (writer.path / ANNOTATIONS).unlink(missing_ok=True)
    result = context.finish(writer, facts, bulk={SIGNALS: RECORDINGS})
    unread = labels_as_written(scan.files, unread=True)
    return replace(result, beside=stored_outcome(context.out), names=unread)


def _write_pages(
    draft: RecordingsDraft, rows: Sequence[Row], facts: dict[str, Any], engine: Engine
) -> tuple[list[Path], list[Row]]:
    """Write the pages that do not stand there already; the rows say what each was made from."""
    out = draft.writer.path
    shown = {row["kept"][0]["recording"]: row for row in rows if CLIP in row}
    keys = {id_: page_key(facts, id_, row[CLIP]) for id_, row in shown.items()}
    lacking = [
        _clip_path(draft, row)
        for id_, row in shown.items()
        if not page_path(out, id_).is_file() or row.get(PAGE) != _page(out, id_, keys[id_])
    ]
    _draw_pages(draft, lacking, facts, engine)
    clips = (read_clip(_clip_path(draft, row)) for row in shown.values())
    paths = [*(page_path(out, id_) for id_ in shown), write_index(out, clips, facts)]
    pages = {row["file"]: _page(out, id_, keys[id_]) for id_, row in shown.items()}
    return paths, [row | {PAGE: pages[row["file"]]} if CLIP in row else row for row in rows]


def _draw_pages(
    draft: RecordingsDraft, clips: Sequence[Path], facts: dict[str, Any], engine: Engine
) -> None:
    """Draw the pages of these clips; one that a process fails at is drawn here, and told."""
    if not clips:
        return
    advance = draft.context.progress.track("pages", len(clips))
    tasks = [(draft.writer.path, clip, facts_of_pages(facts)) for clip in clips]
    ended = engine.each(draw_page, tasks, draft.look.config.limits)
    for n_drawn, (number, answer) in enumerate(ended, start=1):
        if isinstance(answer, Failure):
            draft.context.progress.say(
                f"a process failed to draw a page ({answer.reason}): it is drawn by the command"
            )
            draw_page(*tasks[number])
        advance(n_drawn)


def _page(out: Path, recording: str, key: str) -> list[str]:
    """What a page was made from and the hash of its bytes."""
    return [key, hash_file(page_path(out, recording))]


def _clip_path(draft: RecordingsDraft, row: Row) -> Path:
    return draft.writer.path / CLIPS / f"{row['file']}.npz"


def _remove_others(folder: Path, made: Sequence[Path]) -> None:
    """Remove what recordings left in a folder that are there no longer."""
    names = {path.name for path in made}
    for path in folder.glob("*"):
        if path.name not in names:
            path.unlink()

"""Make the recordings of files, and keep what is made already."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from eegssl.artifacts.output_state import WORK
from eegssl.corpus.finished_rows import finished_row, held_small, remove_recordings
from eegssl.corpus.inventory.corpus_inventory import file_bytes
from eegssl.corpus.inventory.planned_files import CHANGED, ingest_as_planned
from eegssl.corpus.preprocessing.file_scan import clip_files
from eegssl.corpus.preprocessing.ingest import ingest
from eegssl.corpus.processes.workers import Failure, each
from eegssl.stages.preprocessing.recordings_draft import RecordingsDraft

CLIPS = "look"
_ROWS = "rows"
Row = dict[str, Any]


def make_recordings(
    draft: RecordingsDraft, jobs: int, ids: Collection[str] | None = None
) -> list[Row]:
    """Ingest what isn't there yet of all files, or of those with ``ids``; the largest first.

    A row of each lies in the scratch, so a kill costs little. Returns them in the order of ids.
    """
    look, writer, context = draft.look, draft.writer, draft.context
    scan, settings = look.scan, look.settings
    todo = [s for s in scan.sources if s.id in (scan.subjects if ids is None else ids)]
    todo.sort(key=lambda source: -file_bytes(scan.files[source.id]))
    clips = clip_paths(draft)
    hours = {s.id: scan.files[s.id]["duration_s"] / 3600 for s in todo}
    advance = context.progress.files("recordings", len(todo), sum(hours.values()))
    rows, tasks, done_h, refused = [], [], 0.0, 0
    for source in todo:
        row = stored_row(draft, source.id, clips.get(source.id))
        if row is not None and row.get("refused", [""])[0] != CHANGED:
            rows.append(row)
            done_h, refused = done_h + hours[source.id], refused + ("refused" in row)
            continue
        if row is None and os.path.lexists(_row_path(draft, source.id)):
            context.progress.warn(f"{source.id} is not whole in {writer.path}: made anew")
        known: Any = scan.files[source.id]["hashes"] if look.inventory else scan.scanned[source.id]
        subject = scan.subjects[source.id]
        tasks.append((source, known, subject, settings, writer.path, clips.get(source.id)))
    advance(len(rows), done_h, refused)
    function = ingest_as_planned if look.inventory else ingest
    for number, row in each(function, tasks, jobs, look.config.limits):
        if isinstance(row, Failure):
            row = {"file": tasks[number][0].id, "refused": [row.code, row.reason]}
        if "refused" in row:
            remove_recordings(row["file"], writer.path, tasks[number][-1])
        writer.write_json(f"{WORK}/{_ROWS}/{row['file']}.json", row)
        rows.append(held_small(row))
        done_h, refused = done_h + hours[row["file"]], refused + ("refused" in row)
        advance(len(rows), done_h, refused)
    return sorted(rows, key=lambda row: row["file"])


def clip_paths(draft: RecordingsDraft) -> dict[str, Path]:
    """File -> where the clip lies that its page is drawn from, of those that have a page."""
    shown = clip_files(draft.look.scan, draft.look.config.look.recordings)
    return {id_: draft.writer.path / WORK / CLIPS / f"{id_}.npz" for id_ in shown}


def stored_row(draft: RecordingsDraft, id_: str, clip: Path | None) -> Row | None:
    """What was stored of a file's recordings, None where it is not whole."""
    path = _row_path(draft, id_)
    return finished_row(path, draft.writer.path, clip) if os.path.lexists(path) else None


def _row_path(draft: RecordingsDraft, id_: str) -> Path:
    return draft.writer.path / WORK / _ROWS / f"{id_}.json"

"""Make the recordings of files, and keep what is made already."""

import os
from typing import Any

from eegssl.artifacts.output_state import WORK
from eegssl.corpus.finished_rows import finished_row, remove_recordings
from eegssl.corpus.preprocessing.file_scan import clip_files
from eegssl.corpus.preprocessing.ingest import ingest
from eegssl.corpus.preprocessing.workers import Failure, each
from eegssl.stages.preprocessing.recordings_draft import RecordingsDraft

CLIPS = "look"
_ROWS = "rows"


def make_recordings(draft: RecordingsDraft, jobs: int) -> list[dict[str, Any]]:
    """Ingest what isn't there yet; a row of each lies in the scratch, so a kill costs little."""
    look, writer, context = draft.look, draft.writer, draft.context
    scan, config, settings = look.scan, look.config, look.settings
    todo = [source for source in scan.sources if source.id in scan.subjects]
    shown = clip_files(scan, config.look.recordings)
    advance = context.progress.track("recordings", len(todo))
    rows, tasks = [], []
    for source in todo:
        path = writer.path / WORK / _ROWS / f"{source.id}.json"
        clip = writer.work / CLIPS / f"{source.id}.npz" if source.id in shown else None
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

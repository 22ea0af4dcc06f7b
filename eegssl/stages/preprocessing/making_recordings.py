"""Make the recordings of files, and keep what is made already."""

import os
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from eegssl.artifacts.atomic import hash_json
from eegssl.artifacts.json_parts import read_json
from eegssl.artifacts.manifest import CLIPS
from eegssl.artifacts.output_state import WORK
from eegssl.corpus.finished_rows import (
    finished_row,
    has_signals,
    held_small,
    remove_recordings,
)
from eegssl.corpus.inventory.corpus_inventory import file_bytes
from eegssl.corpus.inventory.made_from import MADE_FROM, KeyOfFile
from eegssl.corpus.inventory.planned_files import CHANGED, ingest_known
from eegssl.corpus.preprocessing.file_scan import clip_files
from eegssl.corpus.preprocessing.ingest import labelled_anew
from eegssl.corpus.processes.engine import Engine
from eegssl.corpus.processes.workers import Failure
from eegssl.stages.preprocessing.recordings_draft import RecordingsDraft

CLIP, PAGE = "clip", "page"
"""Keys of a file's row: hashes of what its clip and its page were made from."""
_ROWS = "rows"
_INGESTED = f"{WORK}/ingested.json"
_IDS = TypeAdapter(list[str])
Row = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """What was made of files: a row of each in the order of ids, and numbers of files."""

    rows: list[Row]
    n_ingested: int
    n_labelled: int


@dataclass(frozen=True)
class _Clip:
    """Where the clip of a file lies, and the hash of what it is made from."""

    path: Path
    key: str


def make_recordings(
    draft: RecordingsDraft, engine: Engine, ids: Collection[str] | None = None
) -> Made:
    """Ingest what isn't there yet of all files, or of those with ``ids``; the largest first.

    A row of each lies in the scratch, so a kill costs little.
    """
    look, writer, context = draft.look, draft.writer, draft.context
    scan, settings = look.scan, look.settings
    todo = [s for s in scan.sources if s.id in (scan.subjects if ids is None else ids)]
    todo.sort(key=lambda source: -file_bytes(scan.files[source.id]))
    key_of_file = KeyOfFile(settings, look.naming)
    keys = {source.id: key_of_file.of(scan.files[source.id]) for source in todo}
    clips = _clips(draft, keys)
    hours = {s.id: scan.files[s.id]["duration_s"] / 3600 for s in todo}
    advance = context.progress.files("recordings", len(todo), sum(hours.values()))
    rows, tasks, n_labelled, done_h, refused = [], [], 0, 0.0, 0
    for source in todo:
        id_, key, clip = source.id, keys[source.id], clips.get(source.id)
        row = _scratch_row(draft, id_, key, clip) or _kept_row(draft, id_, key, clip)
        if row is not None:
            n_labelled += row[MADE_FROM] != key
            rows.append(_labelled(draft, row, key))
            done_h, refused = done_h + hours[id_], refused + ("refused" in row)
            continue
        known = scan.scanned.get(id_) or scan.files[id_]["hashes"]
        path = clip.path if clip else None
        tasks.append((source, known, scan.subjects[id_], settings, writer.path, path))
    advance(len(rows), done_h, refused)
    if tasks:
        engine.require_shared(writer.work)
    _note_ingested(draft, [source.id for source, *_ in tasks])
    for number, row in engine.each(ingest_known, tasks, look.config.limits):
        if isinstance(row, Failure):
            row = {"file": tasks[number][0].id, "refused": [row.code, row.reason]}
        row = row | {MADE_FROM: keys[row["file"]]}
        if "refused" in row:
            remove_recordings(row["file"], writer.path, tasks[number][-1])
        elif clip := clips.get(row["file"]):
            row[CLIP] = clip.key
        writer.write_json(f"{WORK}/{_ROWS}/{row['file']}.json", row)
        rows.append(held_small(row))
        done_h, refused = done_h + hours[row["file"]], refused + ("refused" in row)
        advance(len(rows), done_h, refused)
    return Made(sorted(rows, key=lambda row: row["file"]), len(tasks), n_labelled)


def clip_paths(draft: RecordingsDraft) -> dict[str, Path]:
    """File -> where the clip lies that its page is drawn from, of those that have a page."""
    shown = clip_files(draft.look.scan, draft.look.config.look.recordings)
    return {id_: draft.writer.path / CLIPS / f"{id_}.npz" for id_ in shown}


def _clips(draft: RecordingsDraft, keys: Mapping[str, list[str]]) -> dict[str, _Clip]:
    """The clips of those files that have a page; ``keys`` are of all files to be made."""
    scan, window_s = draft.look.scan, draft.look.config.look.window_s
    return {
        id_: _Clip(path, hash_json([*keys[id_], scan.subjects[id_], window_s]))
        for id_, path in clip_paths(draft).items()
        if id_ in keys
    }


def stored_row(draft: RecordingsDraft, id_: str, clip: Path | None) -> Row | None:
    """What was stored of a file's recordings, None where it is not whole."""
    path = _row_path(draft, id_)
    return finished_row(path, draft.writer.path, clip) if os.path.lexists(path) else None


def ingested_before(out: Path) -> frozenset[str]:
    """Ids of files whose signals an update that did not end may have replaced."""
    path = out / _INGESTED
    return frozenset(read_json(path, _IDS) if path.exists() else ())


def _scratch_row(
    draft: RecordingsDraft, id_: str, key: list[str], clip: _Clip | None
) -> Row | None:
    """The row that this run left when it was interrupted."""
    row = stored_row(draft, id_, clip.path if clip else None)
    if row is None:
        if os.path.lexists(_row_path(draft, id_)):
            draft.context.progress.warn(f"{id_} is not whole in {draft.writer.path}: made anew")
        return None
    is_other = row.get("refused", [""])[0] == CHANGED or row.get(MADE_FROM) != key
    is_other |= clip is not None and "kept" in row and row.get(CLIP) != clip.key
    return None if is_other else _as_now(draft, row, clip)


def _kept_row(draft: RecordingsDraft, id_: str, key: list[str], clip: _Clip | None) -> Row | None:
    """The row of the recordings that are updated, where their signals would be the same.

    One with other labels counts where the file was scanned. What has a page needs its clip, too.
    """
    row = draft.kept.get(id_)
    if row is None or row[MADE_FROM][0] != key[0]:
        return None
    if row[MADE_FROM] != key and id_ not in draft.look.scan.scanned:
        return None
    if clip is not None and (row.get(CLIP) != clip.key or not zipfile.is_zipfile(clip.path)):
        return None
    return _as_now(draft, row, clip) if has_signals(row, draft.writer.path) else None


def _labelled(draft: RecordingsDraft, row: Row, key: list[str]) -> Row:
    """The row with the labels of the file as they are now."""
    if row[MADE_FROM] == key:
        return row
    scanned = draft.look.scan.scanned[row["file"]]
    return labelled_anew(scanned, row, keep_text=draft.look.config.keep_text) | {MADE_FROM: key}


def _as_now(draft: RecordingsDraft, row: Row, clip: _Clip | None) -> Row:
    """The row with the file's subject as it is now, and without its page where it has none."""
    if "kept" not in row:
        return row
    if clip is None:
        row = {name: value for name, value in row.items() if name not in (CLIP, PAGE)}
    subject = {"subject": draft.look.scan.subjects[row["file"]]}
    return row | {"kept": [fields | subject for fields in row["kept"]]}


def _note_ingested(draft: RecordingsDraft, ids: Collection[str]) -> None:
    """Note, before signals are replaced, that what was kept of these files no longer counts."""
    if draft.kept and ids:
        noted = ingested_before(draft.writer.path) | set(ids)
        draft.writer.write_json(_INGESTED, sorted(noted))


def _row_path(draft: RecordingsDraft, id_: str) -> Path:
    return draft.writer.path / WORK / _ROWS / f"{id_}.json"

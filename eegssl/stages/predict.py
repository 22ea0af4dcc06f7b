"""Predict new files with a model.

Each file is cleaned as the recordings were that the model learned from, by the same code, into a
scratch folder; what was cleaned is removed once its windows are answered.
"""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eegssl.artifacts.atomic import hash_json
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.manifest import inputs_of
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.stages import EvaluateConfig, PredictConfig
from eegssl.corpus.audits.temporal_leaks import audit_model
from eegssl.corpus.finished_rows import remove_recordings
from eegssl.corpus.new_files.cleaned_alike import corpus_of, settings_like
from eegssl.corpus.preprocessing.file_scan import FileScan, scan_files
from eegssl.corpus.preprocessing.ingest import ingest
from eegssl.corpus.preprocessing.source_files import Naming, Source, find_sources, say_sources
from eegssl.corpus.preprocessing.workers import Failure, each
from eegssl.errors import InputError, RecordingRefused
from eegssl.io.private.private_key import make_key, private_folder
from eegssl.io.private.pseudonyms import Pseudonyms, require_outside
from eegssl.io.tables.tsv import format_tsv
from eegssl.regular_files import read_text
from eegssl.tasks.base import PREDICTIONS
from eegssl.tasks.new_predictions import FILES, FILES_CELLS, NAMES, predictions_contract
from eegssl.tasks.one_file.file_reader import FileReader, open_reader
from eegssl.tasks.table import read_table, stack_tables, write_table

Row = dict[str, Any]
_ROWS, _TABLES, _SCRATCH = "rows", "tables", "scratch"


def run(
    config: PredictConfig,
    model: Path,
    roots: Sequence[Path],
    context: Context,
    *,
    jobs: int = 0,
    detector: Path | None = None,
) -> Result:
    """Make an artifact of predictions: what a model finds in files that it never saw.

    A model that tells given events apart is told of those that a ``detector`` finds.

    A file that can't be read, or does not fit the model, is a row with its reason. Raises
    InputError where none can be used, ConfigError for a model that reads no new files.
    """
    reader = open_reader(model, detector)
    for name in reader.not_given({"read": config.read, "channels": config.channels}):
        context.warn(
            f"the model's recordings were read with {name}, whose value no model repeats since it "
            f"may name people: give it again (--set {name}=…) if these files are of the same kind"
        )
    naming = _naming(config, context)
    sources, _ = find_sources(roots, naming)
    context.progress.say(say_sources(sources))
    settings = settings_like(reader.cleaned, config.read, config.channels, config.subjects)
    jobs = jobs or os.cpu_count() or 1
    advance = context.progress.track("looked at", len(sources))
    scan = scan_files(sources, settings, naming, jobs, config.limits, advance)
    if not context.dry_run:
        for warning in naming.save():
            context.progress.warn(warning)
    hashes = [[id_, row["hashes"]] for id_, row in scan.files.items()]
    inputs = [*inputs_of(reader.artifact), ("eeg-files", hash_json(hashes))]
    if reader.detector:
        inputs += [("detector", reader.detector.artifact.manifest.id)]
    contract = predictions_contract(reader.unlabelled)
    writer = context.begin(contract, config, inputs, names=NAMES)
    if isinstance(writer, Result):
        return writer
    rows = [_refusal(id_, row["refused"]) for id_, row in scan.files.items() if "refused" in row]
    todo = [source for source in sources if source.id in scan.subjects]
    trial = EvaluateConfig(batch_size=config.batch_size, device=config.device)
    rows += _read_all(reader, trial, todo, scan, settings, writer, context, jobs, config)
    return _finish(reader, rows, writer, context)


def _naming(config: PredictConfig, context: Context) -> Naming:
    require_outside(private_folder(), context.out)
    if not context.dry_run:
        for warning in make_key(private_folder()):
            context.progress.warn(warning)
    return Naming(Pseudonyms(), config.corpus)


def _refusal(file: str, why: Sequence[str]) -> Row:
    return {"file": file, "refused": list(why)}


def _read_all(
    reader: FileReader,
    config: EvaluateConfig,
    todo: Sequence[Source],
    scan: FileScan,
    settings: Any,
    writer: ArtifactWriter,
    context: Context,
    jobs: int,
    given: PredictConfig,
) -> list[Row]:
    """Read what isn't there yet, so many files at once as there are jobs."""
    scratch = writer.work / _SCRATCH
    advance = context.progress.track("files", len(todo))
    done = {one.id: row for one in todo if (row := _finished(one.id, writer)) is not None}
    todo, rows = [one for one in todo if one.id not in done], list(done.values())
    advance(len(rows))
    for begin in range(0, len(todo), jobs):
        some = todo[begin : begin + jobs]
        tasks = [
            (one, scan.scanned[one.id], scan.subjects[one.id], settings, scratch, None)
            for one in some
        ]
        for number, row in each(ingest, tasks, jobs, given.limits):
            source = some[number]
            if isinstance(row, Failure):
                row = _refusal(source.id, (row.code, row.reason))
            if "refused" not in row:
                row = _answer(reader, config, row, scan, scratch, writer, context)
            remove_recordings(source.id, scratch, None)
            writer.write_json(f"work/{_ROWS}/{source.id}.json", row)
            rows.append(row)
            advance(len(rows))
    return rows


def _finished(file: str, writer: ArtifactWriter) -> Row | None:
    """What an interrupted run wrote of a file, last of all; None where that is not whole."""
    try:
        row: Row = json.loads(read_text(writer.work / _ROWS / f"{file}.json"))
    except (OSError, ValueError):
        return None
    table = writer.work / _TABLES / f"{file}.parquet"
    whole = "refused" in row or table.is_file()
    return row if whole and row.get("file") == file else None


def _answer(
    reader: FileReader,
    config: EvaluateConfig,
    row: Row,
    scan: FileScan,
    scratch: Path,
    writer: ArtifactWriter,
    context: Context,
) -> Row:
    """Predict the recordings of one file; returns what the table of files says of it."""
    file = row["file"]
    try:
        span_s = scan.scanned[file].header.span_s
        read = reader.read(row["kept"], scratch, span_s, config, context)
    except RecordingRefused as refusal:
        return _refusal(file, (refusal.code, refusal.reason))
    with writer.writing(f"work/{_TABLES}/{file}.parquet") as path:
        write_table(path, read.table)
    answer = read.answer
    for name, text in reader.unlabelled.texts(read.table, answer).items():
        writer.write(name, text)
    return {
        "file": file,
        "duration_s": answer.file.span_s,
        "answer": " ".join(answer.answer.split()),
        "value": answer.value,
        "missing": list(answer.file.missing),
        "kept": row["kept"],
        **({"events": len(answer.onset_s)} if answer.detects else {}),
    }


def _finish(
    reader: FileReader, rows: list[Row], writer: ArtifactWriter, context: Context
) -> Result:
    """Join the tables of all files, and finish the artifact."""
    rows = sorted(rows, key=lambda row: row["file"])
    read = [row for row in rows if "refused" not in row]
    if not read:
        reasons = "; ".join(f"{row['file']}: {row['refused'][1]}" for row in rows[:3])
        raise InputError(f"none of {len(rows)} file(s) can be used: {reasons}")
    paths = [writer.work / _TABLES / f"{row['file']}.parquet" for row in read]
    corpus = corpus_of([fields for row in read for fields in row["kept"]], writer.path)
    audit = audit_model(reader.artifact, corpus, corpus.recordings)
    leaks = [leak.in_words() for leak in audit]
    view = reader.unlabelled.view
    table = stack_tables([read_table(path, view) for path in paths]).with_leaks(leaks)
    with writer.writing(PREDICTIONS) as path:
        write_table(path, table)
    writer.write(FILES, format_tsv(list(FILES_CELLS), list(map(_cells, rows))))
    if refused := len(rows) - len(read):
        context.warn(f"{refused} of {len(rows)} file(s) were refused: {FILES} says why")
    if n := sum(bool(row["missing"]) for row in read):
        context.warn(f"{n} file(s) lack channels that the model's recordings had ({FILES})")
    for leak in leaks:
        context.warn(f"the model was fitted on what it reads here: {leak}")
    facts = {
        "task": reader.artifact.manifest.facts["task"],
        "model": reader.artifact.manifest.id,
        **({"detector": reader.detector.artifact.manifest.id} if reader.detector else {}),
        "files": len(rows),
        "accepted": len(read),
        "refused": refused,
        "hours": round(sum(row["duration_s"] for row in read) / 3600, 4),
        "answers": dict(sorted(Counter(row["answer"] for row in read).items())),
        "fitted_on": reader.cohort["words"],
        "synthetic": reader.artifact.manifest.facts["synthetic"],
    }
    if counts := [row["events"] for row in read if "events" in row]:
        facts |= {"events": sum(counts), "files_with_events": sum(n > 0 for n in counts)}
    return context.finish(writer, facts)


def _cells(row: Mapping[str, Any]) -> list[str]:
    if "refused" in row:
        return [row["file"], "refused", *row["refused"], "n/a", "n/a", "n/a", "n/a"]
    missing = ",".join(row["missing"]) or "none"
    return [
        row["file"],
        "read",
        "n/a",
        "n/a",
        f"{row['duration_s']:.3f}",
        row["answer"],
        f"{row['value']:.6f}".rstrip("0").rstrip("."),
        missing,
    ]

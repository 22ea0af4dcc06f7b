"""Predict new files with a model.

Each file is cleaned as the recordings were that the model learned from, by the same code, into a
scratch folder; what was cleaned is removed once its windows are answered.
"""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eegssl.artifacts.atomic import hash_file, hash_json
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.manifest import inputs_of
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.stages import EvaluateConfig, PredictConfig
from eegssl.corpus.concerns import concern_kinds
from eegssl.corpus.concerns.concern import CONCERNS, Concerns, Looked, as_facts, as_table, tell
from eegssl.corpus.finished_rows import remove_recordings
from eegssl.corpus.new_files.cleaned_alike import corpus_of, settings_like
from eegssl.corpus.new_files.distinct_files import distinct_files
from eegssl.corpus.new_files.output_names import TASK, OutputNames, output_names
from eegssl.corpus.preprocessing.file_outcomes import none_usable, refused_rows, scan_outcome
from eegssl.corpus.preprocessing.file_scan import FileScan, scan_files
from eegssl.corpus.preprocessing.ingest import ingest
from eegssl.corpus.preprocessing.opened_file import IngestSettings
from eegssl.corpus.preprocessing.recording_tables import WHOLE_FILE, Tables
from eegssl.corpus.preprocessing.source_files import Naming, Source, find_sources, say_sources
from eegssl.corpus.processes.engine import Pool
from eegssl.corpus.processes.process_count import process_count
from eegssl.corpus.processes.workers import Failure
from eegssl.errors import ArtifactError, ConfigError, InputError, RecordingRefused
from eegssl.io.private.private_key import make_key, private_folder
from eegssl.io.private.pseudonyms import Pseudonyms, require_outside
from eegssl.io.tables.tsv import format_tsv
from eegssl.regular_files import read_text
from eegssl.tasks.base import PREDICTIONS
from eegssl.tasks.new_predictions import (
    FILES,
    FILES_CELLS,
    KIND,
    NAMES,
    file_cells,
    files_outcome,
    predictions_contract,
)
from eegssl.tasks.one_file.file_answer import ANSWERS
from eegssl.tasks.one_file.file_reader import FileReader, open_reader
from eegssl.tasks.one_file.outputs import Outputs
from eegssl.tasks.table import read_table, stack_tables, write_table
from eegssl.tasks.table_spec import View

Row = dict[str, Any]
_OF_READ = {"name", "duration_s", "answer", "value", "missing", "seen", "kept", "lost", "outputs"}
"""Keys of the row of a file that was read."""
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
    detects = reader.unlabelled.detects(reader.artifact)
    if not detects and set(config.formats) != {"tsv"}:
        raise ConfigError(
            f"formats: {', '.join(config.formats)} are of detected events, and this model detects "
            f"none: leave them out; what it answers is JSON, in {ANSWERS}/"
        )
    context.require_place(KIND, config)
    naming = _naming(config, context)
    every, passed_over = find_sources(roots, naming)
    sources = distinct_files(every)
    context.progress.say(say_sources(sources))
    if n := len(every) - len(sources):
        context.progress.say(f"{n} of the paths lead to a file that was given already: read once")
    settings = settings_like(reader.cleaned, config.read, config.channels, config.subjects)
    jobs, lowered = process_count(jobs, config.limits)
    if lowered:
        context.progress.say(lowered)
    advance = context.progress.track("looked at", len(sources))
    pool, unbounded = Pool(jobs), math.inf  # the events of all files are kept: none is read again
    scan = scan_files(sources, settings, naming, pool, config.limits, advance, unbounded)
    if not context.dry_run:
        for warning in naming.save():
            context.progress.warn(warning)
    seen = tell(concern_kinds.of_new_files(Looked(scan, passed_over)), context)
    looked = scan_outcome(scan)
    if not scan.subjects:
        raise InputError(none_usable(looked["refused"]), refused=looked["refused"])
    hashes = [[id_, row["hashes"]] for id_, row in scan.files.items()]
    inputs = [*inputs_of(reader.artifact), ("eeg-files", hash_json(hashes))]
    if reader.detector:
        inputs += [("detector", reader.detector.artifact.manifest.id)]
    contract = predictions_contract(reader.unlabelled)
    writer = context.begin(contract, config, inputs, names=NAMES)
    if isinstance(writer, Result):
        return _not_made(writer, looked, context)
    megabytes = math.ceil(_scratch_bytes(scan, settings, jobs) / 1e6)
    context.progress.say(
        f"clean signals take up to {megabytes:,} MB beside the output, and are removed when read"
    )
    rows = [_refusal(id_, row["refused"]) for id_, row in scan.files.items() if "refused" in row]
    task = TASK if detects else ""
    names = output_names(sources, scan.subjects, keep_names=config.keep_names, task=task)
    for note in names.notes():
        context.warn(note)
    this = _Run(reader, config, scan, settings, names, writer, context)
    rows += this.read_all([one for one in sources if one.id in scan.subjects], pool)
    return _finish(this, rows, seen)


def _not_made(result: Result, looked: dict[str, Any], context: Context) -> Result:
    """The result of a dry run, or of predictions that are there already, with all warnings."""
    if not result.id:
        return replace(result, beside=looked, warnings=tuple(context.warnings))
    for warning in result.facts["warnings"]:
        if warning not in context.warnings:
            context.warn(warning)
    outcome = files_outcome(context.out)
    return replace(result, beside=outcome, warnings=tuple(context.warnings))


def _naming(config: PredictConfig, context: Context) -> Naming:
    require_outside(private_folder(), context.out)
    if not context.dry_run:
        for warning in make_key(private_folder()):
            context.progress.warn(warning)
    return Naming(Pseudonyms(), config.corpus)


def _scratch_bytes(scan: FileScan, settings: IngestSettings, jobs: int) -> float:
    """Most bytes of clean signals on disk at once: those of the largest files."""
    cleaning = settings.cleaning
    mixed = cleaning.montage.reference != "keep"
    width = 4 if cleaning.filter.phase == "causal" else 2
    per_sample = width + (4 if mixed else 0)
    sizes = [
        row["duration_s"] * cleaning.filter.sfreq_hz * len(row["channels"]) * per_sample
        for row in scan.files.values()
        if "refused" not in row
    ]
    return sum(sorted(sizes)[-jobs:])


def _refusal(file: str, why: Sequence[str]) -> Row:
    return {"file": file, "refused": list(why)}


@dataclass(frozen=True)
class _Run:
    """One call of the command: the model, the files as they were scanned, and the artifact."""

    reader: FileReader
    config: PredictConfig
    scan: FileScan
    settings: IngestSettings
    names: OutputNames
    writer: ArtifactWriter
    context: Context

    @property
    def scratch(self) -> Path:
        """The folder of clean recordings that are being read."""
        return self.writer.work / _SCRATCH

    def read_all(self, todo: Sequence[Source], pool: Pool) -> list[Row]:
        """Read what isn't there yet, as many files at once as the pool has processes."""
        advance = self.context.progress.track("files", len(todo))
        view = self.reader.unlabelled.view
        finished = {one.id: _finished(one.id, self.writer, view) for one in todo}
        done = {id_: row for id_, row in finished.items() if row is not None}
        todo, rows = [one for one in todo if one.id not in done], list(done.values())
        advance(len(rows))
        for begin in range(0, len(todo), pool.jobs):
            some = todo[begin : begin + pool.jobs]
            tasks = list(map(self._task, some))
            for number, row in pool.each(ingest, tasks, self.config.limits):
                rows.append(self._finish_file(some[number].id, row))
                advance(len(rows))
        return rows

    def _task(self, source: Source) -> tuple[Any, ...]:
        """The arguments of `ingest` for a file."""
        file, subject = self.scan.scanned[source.id], self.scan.subjects[source.id]
        return source, file, subject, self.settings, self.scratch, None

    def _finish_file(self, id_: str, row: Row | Failure) -> Row:
        """Answer what was cleaned of a file, remove it, and store the row of the file."""
        if isinstance(row, Failure):
            row = _refusal(id_, (row.code, row.reason))
        if "refused" not in row:
            lost = row["lost"]
            row = self._answer(id_, row["kept"]) | {"lost": lost}
        remove_recordings(id_, self.scratch, None)
        self.writer.write_json(f"work/{_ROWS}/{id_}.json", row)
        return row

    def _answer(self, file: str, kept: list[Row]) -> Row:
        """Predict the recordings of one file; returns what the table of files says of it."""
        header, config = self.scan.scanned[file].header, self.config
        how = EvaluateConfig(batch_size=config.batch_size, device=config.device)
        try:
            read = self.reader.read(kept, self.scratch, header.span_s, how, self.context)
            with self.writer.writing(f"work/{_TABLES}/{file}.parquet") as path:
                write_table(path, read.table)
            outputs = Outputs(
                *(self.writer, self.names.stems[file], config.formats, header),
                corpus_of(kept, self.scratch),
                config.keep_identity,
                self.reader.cohort["words"],
            )
            self.reader.unlabelled.write(read.table, read.answer, outputs)
        except RecordingRefused as refusal:
            return _refusal(file, (refusal.code, refusal.reason))
        answer = read.answer
        return {
            "file": file,
            "duration_s": answer.file.span_s,
            "answer": " ".join(answer.answer.split()),
            "value": answer.value,
            "missing": list(answer.file.missing),
            "seen": list(answer.seen),
            "kept": kept,
            "name": self.names.stems[file],
            "outputs": {name: hash_file(self.writer / name) for name in outputs.names},
            **({"events": len(answer.onset_s)} if answer.detects else {}),
        }


def _finished(file: str, writer: ArtifactWriter, view: type[View]) -> Row | None:
    """What an interrupted run wrote of a file, last of all; None where that is not whole."""
    try:
        row: Row = json.loads(read_text(writer.work / _ROWS / f"{file}.json"))
    except (OSError, ValueError):
        return None
    if not isinstance(row, dict) or row.get("file") != file:
        return None
    if "refused" in row:
        return row
    if not row.keys() >= _OF_READ:
        return None
    try:
        read_table(writer.work / _TABLES / f"{file}.parquet", view)
        whole = all(hash_file(writer / name) == digest for name, digest in row["outputs"].items())
    except (ArtifactError, OSError, AttributeError, TypeError):
        return None
    return row if whole else None


def _tables(rows: Sequence[Row]) -> Tables:
    """What cleaning gave, as concerns look at it; nothing of labels or splits."""
    refused = [[row["file"], WHOLE_FILE, *row["refused"]] for row in rows if "refused" in row]
    refused += [
        [row["file"], id_.rpartition("-")[2], code, reason]
        for row in rows
        for id_, code, reason in row.get("lost", ())
    ]
    recordings = [fields for row in rows for fields in row.get("kept", ())]
    return Tables(recordings, [], refused, {}, "file", None)


def _finish(this: _Run, rows: list[Row], seen: Concerns) -> Result:
    """Join the tables of all files, and finish the artifact."""
    reader, writer, context = this.reader, this.writer, this.context
    rows = sorted(rows, key=lambda row: row["file"])
    read = [row for row in rows if "refused" not in row]
    if not read:
        refused = refused_rows({row["file"]: row["refused"] for row in rows})
        raise InputError(none_usable(refused), refused=refused)
    paths = [writer.work / _TABLES / f"{row['file']}.parquet" for row in read]
    corpus = corpus_of([fields for row in read for fields in row["kept"]], writer.path)
    leaks = reader.leaks(corpus)
    view = reader.unlabelled.view
    table = stack_tables([read_table(path, view) for path in paths]).with_leaks(leaks)
    with writer.writing(PREDICTIONS) as path:
        write_table(path, table)
    writer.write(FILES, format_tsv(list(FILES_CELLS), list(map(file_cells, rows))))
    concerns = [*seen, *tell(concern_kinds.of_new_tables(_tables(rows), FILES), context)]
    writer.write(CONCERNS, as_table(concerns))
    if n := sum(bool(row["missing"]) for row in read):
        context.warn(f"{n} file(s) lack channels that the model's recordings had ({FILES})")
    for leak in leaks:
        context.warn(f"the model was fitted on what it reads here: {leak}")
    if this.config.keep_names or this.config.keep_identity:
        context.warn(
            "names of files, or dates and patients, stand in what was written, as was asked for: "
            "do not share it as if it named nobody"
        )
    facts = {
        "task": reader.artifact.manifest.facts["task"],
        "model": reader.artifact.manifest.id,
        **({"detector": reader.detector.artifact.manifest.id} if reader.detector else {}),
        "files": len(rows),
        "accepted": len(read),
        "refused": len(rows) - len(read),
        "seen": sum(bool(row["seen"]) for row in read),
        "hours": round(sum(row["duration_s"] for row in read) / 3600, 4),
        "answers": dict(sorted(Counter(row["answer"] for row in read).items())),
        "fitted_on": reader.cohort["words"],
        "synthetic": reader.artifact.manifest.facts["synthetic"],
        "concerns": as_facts(concerns),
        "bids_names": this.names.bids,
        "keeps": [n for n in ("names", "identity") if getattr(this.config, f"keep_{n}")],
    }
    if counts := [row["events"] for row in read if "events" in row]:
        facts |= {"events": sum(counts), "files_with_events": sum(n > 0 for n in counts)}
    return replace(context.finish(writer, facts), beside=files_outcome(context.out))

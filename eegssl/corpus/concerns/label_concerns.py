"""Find concerns about labels: not understood, outside their recording, missing."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from eegssl.corpus.concerns.concern import Concern, Looked, of_lines
from eegssl.corpus.preprocessing.file_scan import FileScan
from eegssl.corpus.preprocessing.recording_tables import Tables
from eegssl.io.labels.sheets.sheet_files import is_beside, listed_numbers
from eegssl.io.labels.sheets.sheet_table import ENDINGS
from eegssl.io.labels.sheets.sheet_words import columns_by_words

_UNKNOWN = {"onset": "COLUMN", "end": "COLUMN", "label": "COLUMN"}
_TABLES_TRIED = 20
BY_COMMA = "--set read.decimal_comma=true reads them"
BY_TSV = "bring events as a TSV beside the EDF"


def unlabelled_files(tables: Tables) -> Sequence[Concern]:
    """Files without labels, where others have them."""
    files = {row["file"] for row in tables.recordings}
    if not tables.labelled_files:
        return []
    text = (
        f"file(s) have no labels, while {len(tables.labelled_files)} have; all of their EEG counts "
        "as background"
    )
    cure = (
        "label them (a file without seizures: one row of type bckg in a TSV beside it), or leave "
        "them out"
    )
    which = [(file, "") for file in sorted(files - tables.labelled_files)]
    return of_lines("unlabelled", text, cure, which)


def texts_not_understood(tables: Tables) -> Sequence[Concern]:
    """Files whose annotations or table are there and say nothing that is known."""
    dropped = {
        row["file"]: row["n_annotations_dropped"]
        for row in tables.recordings
        if row["n_annotations_dropped"] and row["file"] not in tables.labelled_files
    }
    text = (
        f"annotation(s) of {len(dropped)} file(s) were not understood (another language or "
        "encoding, or no words of seizures), and these have no other labels: they count as "
        "background"
    )
    cure = (
        "read them with --keep-text, and say what their words mean: --set 'events.words="
        f'{{ "WORD" = "sz" }}\', or {BY_TSV}'
    )
    which = [(file, f"{n} annotations") for file, n in dropped.items()]
    return of_lines("labels-not-understood", text, cure, which, sum(dropped.values()))


def untyped_rows(looked: Looked) -> Sequence[Concern]:
    """Rows of BIDS tables that have no column of types."""
    counts = {
        id_: row["untyped_rows"]
        for id_, row in looked.scan.files.items()
        if "refused" not in row and row["untyped_rows"]
    }
    text = (
        f"event(s) in the tables of {len(counts)} file(s) have no type (no column trial_type) and "
        "are left out"
    )
    cure = 'name the column that holds it, such as --set events.type_columns=["value"]'
    which = [(id_, f"{n} events") for id_, n in counts.items()]
    return of_lines("events-untyped", text, cure, which, sum(counts.values()))


def decimal_comma_times(looked: Looked) -> Sequence[Concern]:
    """Annotations whose times have a decimal comma, which EDF does not know."""
    counts = {
        id_: row["comma_times"]
        for id_, row in looked.scan.files.items()
        if "refused" not in row and row["comma_times"]
    }
    text = f"annotation(s) of {len(counts)} file(s) have a decimal comma in their times: not read"
    which = [(id_, f"{n} annotations") for id_, n in counts.items()]
    return of_lines("decimal-comma-times", text, BY_COMMA, which, sum(counts.values()))


def unresolved_seizures(tables: Tables) -> Sequence[Concern]:
    """Labels that speak of seizures and don't say from when to when."""
    rows = _counts(tables, "n_annotations_unresolved", "labels")
    text = (
        "recording(s) have labels that speak of seizures but don't say from when to "
        "when, or whose times can't be read: they count as background"
    )
    cure = f"{BY_TSV} (times with a decimal comma: {BY_COMMA})"
    return of_lines("labels-unresolved", text, cure, rows)


def events_outside(tables: Tables) -> Sequence[Concern]:
    """Events that lie in no recording."""
    rows = _counts(tables, "n_events_outside", "events")
    text = (
        "recording(s) have events that lie outside the recording or last no time; those were "
        "left out"
    )
    cure = (
        "do the labels belong to these files, and are they in seconds? Other units and clock "
        "times: events.columns"
    )
    return of_lines("events-outside", text, cure, rows)


def _counts(tables: Tables, column: str, of_what: str) -> list[tuple[str, str]]:
    """Recordings with a number above 0 in a column, and that number in words."""
    rows = [(row["recording"], row[column]) for row in tables.recordings]
    return [(id_, f"{n} {of_what}") for id_, n in rows if n]


def unread_tables(looked: Looked) -> Sequence[Concern]:
    """Tables near recordings that may hold labels, and that no reader knows."""
    scan = looked.scan
    sidecars = {
        source.path.with_suffix("") for source in scan.sources if _has_sidecar(scan, source.id)
    }
    known = {path for paths in scan.label_files.values() for path in paths}
    tables = {
        path: id_
        for path, id_ in looked.passed_over.tables.items()
        if path not in known and path.with_suffix("") not in sidecars
    }
    text = (
        "table(s) lie among the recordings that may hold labels, and no reader of labels knows "
        "them: they were not read"
    )
    cure = (
        f"{_named_columns(scan, sorted(tables))}, or write what they say as NAME.tsv beside each "
        "EDF, with onset, duration and eventType"
    )
    return of_lines(
        "labels-unread", text, cure, sorted((id_, p.suffix) for p, id_ in tables.items())
    )


def _named_columns(scan: FileScan, tables: Sequence[Path]) -> str:
    """The settings that would read these tables, by the words of a header where it says enough."""
    readable = [path for path in tables if path.suffix.lower() in ENDINGS]
    saved = "" if readable else "save them as CSV and "
    named = ((path, columns_by_words(path)) for path in readable[:_TABLES_TRIED])
    path, columns = next(((p, c) for p, c in named if c), (None, _UNKNOWN))
    lone = path or next(iter(readable or tables), None)
    shared = lone is not None and not any(is_beside(lone, s.path) for s in scan.sources)
    if shared:
        columns = columns if "file" in columns else columns | {"file": "COLUMN"}
    every_row = "label" not in columns
    names = ", ".join(f'{role} = "{name}"' for role, name in columns.items())
    flags = [f"--set 'events.columns={{ {names} }}'"]
    flags += ["--set events.every_row=sz"] if every_row else []
    flags += ["--set events.sheet=FILE"] if shared else []
    tried = ", such as" if path else ":"
    rows = " (if all rows are seizures)" if every_row else ""
    return f"{saved}say what their columns are{tried} {' '.join(flags)}{rows}"


def unknown_rows(looked: Looked) -> Sequence[Concern]:
    """Rows of a label sheet for many files that name none of the files."""
    numbers = looked.passed_over.unknown_rows
    if not numbers:
        return []
    text = (
        f"row(s) of events.sheet name no file here (rows {listed_numbers(numbers)}): they were not "
        "read"
    )
    cure = "write the path below the folder, or the end of it, in their column of files"
    return [Concern("labels-of-no-file", len(numbers), text, cure)]


def _has_sidecar(scan: FileScan, id_: str) -> bool:
    """Whether a file has labels from a file beside it, not from its own annotations alone."""
    return scan.files[id_].get("label_source", "none") not in ("none", "edf")


def in_next_file(looked: Looked) -> Sequence[Concern]:
    """Labels of one file that fall into the next file of the same person."""
    which = list(_in_next_file(looked.scan))
    text = (
        "file(s) have labels past their end that fall into the person's next file, or are such a "
        "next file: one study in several files; these labels were left out, and what they mark "
        "counts as background"
    )
    cure = f"{BY_TSV} that they fall into, timed from its start"
    return of_lines("labels-in-next-file", text, cure, which)


def _in_next_file(scan: FileScan) -> Iterator[tuple[str, str]]:
    """Pairs of both files' ids and what they have to do with each other."""
    known = {id_: row for id_ in scan.subjects if (row := scan.files[id_])["start_us"] is not None}
    late = {id_: row for id_, row in sorted(known.items()) if row["late_s"]}
    if not late:
        return
    of_subject: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for id_, row in known.items():
        start_us = row["start_us"]
        of_subject[scan.subjects[id_]].append((start_us, start_us + _us(row["span_s"]), id_))
    for id_, row in late.items():
        times_us = [row["start_us"] + _us(onset_s) for onset_s in row["late_s"]]
        for start_us, stop_us, other in sorted(of_subject[scan.subjects[id_]]):
            n_inside = sum(start_us <= time_us < stop_us for time_us in times_us)
            if start_us > row["start_us"] and n_inside:
                yield id_, f"{n_inside} labels fall into {other}"
                yield other, f"{n_inside} labels are listed with {id_}"


def _us(seconds: float) -> int:
    return round(1e6 * seconds)

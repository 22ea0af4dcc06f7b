"""Scan every file of a corpus once, each in a worker."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from sys import intern
from typing import Any

from eegssl.corpus.config import Limits
from eegssl.corpus.preprocessing import file_profile
from eegssl.corpus.preprocessing.opened_file import IngestSettings, ScannedFile
from eegssl.corpus.preprocessing.source_files import Naming, Source
from eegssl.corpus.processes.engine import Engine
from eegssl.corpus.processes.workers import Failure
from eegssl.signal.amplitude import amplitude_fault

MOST_EVENTS = 200_000
"""Events and annotations that a scan keeps in memory, of 145 bytes each. Ours."""
_OF_ONE_FILE = frozenset({"hashes", "stamps", "label_stamps", "subject", "label_files", "late_s"})


@dataclass(frozen=True)
class FileScan:
    """Result of a scan: ``files`` by id, and subject and scanned file of each usable one.

    ``fingerprint`` describes the corpus as a whole, ``label_files`` (by id) are those that a reader
    knows. ``scanned`` is empty where the rows are those of an inventory, and lacks files whose
    events were too many to be kept: they are scanned again.
    """

    sources: list[Source]
    files: dict[str, dict[str, Any]]
    subjects: dict[str, str]
    scanned: dict[str, ScannedFile]
    fingerprint: dict[str, Any]
    label_files: Mapping[str, Sequence[Path]] = field(default_factory=dict)


def scan_files(
    sources: list[Source],
    settings: IngestSettings,
    naming: Naming,
    engine: Engine,
    limits: Limits,
    advance: Callable[[int], None],
    most_events: float = MOST_EVENTS,
) -> FileScan:
    """Scan every file; ``advance`` is told how many are done.

    Of files whose events are more than ``most_events`` together with those kept, the row is kept
    alone.
    """
    files: dict[str, dict[str, Any]] = {}
    scanned: dict[str, ScannedFile] = {}
    pool: dict[object, Any] = {}
    n_events = 0
    tasks = [(source, settings) for source in sorted(sources, key=_by_size)]
    for number, answer in engine.each(file_profile.of_file, tasks, limits):
        source = tasks[number][0]
        id_ = source.id
        if isinstance(answer, Failure):
            answer = file_profile.of_failure(source, answer.code, answer.reason), None
        row, file = answer
        files[id_] = row_once(row, pool)
        n_own = len(file.events.events) + len(file.events.annotations) if file else 0
        if file is not None and (not n_own or n_events + n_own <= most_events):
            scanned[id_] = _pooled(file, pool)
            n_events += n_own
        advance(len(files))
    files = dict(sorted(files.items()))
    label_files = {id_: row.pop("label_files") for id_, row in files.items()}
    subjects = {
        id_: naming.subject(row.pop("subject"))
        for id_, row in files.items()
        if "refused" not in row
    }
    fingerprint = file_profile.of_corpus(files)
    return FileScan(sources, files, subjects, scanned, fingerprint, label_files)


def _by_size(source: Source) -> tuple[int, str]:
    """The largest first: a day of EEG that came last would keep one process at work alone."""
    return -file_profile.stamp_of(source.path)[0], source.id


def clip_files(scan: FileScan, n: int) -> set[str]:
    """Files whose clips are shown: first some of odd size, then up to half with seizures.

    Of each the first by id, which is by chance: others that come or go leave most as they were.
    """
    ids = sorted(scan.subjects)
    typical_uv = scan.fingerprint["amplitude_uv"].get("median", 0.0)
    sizes_uv = {id_: scan.files[id_]["amplitude_uv"] or 0.0 for id_ in ids}
    odd = [id_ for id_ in ids if amplitude_fault(sizes_uv[id_], typical_uv)]
    some = odd[: (n + 3) // 4]
    with_seizures = [id_ for id_ in ids if scan.files[id_]["seizure_s"] > 0 and id_ not in some]
    some += with_seizures[: (n - len(some)) // 2]
    return {*some, *[id_ for id_ in ids if id_ not in some][: n - len(some)]}


def row_once(row: dict[str, Any], pool: dict[object, Any]) -> dict[str, Any]:
    """The same row, with names and values that other files have too held once."""
    return {
        intern(name): pool.setdefault(repr(value), value)
        if isinstance(value, str | list | tuple) and name not in _OF_ONE_FILE
        else value
        for name, value in row.items()
    }


def _pooled(file: ScannedFile, pool: dict[object, Any]) -> ScannedFile:
    """The same, with labels and limits that other files of the corpus have too held once."""
    values = {field.name: getattr(file.header, field.name) for field in fields(file.header)}
    shared = {k: pool.setdefault((k, v), v) for k, v in values.items() if isinstance(v, tuple)}
    header, choice = replace(file.header, **shared), pool.setdefault(file.choice, file.choice)
    return replace(file, header=header, choice=choice)

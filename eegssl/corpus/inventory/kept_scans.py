"""Take up the scans of files that are as they were."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eegssl.corpus.config import Limits
from eegssl.corpus.inventory.corpus_inventory import Inventory, clock_shift_us, shifted
from eegssl.corpus.preprocessing.file_profile import hashes_of, of_corpus, state_of
from eegssl.corpus.preprocessing.file_scan import FileScan
from eegssl.corpus.preprocessing.source_files import Naming, PassedOver, Source
from eegssl.corpus.processes.engine import Engine
from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings

LabelFiles = dict[str, list[Path]]
_STAMPS = ("stamps", "label_stamps", "table_stamps")


def unchanged(
    inventory: Inventory, sources: Sequence[Source], passed_over: PassedOver, events: EventSettings
) -> LabelFiles:
    """Files (id -> their label files) that have size, time and label files of the inventory.

    One that was refused is not among them: what it was refused for may have passed.
    """
    known = (source for source in sources if source.id in inventory.subjects)
    states = ((source.id, _state(source, events)) for source in known)
    return {
        id_: state["label_files"]
        for id_, state in states
        if state and _is_same(inventory, id_, state, passed_over.tables)
    }


def of_same_bytes(
    inventory: Inventory,
    sources: Sequence[Source],
    label_files: LabelFiles,
    engine: Engine,
    limits: Limits,
) -> LabelFiles:
    """Those of ``label_files`` whose files have the bytes of the inventory: all are read."""
    tasks = [(s, label_files[s.id]) for s in sources if s.id in label_files]
    same: LabelFiles = {}
    for number, hashes in engine.each(_hashes, tasks, limits):
        id_ = tasks[number][0].id
        if isinstance(hashes, list) and inventory.files[id_]["hashes"][: len(hashes)] == hashes:
            same[id_] = label_files[id_]
    return same


def with_kept(
    scan: FileScan,
    inventory: Inventory,
    sources: list[Source],
    label_files: LabelFiles,
    naming: Naming,
) -> FileScan:
    """The scan of a corpus, from that of some files and what the inventory holds of the others."""
    subjects = inventory.subjects
    kept = {id_: _with_clock(inventory.files[id_], subjects[id_], naming) for id_ in label_files}
    files = dict(sorted((kept | scan.files).items()))
    of_kept = {id_: subjects[id_] for id_ in label_files}
    return FileScan(
        sources,
        files,
        dict(sorted((of_kept | scan.subjects).items())),
        scan.scanned,
        of_corpus(files),
        {**label_files, **scan.label_files},
    )


def _state(source: Source, events: EventSettings) -> dict[str, Any] | None:
    try:
        return state_of(source, events)
    except (RecordingRefused, OSError):
        return None


def _is_same(
    inventory: Inventory, id_: str, state: Mapping[str, Any], tables: Mapping[Path, str]
) -> bool:
    row = inventory.files[id_]
    labels = [tables.get(path, "") for path in state["label_files"]]
    stamps = all(row.get(name) == state[name] for name in _STAMPS)
    return stamps and inventory.label_files[id_] == labels and "unreadable" not in row["hashes"]


def _hashes(source: Source, label_files: Sequence[Path]) -> list[str] | None:
    try:
        return hashes_of(source, label_files)
    except RecordingRefused:
        return None


def _with_clock(row: dict[str, Any], subject: str, naming: Naming) -> dict[str, Any]:
    """The row of a scan with the true start of its recording."""
    start_us = shifted(row.get("start_us"), -clock_shift_us(subject, naming))
    return row | {"start_us": start_us}

"""Store what a look at a corpus gave, for other processes.

A row a file, the largest first. It holds what its files were like (size, time of change, SHA-256)
and what their scan said, and no name: subjects and label files stand in it by hashed ids, and times
of day by a shift that is secret and the same for all files of a person.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from eegssl import __version__
from eegssl.artifacts.atomic import canonical_json
from eegssl.artifacts.json_parts import HASHED_ID, damaged
from eegssl.artifacts.manifest import INVENTORY
from eegssl.artifacts.table_parts import (
    INT,
    TEXT,
    TEXTS,
    Column,
    Columns,
    arrow_schema,
    read_table,
    write_rows,
)
from eegssl.corpus.preprocessing.file_scan import FileScan
from eegssl.corpus.preprocessing.source_files import Naming, PassedOver
from eegssl.errors import ArtifactError, ConfigError
from eegssl.regular_files import require_regular

_STAMPS = pa.list_(pa.int64())
INVENTORY_COLUMNS: Columns = {
    "file": Column(TEXT, pattern=HASHED_ID, unique=True),
    "subject": Column(TEXT, nullable=True, pattern=HASHED_ID),
    "bytes": Column(INT, least=0),
    "part_bytes": Column(_STAMPS, least=-1),
    "part_modified_ns": Column(_STAMPS),
    "label_files": Column(TEXTS, pattern=f"{HASHED_ID}|"),
    "label_bytes": Column(_STAMPS, least=-1),
    "label_modified_ns": Column(_STAMPS),
    "hashes": Column(TEXTS, pattern="[0-9a-f]{32}|[0-9a-f]{64}|unreadable"),
    "look": Column(TEXT, longest=1 << 26),
    "alike": Column(TEXT, longest=1 << 26),
}
_ELSEWHERE = ("hashes", "stamps", "label_stamps", "labels")
"""Keys of a scan's row that have columns of their own, or are not kept."""
_OF_ONE_FILE = ("duration_s", "span_s", "start_us", "late_s", "amplitude_uv", "events", "seizure_s")
"""Keys of a scan's row that stand in ``look``; all others are alike in many files."""
_META = b"eegssl"
_KEY = "the key of this inventory"
Row = dict[str, Any]


@dataclass(frozen=True)
class Inventory:
    """Files of a corpus as a plan saw them: rows of their scans and subjects, by id.

    ``order`` lists the ids of files that can be used, the largest first. ``label_files`` are ids of
    label files, "" for one that lies elsewhere. ``settings`` are keyed hashes of the settings that
    the scan depends on, by dotted key.
    """

    files: dict[str, Row]
    subjects: dict[str, str]
    order: tuple[str, ...]
    label_files: dict[str, list[str]]
    settings: Mapping[str, str]


def write_inventory(
    path: Path,
    scan: FileScan,
    passed_over: PassedOver,
    naming: Naming,
    settings: Mapping[str, str],
) -> None:
    """Write the inventory of a scanned corpus; ``settings`` are keyed hashes by dotted key."""
    ids = sorted(scan.files, key=lambda id_: (-file_bytes(scan.files[id_]), id_))
    rows = (_stored(id_, scan, passed_over, naming) for id_ in ids)
    about = {"version": __version__, "key": naming.digest(_KEY), "settings": dict(settings)}
    schema = arrow_schema(INVENTORY_COLUMNS).with_metadata({_META: canonical_json(about)})
    write_rows(path, rows, schema)


def read_inventory(out: Path, naming: Naming, again: str) -> Inventory:
    """Read the inventory in a folder; ``again`` says how to make it.

    Raises ArtifactError where there is none, or it is damaged; ConfigError where it was made by
    another version of eegssl or with another private key.
    """
    path = out / INVENTORY
    if not path.exists():
        raise ArtifactError(f"{out} has no inventory of its files ({INVENTORY}): {again}")
    table = read_table(path, INVENTORY_COLUMNS)
    about = _about(path)
    if about["version"] != __version__:
        raise ConfigError(
            f"the plan in {out} was made by eegssl {about['version']}, and this is {__version__}: "
            f"use one version for all, or plan anew: {again}"
        )
    if about["key"] != naming.digest(_KEY):
        raise ConfigError(
            f"the plan in {out} was made with another private key: set EEGSSL_PRIVATE to the "
            "folder that its run used, which every machine has to see"
        )
    files = _scan_rows(path, table)
    ids, subjects = table["file"].to_pylist(), table["subject"].to_pylist()
    usable = {id_: intern(subject) for id_, subject in zip(ids, subjects, strict=True) if subject}
    labels = dict(zip(ids, table["label_files"].to_pylist(), strict=True))
    return Inventory(
        dict(sorted(files.items())),
        dict(sorted(usable.items())),
        tuple(usable),
        labels,
        about["settings"],
    )


def file_bytes(row: Mapping[str, Any]) -> int:
    """The size of all files that a recording is made of, from the row of its scan."""
    return sum(max(0, size) for size, _ in row["stamps"])


def _stored(id_: str, scan: FileScan, passed_over: PassedOver, naming: Naming) -> Row:
    """The row of the inventory for a file."""
    row, subject = scan.files[id_], scan.subjects.get(id_)
    own = {key: row[key] for key in _OF_ONE_FILE if key in row}
    if subject is not None:
        own["start_us"] = shifted(row["start_us"], clock_shift_us(subject, naming))
    return {
        "file": id_,
        "subject": subject,
        "bytes": file_bytes(row),
        "part_bytes": [size for size, _ in row["stamps"]],
        "part_modified_ns": [time_ns for _, time_ns in row["stamps"]],
        "label_files": [passed_over.tables.get(path, "") for path in scan.label_files[id_]],
        "label_bytes": [size for size, _ in row["label_stamps"]],
        "label_modified_ns": [time_ns for _, time_ns in row["label_stamps"]],
        "hashes": row["hashes"],
        "look": canonical_json(own),
        "alike": canonical_json({k: v for k, v in row.items() if k not in (*own, *_ELSEWHERE)}),
    }


def shifted(start_us: int | None, shift_us: int) -> int | None:
    """When a file began, moved by a shift; None where that is not known."""
    return None if start_us is None else start_us + shift_us


def clock_shift_us(subject: str, naming: Naming) -> int:
    """By what the clock of a subject's files is moved, up to 70 years: the same for all."""
    return int(naming.digest(f"clock {subject}")[:13], 16) - (1 << 51)


def _scan_rows(path: Path, table: pa.Table) -> dict[str, Row]:
    """The rows of the scan by id; what files have alike is held once."""
    alike = table["alike"].combine_chunks().dictionary_encode()
    shared = [_parsed(path, text) for text in alike.dictionary.to_pylist()]
    owns = (_parsed(path, text) for text in table["look"].to_pylist())
    stamps, label_stamps = (
        map(_pairs, table[f"{name}_bytes"].to_pylist(), table[f"{name}_modified_ns"].to_pylist())
        for name in ("part", "label")
    )
    columns = (table["file"].to_pylist(), alike.indices.to_pylist(), owns, stamps, label_stamps)
    return {
        id_: shared[k] | own | {"stamps": parts, "label_stamps": labels, "hashes": hashes}
        for id_, k, own, parts, labels, hashes in zip(
            *columns, table["hashes"].to_pylist(), strict=True
        )
    }


def _pairs(sizes: list[int], times_ns: list[int]) -> list[list[int]]:
    return list(map(list, zip(sizes, times_ns, strict=False)))


def _parsed(path: Path, text: str) -> Row:
    """A part of a scan's row, from its JSON."""
    try:
        row = {intern(name): value for name, value in json.loads(text).items()}
        return row | ({"audit": list(map(tuple, row["audit"]))} if "audit" in row else {})
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise damaged(path, "the scan of a file in it is no JSON object") from None


def _about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads((pq.read_schema(require_regular(path)).metadata or {})[_META])
        return {"version": about["version"], "key": about["key"], "settings": about["settings"]}
    except (KeyError, ValueError, TypeError, RecursionError):
        raise damaged(path, "it does not say what made it") from None

"""Keep the earlier states of recordings, and compare them with the present.

What was made of recordings knows them by the id of their manifest. A recordings folder keeps a
table for each id that it had: whoever opens both can count what has changed since.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from eegssl.artifacts.atomic import atomic_path, hash_json
from eegssl.artifacts.manifest import EARLIER, Manifest
from eegssl.artifacts.reading import RECORDING
from eegssl.artifacts.table_parts import (
    FLOAT,
    TEXT,
    Column,
    Columns,
    arrow_schema,
    read_table,
    read_text_table,
)
from eegssl.corpus.preprocessing.recording_tables import (
    EVENTS,
    EVENTS_COLUMNS,
    RECORDINGS,
    RECORDINGS_COLUMNS,
    SPLITS_TABLE,
    split_cells,
)

COLUMNS: Columns = {
    "recording": RECORDING,
    "signal": Column(TEXT, pattern="[0-9a-f]{32}"),
    "events": Column(TEXT, pattern="[0-9a-f]{32}"),
    "split": Column(TEXT),
    "duration_s": Column(FLOAT, least=0),
}
"""Those of a table of earlier recordings: hashes of signal and events, split and length."""
_SHORT = 32
_NO_EVENTS = hash_json([])[:_SHORT]


@dataclass(frozen=True)
class Growth:
    """How recordings differ from what they were: numbers of recordings, and their hours.

    ``relabelled`` have the signal that they had and other events, ``unchanged`` the same of both;
    any that were there before may have ``moved`` to another split.
    """

    new: int
    new_hours: float
    changed: int
    changed_hours: float
    gone: int
    gone_hours: float
    relabelled: int
    moved: int
    unchanged: int


def path_of_state(folder: Path, id_: str) -> Path:
    """The table of what recordings in a folder were like when their manifest had this id."""
    return folder / EARLIER / f"{id_}.parquet"


def keep_state(folder: Path, manifest: Manifest) -> Path:
    """Write the table of what recordings are like, before they are updated; its path.

    Raises ArtifactError where their tables can't be read.
    """
    path = path_of_state(folder, manifest.id)
    table = state_of(folder, manifest)
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
    return path


def state_of(folder: Path, manifest: Manifest) -> pa.Table:
    """What recordings are like, by `COLUMNS`; raises ArtifactError for damaged tables."""
    by = manifest.facts["split_by"]
    unit = "subject" if by == "subject" else "file"
    wanted = ("recording", "sha256", "duration_s", unit)
    columns = {name: RECORDINGS_COLUMNS[name] for name in wanted}
    table = read_table(folder / RECORDINGS, columns, others=True)
    rows = read_text_table(folder / SPLITS_TABLE, split_cells(by), unique=by)
    splits = {row[by]: row["split"] for row in rows}
    ids, events = table["recording"].to_pylist(), _event_hashes(folder)
    values = {
        "recording": ids,
        "signal": [digest[:_SHORT] for digest in table["sha256"].to_pylist()],
        "events": [events.get(id_, _NO_EVENTS) for id_ in ids],
        "split": [splits[name] for name in table[unit].to_pylist()],
        "duration_s": table["duration_s"].to_pylist(),
    }
    return pa.table(values, schema=arrow_schema(COLUMNS))


def _event_hashes(folder: Path) -> dict[str, str]:
    """A hash of the events of each recording that has any."""
    table = read_table(folder / EVENTS, EVENTS_COLUMNS)
    of: defaultdict[str, list[list[object]]] = defaultdict(list)
    columns = (table[name].to_pylist() for name in EVENTS_COLUMNS)
    for recording, *event in zip(*columns, strict=True):
        of[recording].append(event)
    return {recording: hash_json(events)[:_SHORT] for recording, events in of.items()}


def growth_since(folder: Path, manifest: Manifest, id_: str) -> Growth | None:
    """How recordings differ from what they were under another id; None where that is not known.

    ``manifest`` is theirs of now. Raises ArtifactError for damaged tables.
    """
    path = path_of_state(folder, id_)
    if manifest.id == id_ or not path.exists():
        return None
    return compare(_rows(read_table(path, COLUMNS)), _rows(state_of(folder, manifest)))


_Row = tuple[str, str, str, float]


def _rows(table: pa.Table) -> dict[str, _Row]:
    """Recording -> hashes of signal and events, split, length."""
    ids, *columns = (table[name].to_pylist() for name in COLUMNS)
    return dict(zip(ids, zip(*columns, strict=True), strict=True))


def compare(before: dict[str, _Row], now: dict[str, _Row]) -> Growth:
    """Count what differs."""
    both = before.keys() & now.keys()
    changed = {id_ for id_ in both if before[id_][0] != now[id_][0]}
    relabelled = {id_ for id_ in both - changed if before[id_][1] != now[id_][1]}
    new, gone = now.keys() - both, before.keys() - both
    return Growth(
        *(len(new), _hours([now[id_] for id_ in new])),
        *(len(changed), _hours([now[id_] for id_ in changed])),
        *(len(gone), _hours([before[id_] for id_ in gone])),
        relabelled=len(relabelled),
        moved=sum(before[id_][2] != now[id_][2] for id_ in both),
        unchanged=len(both) - len(changed) - len(relabelled),
    )


def _hours(rows: list[_Row]) -> float:
    return round(sum(row[3] for row in rows) / 3600, 4)

"""Define the tables of a recordings artifact and their columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from eegssl.artifacts.files.bulk_files import BULK_COLUMNS
from eegssl.artifacts.json_parts import HASHED_ID
from eegssl.artifacts.reading import SKETCH
from eegssl.artifacts.table_parts import (
    ANY,
    FLOAT,
    INT,
    MISSING,
    NUMBER,
    RECORDING,
    TEXT,
    TEXTS,
    Cells,
    Column,
    Columns,
    arrow_schema,
)
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.corpus.audits.duplicates import ACROSS, Duplicate, find_duplicates
from eegssl.corpus.splits import SPLITS
from eegssl.io.labels.event_types import ARTIFACT_TYPES, SLEEP_TYPES, is_seizure
from eegssl.io.tables.tsv import format_tsv
from eegssl.signal.channels.montages import Note
from eegssl.signal.config import MontageName
from eegssl.signal.quality import FLAGS

REFUSED = "refused.tsv"
RECORDINGS = "recordings.parquet"
EVENTS = "events.parquet"
ANNOTATIONS = "annotations.parquet"
DUPLICATES = "duplicates.tsv"
SPLITS_TABLE = "splits.tsv"
SUBJECTS = "subjects.tsv"
Row = dict[str, Any]

WHOLE_FILE = "n/a"
_MONTAGES = (*get_args(MontageName), *filter(None, get_args(Note)))
_BESIDE = frozenset((*SLEEP_TYPES, *ARTIFACT_TYPES))  # who marks these need not seek seizures
_SECONDS = Column(FLOAT, least=0)
_COUNT = Column(INT, least=0)
_FLAG_SHARES = pa.struct([(name, pa.list_(pa.float32())) for name in FLAGS])
RECORDINGS_COLUMNS: Columns = {
    "recording": RECORDING,
    "subject": Column(TEXT, pattern=HASHED_ID),
    "aliases": Column(TEXTS, pattern=HASHED_ID),
    "file": Column(TEXT, pattern=HASHED_ID),
    "file_onset_s": _SECONDS,
    "channels": Column(TEXTS),
    "missing": Column(TEXTS),
    "montage": Column(TEXT, pattern="|".join(_MONTAGES)),
    "auxiliary": Column(TEXTS),
    "auxiliary_kinds": Column(TEXTS, pattern="ecg|eog|emg"),
    "n_samples": Column(INT, least=1),
    "sfreq_hz": Column(FLOAT, least=1e-3),
    "duration_s": _SECONDS,
    "source_sfreq_hz": Column(FLOAT, least=1e-3),
    "band_low_hz": _SECONDS,
    "band_high_hz": _SECONDS,
    "delay_s": _SECONDS,
    "line_hz": Column(FLOAT, nullable=True, least=1),
    "reference": Column(TEXT),
    "doubled": Column(TEXTS),
    "flat": Column(TEXTS),
    "saturated": Column(TEXTS),
    "flagged": Column(_FLAG_SHARES, least=0, most=1),
    "n_other_channels": _COUNT,
    "source_format": Column(TEXT, optional=True),
    "notes": Column(TEXTS),
    "labelled": Column(pa.bool_(), optional=True),
    "n_annotations_dropped": _COUNT,
    "n_annotations_unresolved": _COUNT,
    "n_events_outside": _COUNT,
    "bytes": BULK_COLUMNS["bytes"],
    "sha256": BULK_COLUMNS["sha256"],
    "sketch": SKETCH,
}
EVENTS_COLUMNS: Columns = {
    "recording": Column(TEXT, pattern=HASHED_ID),
    "onset_s": _SECONDS,
    "duration_s": _SECONDS,
    "type": Column(TEXT),
    "channels": Column(TEXTS),
    "confidence": Column(FLOAT, nullable=True),
    "source": Column(TEXT),
    "original": Column(TEXT),
}
ANNOTATIONS_COLUMNS: Columns = {
    "recording": Column(TEXT, pattern=HASHED_ID),
    "onset_s": _SECONDS,
    "duration_s": _SECONDS,
    "text": Column(TEXT),
}
REFUSED_CELLS: Cells = {
    "recording": HASHED_ID,
    "segment": f"{MISSING}|[0-9]+",
    "code": "[a-z-]+",
    "reason": ANY,
}
DUPLICATES_CELLS: Cells = {
    "recording": HASHED_ID,
    "same_as": HASHED_ID,
    "hashes_shared": "[0-9]+",
    "across": "|".join(ACROSS),
}
PEOPLE_CELLS: Cells = {
    "subject": HASHED_ID,
    "age_years": f"{MISSING}|{NUMBER}",
    "sex": f"{MISSING}|f|m|o",
}


def split_cells(split_by: str) -> Cells:
    """The columns of ``splits.tsv``, whose first is what is split: ``subject`` or ``recording``."""
    return {split_by: HASHED_ID, "split": "|".join(SPLITS)}


@dataclass(frozen=True)
class Tables:
    """The rows of all tables: ``refused`` holds file, segment (``n/a``: all), code, reason."""

    recordings: Sequence[Row]
    events: Sequence[Row]
    refused: Sequence[Sequence[str]]
    splits: Mapping[str, str]
    split_by: str
    texts: Sequence[Row] | None = None
    """Annotations as they were typed; None where they are not kept."""
    asked: Mapping[str, float] | None = None
    """Split -> its share on average, where a hash decides (empty beside official splits)."""

    @cached_property
    def duplicates(self) -> list[Duplicate]:
        """Recordings of the same signal under several ids."""
        return find_duplicates(self.recordings, self.splits, self.unit)

    @cached_property
    def labelled_files(self) -> set[str]:
        """Files that have events, or a list of events that says that there are none."""
        of = {row["recording"]: row["file"] for row in self.recordings}
        listed = {
            row["file"]
            for row in self.recordings
            if row.get("label_source")
            and not row["n_annotations_dropped"] + row["n_annotations_unresolved"]
        }
        return listed | {of[event["recording"]] for event in self.events}

    @cached_property
    def searched_files(self) -> set[str]:
        """The labelled files, but those of which sleep stages or artifacts alone are known.

        A table that lists artifacts and neither seizures nor background says nothing of seizures.
        """
        of = {row["recording"]: row["file"] for row in self.recordings}
        sources = {(row["file"], row.get("label_source")) for row in self.recordings}
        silent = sources - {(of[event["recording"]], event["source"]) for event in self.events}
        listed = {file for file, source in silent if source not in (None, "", "hypnogram")}
        events = {of[e["recording"]] for e in self.events if e["type"] not in _BESIDE}
        return self.labelled_files & (listed | events)

    @property
    def unit(self) -> str:
        """The column of ``recordings`` that ``splits`` speaks of."""
        return "subject" if self.split_by == "subject" else "file"

    @cached_property
    def with_seizures(self) -> set[str]:
        """The units of ``splits`` that have seizures."""
        unit_of = {row["recording"]: row[self.unit] for row in self.recordings}
        return {unit_of[e["recording"]] for e in self.events if is_seizure(e["type"])}


def write_tables(writer: ArtifactWriter, tables: Tables) -> None:
    """Write recordings, events, refused files, splits (unit -> split), and kept annotations."""
    labelled = tables.searched_files
    rows = [row | {"labelled": row["file"] in labelled} for row in tables.recordings]
    _parquet(writer, RECORDINGS, rows, RECORDINGS_COLUMNS)
    _parquet(writer, EVENTS, tables.events, EVENTS_COLUMNS)
    if tables.texts is not None:
        _parquet(writer, ANNOTATIONS, tables.texts, ANNOTATIONS_COLUMNS)
    writer.write(REFUSED, format_tsv(list(REFUSED_CELLS), sorted(map(list, tables.refused))))
    splits = sorted(tables.splits.items())
    writer.write(SPLITS_TABLE, format_tsv(list(split_cells(tables.split_by)), splits))
    duplicates = [[d.recording, d.same_as, d.n_shared, d.across] for d in tables.duplicates]
    writer.write(DUPLICATES, format_tsv(list(DUPLICATES_CELLS), duplicates))


def _parquet(writer: ArtifactWriter, name: str, rows: Sequence[Row], columns: Columns) -> None:
    with writer.writing(name) as path:
        pq.write_table(pa.Table.from_pylist(list(rows), arrow_schema(columns)), path)


def summarise(tables: Tables) -> dict[str, Any]:
    """The facts that the manifest states of the recordings."""
    recordings, events = tables.recordings, tables.events
    of_split = Counter(tables.splits[row[tables.unit]] for row in recordings)
    across = Counter(twin.across for twin in tables.duplicates)
    whole = [row for row in tables.refused if row[1] == WHOLE_FILE]
    accepted = len({row["file"] for row in recordings})
    return {
        "files": accepted + len(whole),
        "accepted": accepted,
        "refused": len(whole),
        "segments_refused": len(tables.refused) - len(whole),
        "recordings": len(recordings),
        "subjects": len({row["subject"] for row in recordings}),
        "hours": round(sum(row["duration_s"] for row in recordings) / 3600, 4),
        "channels": sorted({name for row in recordings for name in row["channels"]}),
        "auxiliary_channels": sum(len(row["auxiliary"]) for row in recordings),
        "unit": "uV",
        "line_hz": dict(sorted(Counter(str(row["line_hz"]) for row in recordings).items())),
        "events": dict(sorted(Counter(event["type"] for event in events).items())),
        "labels": _labels(tables),
        "split_by": tables.split_by,
        "recordings_by_split": {name: of_split[name] for name in ("train", "val", "test")},
        "doubled_derivations_dropped": sum(len(row["doubled"]) for row in recordings),
        "channels_missing": sum(len(row["missing"]) for row in recordings),
        "annotations_dropped": _once_a_file(recordings, "n_annotations_dropped"),
        "text_kept": tables.texts is not None,
        "duplicates": {name: across[name] for name in ACROSS},
        "flat_channels_dropped": sum(len(row["flat"]) for row in recordings),
        "channels_saturated": sum(len(row["saturated"]) for row in recordings),
    }


def _labels(tables: Tables) -> dict[str, float]:
    """How many labels there are, and of how much: 0 is a result too."""
    labelled = [row for row in tables.recordings if row["file"] in tables.labelled_files]
    return {
        "seizures": sum(is_seizure(event["type"]) for event in tables.events),
        "events": len(tables.events),
        "files_labelled": len(tables.labelled_files),
        "files_unlabelled": len({row["file"] for row in tables.recordings})
        - len(tables.labelled_files),
        "hours_labelled": round(sum(row["duration_s"] for row in labelled) / 3600, 4),
    }


def _once_a_file(recordings: Sequence[Row], column: str) -> int:
    """The sum of a column that says the same in all recordings of one file."""
    return sum({row["file"]: int(row[column]) for row in recordings}.values())

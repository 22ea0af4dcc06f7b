"""Define the tables of a recordings artifact and their columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from eegssl.artifacts.writer import ArtifactWriter
from eegssl.corpus.audits.duplicates import ACROSS, Duplicate, find_duplicates
from eegssl.io.labels.event_types import is_seizure
from eegssl.io.tables.tsv import format_tsv
from eegssl.signal.quality import FLAGS

REFUSED = "refused.tsv"
REFUSED_COLUMNS = ("recording", "segment", "code", "reason")
RECORDINGS = "recordings.parquet"
EVENTS = "events.parquet"
ANNOTATIONS = "annotations.parquet"
DUPLICATES = "duplicates.tsv"
DUPLICATES_COLUMNS = ("recording", "same_as", "hashes_shared", "across")
Row = dict[str, Any]

WHOLE_FILE = "n/a"
_TEXT, _TEXTS = pa.string(), pa.list_(pa.string())
RECORDINGS_SCHEMA = pa.schema(
    {
        "recording": _TEXT,
        "subject": _TEXT,
        "aliases": _TEXTS,
        "file": _TEXT,
        "file_onset_s": pa.float64(),
        "channels": _TEXTS,
        "missing": _TEXTS,
        "montage": _TEXT,
        "auxiliary": _TEXTS,
        "auxiliary_kinds": _TEXTS,
        "n_samples": pa.int64(),
        "sfreq_hz": pa.float64(),
        "duration_s": pa.float64(),
        "source_sfreq_hz": pa.float64(),
        "band_low_hz": pa.float64(),
        "band_high_hz": pa.float64(),
        "delay_s": pa.float64(),
        "line_hz": pa.float64(),
        "reference": _TEXT,
        "doubled": _TEXTS,
        "flat": _TEXTS,
        "saturated": _TEXTS,
        "flagged": pa.struct([(name, pa.list_(pa.float32())) for name in FLAGS]),
        "n_other_channels": pa.int64(),
        "source_format": _TEXT,
        "notes": _TEXTS,
        "labelled": pa.bool_(),
        "n_annotations_dropped": pa.int64(),
        "n_annotations_unresolved": pa.int64(),
        "n_events_outside": pa.int64(),
        "bytes": pa.int64(),
        "sha256": _TEXT,
        "sketch": pa.list_(pa.uint32()),
    }
)
EVENTS_SCHEMA = pa.schema(
    {
        "recording": _TEXT,
        "onset_s": pa.float64(),
        "duration_s": pa.float64(),
        "type": _TEXT,
        "channels": _TEXTS,
        "confidence": pa.float64(),
        "source": _TEXT,
        "original": _TEXT,
    }
)
ANNOTATIONS_SCHEMA = pa.schema(
    {
        "recording": _TEXT,
        "onset_s": pa.float64(),
        "duration_s": pa.float64(),
        "text": _TEXT,
    }
)


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

    @property
    def unit(self) -> str:
        """The column of ``recordings`` that ``splits`` speaks of."""
        return "subject" if self.split_by == "subject" else "file"


def write_tables(writer: ArtifactWriter, tables: Tables) -> None:
    """Write recordings, events, refused files, splits (unit -> split), and kept annotations."""
    labelled = tables.labelled_files
    rows = [row | {"labelled": row["file"] in labelled} for row in tables.recordings]
    _parquet(writer, RECORDINGS, rows, RECORDINGS_SCHEMA)
    _parquet(writer, EVENTS, tables.events, EVENTS_SCHEMA)
    if tables.texts is not None:
        _parquet(writer, ANNOTATIONS, tables.texts, ANNOTATIONS_SCHEMA)
    writer.write(REFUSED, format_tsv(REFUSED_COLUMNS, sorted(map(list, tables.refused))))
    splits = sorted(tables.splits.items())
    writer.write("splits.tsv", format_tsv([tables.split_by, "split"], splits))
    twins = [[d.recording, d.same_as, d.n_shared, d.across] for d in tables.duplicates]
    writer.write(DUPLICATES, format_tsv(DUPLICATES_COLUMNS, twins))


def _parquet(writer: ArtifactWriter, name: str, rows: Sequence[Row], schema: pa.Schema) -> None:
    with writer.writing(name) as path:
        pq.write_table(pa.Table.from_pylist(list(rows), schema), path)


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

"""The tables of a recordings artifact: what stands in them, and in which columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from eegssl.drafts import Draft
from eegssl.io.tables import format_tsv

REFUSED = "refused.tsv"
RECORDINGS = "recordings.parquet"
Row = dict[str, Any]

_TEXT, _TEXTS = pa.string(), pa.list_(pa.string())
RECORDINGS_SCHEMA = pa.schema(
    {
        "recording": _TEXT,
        "subject": _TEXT,
        "channels": _TEXTS,
        "n_samples": pa.int64(),
        "sfreq_hz": pa.float64(),
        "duration_s": pa.float64(),
        "source_sfreq_hz": pa.float64(),
        "band_low_hz": pa.float64(),
        "band_high_hz": pa.float64(),
        "line_hz": pa.float64(),
        "reference": _TEXT,
        "doubled": _TEXTS,
        "flat": _TEXTS,
        "not_finite": _TEXTS,
        "saturated": _TEXTS,
        "n_other_channels": pa.int64(),
        "notes": _TEXTS,
        "n_annotations_dropped": pa.int64(),
        "n_annotations_unresolved": pa.int64(),
        "n_events_outside": pa.int64(),
        "bytes": pa.int64(),
        "sha256": _TEXT,
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
    }
)


def write_tables(
    draft: Draft,
    recordings: Sequence[Row],
    events: Sequence[Row],
    refused: Mapping[str, tuple[str, str]],
    splits: Mapping[str, str],
    split_by: str,
) -> None:
    """Write recordings, events, refused files (id -> code, reason) and splits (unit -> split)."""
    with draft.writing(RECORDINGS) as path:
        pq.write_table(pa.Table.from_pylist(list(recordings), RECORDINGS_SCHEMA), path)
    with draft.writing("events.parquet") as path:
        pq.write_table(pa.Table.from_pylist(list(events), EVENTS_SCHEMA), path)
    rows = [[id_, code, reason] for id_, (code, reason) in sorted(refused.items())]
    draft.write(REFUSED, format_tsv(["recording", "code", "reason"], rows))
    draft.write("splits.tsv", format_tsv([split_by, "split"], sorted(splits.items())))


def summarise(
    recordings: Sequence[Row], events: Sequence[Row], splits: Mapping[str, str], split_by: str
) -> dict[str, Any]:
    """The facts that the manifest states of the recordings."""
    of_split = Counter(splits[row[split_by]] for row in recordings)
    return {
        "recordings": len(recordings),
        "subjects": len({row["subject"] for row in recordings}),
        "hours": round(sum(row["duration_s"] for row in recordings) / 3600, 4),
        "channels": sorted({name for row in recordings for name in row["channels"]}),
        "unit": "uV",
        "line_hz": dict(sorted(Counter(str(row["line_hz"]) for row in recordings).items())),
        "events": dict(sorted(Counter(event["type"] for event in events).items())),
        "split_by": split_by,
        "recordings_by_split": {name: of_split[name] for name in ("train", "val", "test")},
        "doubled_derivations_dropped": sum(len(row["doubled"]) for row in recordings),
        "annotations_dropped": sum(row["n_annotations_dropped"] for row in recordings),
        "flat_channels_dropped": sum(len(row["flat"]) for row in recordings),
        "channels_not_finite_dropped": sum(len(row["not_finite"]) for row in recordings),
        "channels_saturated": sum(len(row["saturated"]) for row in recordings),
    }


def concerns(recordings: Sequence[Row], n_refused: int) -> list[str]:
    """What a user should look into before trusting the recordings."""
    unresolved = sum(row["n_annotations_unresolved"] > 0 for row in recordings)
    truncated = sum("truncated" in row["notes"] for row in recordings)
    found = [
        (n_refused, f"file(s) refused; {REFUSED} says why (--show-names shows their paths)"),
        (
            unresolved,
            "recording(s) have annotations that speak of seizures but don't say from when to "
            "when: they count as background; bring events as a TSV beside the EDF",
        ),
        (
            sum(row["n_events_outside"] > 0 for row in recordings),
            "recording(s) have events that lie outside the recording or last no time; those were "
            "left out: do the labels belong to these files?",
        ),
        (truncated, "recording(s) end before their header says; what is there was read"),
    ]
    return [f"{count} {text}" for count, text in found if count]

"""State what recordings folders hold, and how their tables agree."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from eegssl.artifacts.contract import Contract, open_artifact
from eegssl.artifacts.json_parts import Count, OpenPart, damaged
from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.artifacts.table_parts import (
    ANY,
    Cells,
    DistinctLists,
    as_numpy,
    distinct_lists,
    read_table,
    read_text_table,
)
from eegssl.corpus.concerns.concern import CONCERNS, CONCERNS_CELLS
from eegssl.corpus.preprocessing.recording_tables import (
    ANNOTATIONS,
    ANNOTATIONS_COLUMNS,
    DUPLICATES,
    DUPLICATES_CELLS,
    EVENTS,
    EVENTS_COLUMNS,
    PEOPLE_CELLS,
    RECORDINGS,
    RECORDINGS_COLUMNS,
    REFUSED,
    REFUSED_CELLS,
    SPLITS_TABLE,
    SUBJECTS,
    WHOLE_FILE,
    split_cells,
)
from eegssl.signal.channels.electrodes import parse_channel
from eegssl.signal.config import MontageName

KIND = "recordings"
CHANNELS = "channels.tsv"
CHANNELS_CELLS: Cells = {
    **{"found": ANY, "became": ".+", "kind": "[a-z]+", "reference": ".+"},
    "files": "[0-9]+",
}
"""Labels as files have them, and what became of them."""
USED = (
    *("recording", "subject", "aliases", "file", "channels", "auxiliary", "auxiliary_kinds"),
    *("n_samples", "sfreq_hz", "duration_s", "band_high_hz", "line_hz", "labelled"),
    *("bytes", "sketch"),
)
"""Columns of recordings that are compared with other tables, or that stages read."""
_TIME_TOLERANCE_S = 1e-6
_SMALLEST_SAMPLE_BYTES = 2


class _Concern(OpenPart):
    n: Count
    text: str
    cure: str
    ids: tuple[str, ...]


class _Facts(OpenPart):
    """Facts of recordings that stages read; the counts have to be those of the tables."""

    files: Count
    accepted: Count
    refused: Count
    recordings: Count
    subjects: Count
    events: dict[str, Count]
    split_by: Literal["subject", "recording"]
    synthetic: bool
    warnings: tuple[str, ...]
    concerns: dict[str, _Concern] = Field(default_factory=dict)


class _Filter(OpenPart):
    phase: Literal["zero", "causal"]


class _Montage(OpenPart):
    reference: MontageName


class _Config(OpenPart):
    """Settings of `preprocess` that later stages read."""

    corpus: str
    filter: _Filter
    montage: _Montage


@dataclass(frozen=True)
class RecordingsTables:
    """The tables of a recordings folder that stages read, each by its schema."""

    recordings: pa.Table
    events: pa.Table
    splits: dict[str, str]
    """Subject (or file) -> split."""
    people: list[dict[str, str]]
    refused: list[dict[str, str]]

    @cached_property
    def channels(self) -> DistinctLists:
        """The channels of each recording; many have the same, which are looked at once."""
        return distinct_lists(self.recordings["channels"])


def read_tables(artifact: Artifact, keep: Collection[str] | None = None) -> RecordingsTables:
    """Read the tables of a recordings folder, whose numbers of rows are those of the manifest.

    All columns of recordings are checked, and those in ``keep`` returned (None: all). Raises
    ArtifactError for what the schemas do not allow.
    """
    facts = artifact.manifest.facts
    n_events, split_by = sum(facts["events"].values()), facts["split_by"]
    splits = read_text_table(artifact / SPLITS_TABLE, split_cells(split_by), unique=split_by)
    return RecordingsTables(
        read_table(
            artifact / RECORDINGS, RECORDINGS_COLUMNS, n_rows=facts["recordings"], keep=keep
        ),
        read_table(artifact / EVENTS, EVENTS_COLUMNS, n_rows=n_events),
        {row[split_by]: row["split"] for row in splits},
        read_text_table(artifact / SUBJECTS, PEOPLE_CELLS, unique="subject"),
        read_text_table(artifact / REFUSED, REFUSED_CELLS),
    )


def open_recordings(path: Path, more: Collection[str] = ()) -> tuple[Artifact, RecordingsTables]:
    """Open a recordings folder by its contract; the tables are read once.

    Of recordings the columns `USED`, and ``more``. Raises ArtifactError as `open_artifact` does.
    """
    tables: list[RecordingsTables] = []
    keep = {*USED, *more}
    contract = replace(CONTRACT, whole=lambda a: tables.append(_agreed_tables(a, keep)))
    return open_artifact(path, contract), tables[0]


def corpus_name(artifact: Artifact) -> str:
    """Name of the corpus of a recordings folder: as `preprocess` was told, else the folder's."""
    return str(artifact.manifest.config["corpus"] or artifact.path.resolve().name)


def _agreed_tables(artifact: Artifact, keep: Collection[str] = USED) -> RecordingsTables:
    """The tables; ArtifactError where they contradict each other, or the manifest's counts."""
    tables = read_tables(artifact, keep)
    for part, problem in (*_recordings(tables), *_events(tables), *_counts(artifact, tables)):
        raise damaged(artifact.path / part, problem)
    return tables


def _require_agreement(artifact: Artifact) -> None:
    _agreed_tables(artifact)


CONTRACT = Contract(
    KIND,
    others={
        ANNOTATIONS: partial(read_table, columns=ANNOTATIONS_COLUMNS),
        DUPLICATES: partial(read_text_table, cells=DUPLICATES_CELLS),
        CONCERNS: partial(read_text_table, cells=CONCERNS_CELLS),
        CHANNELS: partial(read_text_table, cells=CHANNELS_CELLS),
    },
    facts=_Facts,
    config=_Config,
    whole=_require_agreement,
)

Problems = Iterator[tuple[str, str]]
"""The part, and what is wrong with it."""


def _recordings(tables: RecordingsTables) -> Problems:
    names = ("n_samples", "sfreq_hz", "duration_s", "bytes")
    n_samples, sfreq_hz, duration_s, n_bytes = (as_numpy(tables.recordings[n]) for n in names)
    n_channels = as_numpy(pc.list_value_length(tables.recordings["channels"]))
    for k in np.flatnonzero(abs(duration_s - n_samples / sfreq_hz) > _TIME_TOLERANCE_S):
        yield RECORDINGS, f"{duration_s[k]} s are not {n_samples[k]} samples"
    least = _SMALLEST_SAMPLE_BYTES * n_channels.astype(np.float64) * n_samples
    for k in np.flatnonzero((n_channels == 0) | (n_bytes < least)):
        problem = f"{n_channels[k]} channels of {n_samples[k]} samples"
        yield RECORDINGS, f"{problem} in a file of {n_bytes[k]} bytes"
    lists = tables.channels
    yield from ((RECORDINGS, problem) for problem in (*_no_electrodes(lists), *_doubled(lists)))
    kinds = [pc.list_value_length(tables.recordings[n]) for n in ("auxiliary", "auxiliary_kinds")]
    if not kinds[0].equals(kinds[1]):
        yield RECORDINGS, "auxiliary channels are not as many as their kinds"
    people = {row["subject"] for row in tables.people}
    if missing := set(tables.recordings["subject"].to_pylist()) - people:
        yield SUBJECTS, f"it lacks {len(missing)} subject(s)"


def _no_electrodes(lists: DistinctLists) -> Iterator[str]:
    """Tell names in lists that are no electrode."""
    if n := sum(parse_channel(name).kind != "eeg" for name in set().union(*lists.values)):
        yield f"{n} of its channels are no electrode and no derivation"


def _doubled(lists: DistinctLists) -> Iterator[str]:
    """Tell lists that name one twice."""
    doubled = {k for k, names in enumerate(lists.values) if len(set(names)) < len(names)}
    if n := sum(k in doubled for k in lists.rows) if doubled else 0:
        yield f"a channel stands twice in {n} of its rows, expected each once"


def _events(tables: RecordingsTables) -> Problems:
    lists = distinct_lists(tables.events["channels"])
    yield from ((EVENTS, problem) for problem in _no_electrodes(lists))
    ids, owners = tables.recordings["recording"], tables.events["recording"]
    place = pc.index_in(owners, value_set=ids.combine_chunks())
    for id_ in owners.filter(pc.is_null(place)).to_pylist():
        yield EVENTS, f"an event belongs to {id_}, which is no recording here"
    owned = tables.events.filter(pc.is_valid(place))
    ends_s = as_numpy(owned["onset_s"]) + as_numpy(owned["duration_s"])
    last_s = as_numpy(tables.recordings["duration_s"])[as_numpy(place.drop_null())]
    for k in np.flatnonzero(ends_s > last_s + _TIME_TOLERANCE_S).tolist():
        yield EVENTS, f"an event ends after its recording, {owned['recording'][k]}"


def _counts(artifact: Artifact, tables: RecordingsTables) -> Problems:
    """Check the manifest's counts against the tables."""
    facts, files = artifact.manifest.facts, set(tables.recordings["file"].to_pylist())
    subjects = set(tables.recordings["subject"].to_pylist())
    units = subjects if facts["split_by"] == "subject" else files
    if missing := units - set(tables.splits):
        yield SPLITS_TABLE, f"it lacks {len(missing)} {facts['split_by']}(s)"
    counted: dict[str, Any] = {
        "subjects": len(subjects),
        "accepted": len(files),
        "refused": sum(row["segment"] == WHOLE_FILE for row in tables.refused),
        "events": dict(sorted(Counter(tables.events["type"].to_pylist()).items())),
    }
    for name, value in counted.items():
        if facts[name] != value and name == "events":  # whose types may be anybody's words
            yield MANIFEST, "facts.events has other types or numbers than the tables hold"
        elif facts[name] != value:
            yield MANIFEST, f"facts.{name} is {facts[name]}, the tables hold {value}"
    if facts["files"] != facts["accepted"] + facts["refused"]:
        yield MANIFEST, "the files are more than those accepted and those refused"

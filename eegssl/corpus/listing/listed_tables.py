"""Make the tables of recordings folders that users look through."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.reading import read_manifest
from eegssl.artifacts.table_parts import MISSING, TEXT, Cells, as_numpy, read_text_table
from eegssl.corpus.audits.recordings_contract import (
    CHANNELS,
    CHANNELS_CELLS,
    KIND,
    RecordingsTables,
    corpus_name,
    open_recordings,
)
from eegssl.corpus.concerns.shown_concerns import full_name
from eegssl.corpus.preprocessing.recording_tables import PEOPLE_CELLS, REFUSED_CELLS
from eegssl.errors import ArtifactError
from eegssl.io.labels.event_types import is_seizure
from eegssl.io.private.pseudonyms import Pseudonyms

SHOWN = {
    "recordings": (
        *("recording", "subject", "split", "corpus", "duration_s", "n_channels", "sfreq_hz"),
        *("n_events", "n_seizures", "labelled", "age_years", "sex"),
    ),
    "events": ("recording", "subject", "split", "onset_s", "duration_s", "type", "source"),
}
"""The columns that are shown unless others are asked for; of other tables all."""
_READ = (
    *("file_onset_s", "source_sfreq_hz", "montage", "reference", "band_low_hz", "missing", "flat"),
    *("saturated", "notes", "source_format"),
)
"""Columns of recordings that are listed beside those that every stage reads."""
_LEFT_OUT = ("sketch",)
_FROM_RECORDINGS = ("subject", "split", "corpus")


def listed(paths: Sequence[Path], of: str) -> pa.Table:
    """One of `TABLES` of recordings folders, a row an entry.

    Raises ArtifactError where one of the folders is damaged, or no recordings.
    """
    tables = []
    for path in paths:
        manifest = read_manifest(path)
        if manifest.kind != KIND:
            raise ArtifactError(
                f"{path} holds {manifest.kind}; ls lists recordings, as made by `eegssl "
                f"preprocess`: `eegssl info {path}` explains it"
            )
        artifact, parts = open_recordings(path, _READ)
        tables.append(TABLES[of](artifact, parts))
    return pa.concat_tables(tables, promote_options="default").combine_chunks()


def named(table: pa.Table) -> pa.Table:
    """The same with the user's own names of files and people in place of ids."""
    names = Pseudonyms()
    columns = {name: table[name] for name in table.column_names}
    for name in {"recording", "subject", "file"} & columns.keys():
        columns[name] = pa.array([full_name(names, id_) for id_ in table[name].to_pylist()], TEXT)
    return pa.table(columns)


def _recordings(artifact: Artifact, parts: RecordingsTables) -> pa.Table:
    """Recordings with what the other tables say of them."""
    table, events = parts.recordings, parts.events
    unit = table["subject" if artifact.manifest.facts["split_by"] == "subject" else "file"]
    owner = _places(events["recording"], table["recording"])
    seizures = [is_seizure(type_) for type_ in events["type"].to_pylist()]
    people = _columns(parts.people, PEOPLE_CELLS)
    place = pc.index_in(table["subject"], value_set=people["subject"].combine_chunks())
    columns = {name: table[name] for name in table.column_names if name not in _LEFT_OUT}
    columns |= {
        "split": pa.array([parts.splits[name] for name in unit.to_pylist()], TEXT),
        "corpus": pa.array([corpus_name(artifact)] * len(table), TEXT),
        "n_channels": pc.list_value_length(table["channels"]),
        "n_events": pa.array(np.bincount(owner, minlength=len(table))),
        "n_seizures": pa.array(np.bincount(owner[np.array(seizures, bool)], minlength=len(table))),
        "event_types": _distinct(owner, events["type"], len(table)),
        "age_years": _numbers(people["age_years"]).take(place),
        "sex": _known(people["sex"]).take(place),
    }
    first = [name for name in SHOWN["recordings"] if name in columns]
    return pa.table({name: columns[name] for name in dict.fromkeys((*first, *columns))})


def _events(artifact: Artifact, parts: RecordingsTables) -> pa.Table:
    recordings = _recordings(artifact, parts)
    owner = _places(parts.events["recording"], recordings["recording"])
    columns = {name: parts.events[name] for name in parts.events.column_names}
    columns |= {name: recordings[name].take(pa.array(owner)) for name in _FROM_RECORDINGS}
    return pa.table({name: columns[name] for name in dict.fromkeys((*SHOWN["events"], *columns))})


def _subjects(artifact: Artifact, parts: RecordingsTables) -> pa.Table:
    """Subjects; ``split`` is ``several`` where a corpus was split by recording."""
    recordings = _recordings(artifact, parts)
    sums = [
        *(("recording", "count"), ("duration_s", "sum"), ("n_events", "sum")),
        *(("n_seizures", "sum"), ("split", "min"), ("split", "max"), ("corpus", "min")),
        *(("age_years", "max"), ("sex", "max")),
    ]
    of = recordings.group_by("subject", use_threads=False).aggregate(sums)
    several = pc.not_equal(of["split_min"], of["split_max"])
    return pa.table(
        {
            "subject": of["subject"],
            "split": pc.if_else(several, "several", of["split_min"]),
            "corpus": of["corpus_min"],
            "n_recordings": of["recording_count"],
            "hours": pc.divide(of["duration_s_sum"], 3600.0),
            "n_events": of["n_events_sum"],
            "n_seizures": of["n_seizures_sum"],
            "age_years": of["age_years_max"],
            "sex": of["sex_max"],
        }
    ).sort_by("subject")


def _refused(_: Artifact, parts: RecordingsTables) -> pa.Table:
    return _columns(parts.refused, REFUSED_CELLS)


def _channels(artifact: Artifact, _: RecordingsTables) -> pa.Table:
    table = _columns(read_text_table(artifact / CHANNELS, CHANNELS_CELLS), CHANNELS_CELLS)
    place = table.column_names.index("files")
    return table.set_column(place, "files", table["files"].cast(pa.int64()))


TABLES: dict[str, Callable[[Artifact, RecordingsTables], pa.Table]] = {
    "recordings": _recordings,
    "events": _events,
    "subjects": _subjects,
    "refused": _refused,
    "channels": _channels,
}
"""What can be listed -> a function that makes its table of a folder."""


def _places(values: pa.ChunkedArray, among: pa.ChunkedArray) -> NDArray[np.int32]:
    """Rows of ``among`` that hold these values, each of which is there."""
    return as_numpy(pc.index_in(values, value_set=among.combine_chunks()))


def _distinct(owner: NDArray[np.int32], values: pa.ChunkedArray, n: int) -> pa.Array:
    """A list for each of ``n`` rows: its distinct values, sorted."""
    coded = values.combine_chunks().dictionary_encode()
    order = pc.array_sort_indices(coded.dictionary)
    names, rank = coded.dictionary.take(order), np.argsort(np.from_dlpack(order))
    pairs = np.unique(np.stack([owner, rank[np.from_dlpack(coded.indices)]], axis=1), axis=0)
    ends = np.searchsorted(pairs[:, 0], np.arange(n + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(ends, names.take(pa.array(pairs[:, 1])))


def _columns(rows: list[dict[str, str]], cells: Cells) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], TEXT) for name in cells})


def _known(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts, empty where the table does not say."""
    return pc.if_else(pc.equal(texts, MISSING), pa.scalar(None, TEXT), texts)


def _numbers(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return _known(texts).cast(pa.float64())

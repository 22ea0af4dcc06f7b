"""Open recordings folders: subjects, channels, events, splits and samples."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from eegssl.artifacts.atomic import hash_json
from eegssl.artifacts.files.bulk_files import sizes_of
from eegssl.artifacts.files.packs import Packed, is_packed, pack_name, read_index
from eegssl.artifacts.json_parts import damaged
from eegssl.artifacts.manifest import Artifact, FittedOn, inputs_of
from eegssl.artifacts.reading import sketches_of
from eegssl.artifacts.table_parts import distinct_lists, read_text_table
from eegssl.corpus.audits.recordings_contract import (
    RecordingsTables,
    corpus_name,
    open_recordings,
)
from eegssl.corpus.ictal import events_of
from eegssl.corpus.preprocessing.recording_tables import PEOPLE_CELLS, RECORDINGS, SUBJECTS
from eegssl.corpus.signals import OpenFile, Recent, SignalFile, Stretch
from eegssl.errors import ArtifactError, InputError
from eegssl.io.labels.event_types import ARTIFACT_TYPES, Event
from eegssl.signal.channels.electrodes import Geometry, geometry
from eegssl.signal.waveform import sketch

T = TypeVar("T")
SIGNALS = "signals"
OPEN_SIGNALS = 384
"""Signals that a corpus holds open; a process may often open 1,024 files."""
OPEN_PACKS = 256
"""Packs that it holds open, beside those of its open signals."""
_COLUMNS = ("subject", "file", "n_samples", "sfreq_hz", "line_hz", "band_high_hz")
_EVENT_FIELDS = tuple(f.name for f in fields(Event) if f.name != "channels")


@dataclass(frozen=True)
class Recording:
    """One recording of a corpus; ``channels`` in the order of its signal's rows."""

    id: str
    subject: str
    file: str
    """Id of the EDF or BDF file; a file with gaps has several recordings."""
    split: str
    channels: tuple[str, ...]
    n_samples: int
    sfreq_hz: float
    line_hz: float | None
    events: tuple[Event, ...]
    folder: Path
    """That of its signal."""
    within_subject: bool = False
    """Whether its folder was split by recording, so that its subject is on several sides."""
    aliases: tuple[str, ...] = ()
    """Ids of other names of its subject."""
    band_high_hz: float = math.inf
    """Upper edge of its band, in Hz."""
    sketch: NDArray[np.uint32] = field(
        default_factory=lambda: np.zeros(0, np.uint32), compare=False, repr=False
    )
    """Of its waveform (`eegssl.signal.waveform`)."""
    corpus: str = ""
    """Name of the corpus, as `preprocess` was told, else of its folder."""
    labelled: bool = True
    """Whether anybody said where its events are, or that there is none."""
    packed: Packed | None = None
    """Where in a pack its signal is; None where that has a file of its own."""

    @property
    def path(self) -> Path:
        """The file that its signal is in."""
        return Path(self.path_text)

    @property
    def path_text(self) -> str:
        """The same as text, which takes a tenth of the time to make."""
        return _path_of(self.folder, self.id, self.packed)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.sfreq_hz

    def labelled_for(self, types: Sequence[str]) -> bool:
        """Whether somebody looked for events of these types in it; for one artifact, for all."""
        artifacts = ARTIFACT_TYPES if set(types) & set(ARTIFACT_TYPES) else ()
        return self.labelled or bool(events_of(self.events, (*types, *artifacts)))


class Corpus:
    """The recordings of one or several artifacts, opened together."""

    def __init__(self, artifacts: Sequence[Artifact], recordings: Iterable[Recording]) -> None:
        self.artifacts = tuple(artifacts)
        self.recordings = tuple(sorted(recordings, key=lambda r: r.id))
        self._open = Recent[SignalFile](OPEN_SIGNALS)
        self._packs = Recent[OpenFile](OPEN_PACKS)
        self._geometry: dict[tuple[str, ...], Geometry] = {}

    @cached_property
    def sfreq_hz(self) -> float:
        """The one sampling rate of all recordings.

        Raises ArtifactError when they differ.
        """
        rates = sorted({r.sfreq_hz for r in self.recordings})
        if len(rates) != 1:
            raise ArtifactError(
                f"got recordings at {rates} Hz; expected one sampling rate: preprocess them with "
                "the same --set filter.sfreq_hz"
            )
        return rates[0]

    @property
    def within_subject(self) -> bool:
        """Whether a split was made by recording, so that subjects are on several sides."""
        return any(r.within_subject for r in self.recordings)

    @property
    def synthetic(self) -> bool:
        """Whether any of the recordings are synthetic."""
        return any(a.manifest.facts["synthetic"] for a in self.artifacts)

    @cached_property
    def split_hash(self) -> str:
        """Hash of which recording is in which split."""
        return hash_json([[r.id, r.split] for r in self.recordings])

    @cached_property
    def _people(self) -> dict[str, tuple[float | None, str | None]]:
        tables = [
            read_text_table(a / SUBJECTS, PEOPLE_CELLS, unique="subject") for a in self.artifacts
        ]
        rows = [row for table in tables for row in table]
        return {
            row["subject"]: (_known(row["age_years"], float), _known(row["sex"], str))
            for row in rows
        }

    def person(self, subject: str) -> tuple[float | None, str | None]:
        """Age in years and sex of a subject; None where the corpus does not say."""
        return self._people.get(subject, (None, None))

    def of_split(self, *splits: str) -> tuple[Recording, ...]:
        """The recordings of these splits.

        Raises InputError when there are none.
        """
        recordings = tuple(r for r in self.recordings if r.split in splits)
        if not recordings:
            wanted, there = (
                " or ".join(s) for s in (splits, sorted({r.split for r in self.recordings}))
            )
            raise InputError(
                f"no recording is in split {wanted}: all {len(self.recordings)} are in {there}; "
                "preprocess deals them out to train, val and test where there are three or more "
                "subjects, splits.all is not set, and splits.file or splits.folders name all three"
            )
        return recordings

    def geometry(self, channels: tuple[str, ...]) -> Geometry:
        """Electrode positions and regions of channels."""
        if channels not in self._geometry:
            self._geometry[channels] = geometry(channels)
        return self._geometry[channels]

    def read_uv(self, recording: Recording, start: int, stop: int) -> NDArray[np.float32]:
        """Samples ``start:stop`` in µV, float32 [C, stop - start]."""
        return self.signal(recording).read_uv(start, stop)

    def signal(self, recording: Recording) -> SignalFile:
        """The open signal of a recording; several threads may ask for it."""
        return self._open.get(recording.id, lambda: open_signal(recording, packs=self._packs))

    def quality(self, recording: Recording) -> NDArray[np.uint8]:
        """Flags of the raw signal (`eegssl.signal.quality`), uint8 [C, W]."""
        return self.signal(recording).flags()

    def inputs(self) -> tuple[tuple[str, str], ...]:
        """Kind and id of each artifact, as a manifest records its inputs."""
        return inputs_of(*self.artifacts)


def open_corpus(paths: Sequence[Path]) -> Corpus:
    """Open recordings folders together.

    Raises ArtifactError when one is missing, damaged, of another kind, given twice, or when two
    of them hold the same recording or put the same subject into different splits.
    """
    artifacts: list[Artifact] = []
    recordings: dict[str, Recording] = {}
    for path in paths:
        artifact, tables = open_recordings(path)
        artifacts.append(artifact)
        for recording in _recordings(artifact, tables):
            other = recordings.setdefault(recording.id, recording)
            if other is not recording:
                raise ArtifactError(
                    f"recording {recording.id} is in {other.folder} and "
                    f"{recording.folder}; preprocess one of them with another "
                    "--set corpus=NAME, or name it once"
                )
    corpus = Corpus(artifacts, recordings.values())
    if len(artifacts) > 1:  # in one folder a subject has one by the table
        _require_one_split_a_subject([r for r in corpus.recordings if not r.within_subject])
    return corpus


def _require_one_split_a_subject(recordings: Sequence[Recording]) -> None:
    splits: dict[str, str] = {}
    for recording in recordings:
        if splits.setdefault(recording.subject, recording.split) != recording.split:
            raise ArtifactError(
                f"subject {recording.subject} is in split {splits[recording.subject]} of one "
                f"folder and {recording.split} of another; give both the same splits file"
            )


def _recordings(artifact: Artifact, tables: RecordingsTables) -> Iterator[Recording]:
    """The recordings of a folder by its tables, a column at once: there may be 100,000."""
    facts, table = artifact.manifest.facts, tables.recordings
    columns: dict[str, Iterable[Any]] = {name: table[name].to_pylist() for name in _COLUMNS}
    ids = columns["id"] = table["recording"].to_pylist()
    by, events = facts["split_by"], _events(tables.events)
    units = columns["subject" if by == "subject" else "file"]
    if "labelled" in table.column_names:
        columns["labelled"] = table["labelled"].to_pylist()
    else:  # of an older version: not said
        columns["labelled"] = repeat(bool(facts["events"]))
    columns |= {
        "split": [tables.splits[unit] for unit in units],
        "channels": tables.channels,
        "events": [tuple(events.get(id_, ())) for id_ in ids],
        "folder": repeat(artifact / SIGNALS),
        "within_subject": repeat(by == "recording"),
        "aliases": distinct_lists(table["aliases"]),
        "sketch": sketches_of(table).values(),
        "corpus": repeat(corpus_name(artifact)),
        "packed": map(places_of(artifact, table).get, ids),
    }
    return map(Recording, *(columns[field.name] for field in fields(Recording)))


def _path_of(folder: Path, id_: str, packed: Packed | None) -> str:
    return f"{folder}/{pack_name(packed.pack) if packed else id_ + '.safetensors'}"


def signal_source(
    folder: Path, id_: str, packed: Packed | None, packs: Recent[OpenFile] | None = None
) -> str | Stretch:
    """What `SignalFile` opens: a file of its own, or a part of a pack, whose file is open."""
    path = _path_of(folder, id_, packed)
    if packed is None:
        return path
    file = OpenFile(path) if packs is None else packs.get(path, lambda: OpenFile(path))
    return Stretch(file, packed.start, packed.n_bytes)


def places_of(artifact: Artifact, table: pa.Table) -> Mapping[str, Packed]:
    """Where signals lie in packs, by the table of their sizes; empty where they are not packed."""
    folder = artifact / SIGNALS
    return read_index(folder, sizes_of(table)) if is_packed(folder) else {}


def open_signal(
    recording: Recording,
    name: Literal["signal", "auxiliary"] = "signal",
    n_channels: int | None = None,
    packs: Recent[OpenFile] | None = None,
) -> SignalFile:
    """Open the EEG of a recording, or so many auxiliary channels; ``packs`` are those open already.

    Raises ArtifactError as `SignalFile`.
    """
    source = signal_source(recording.folder, recording.id, recording.packed, packs)
    n_channels = len(recording.channels) if n_channels is None else n_channels
    return SignalFile(source, (n_channels, recording.n_samples), name)


def require_sketches(recordings: Iterable[Recording]) -> None:
    """Raise ArtifactError where a recording's sketch was emptied, so that no copy is known.

    Short signals, and those without swings, have an empty one: it is made again to see that.
    """
    for recording in recordings:
        if len(recording.sketch):
            continue
        if len(sketch(open_signal(recording), recording.channels, recording.sfreq_hz)):
            table = recording.folder.parent / RECORDINGS
            raise damaged(table, f"the sketch of {recording.id} is empty, its signal has one")


def fitted_on(recordings: Iterable[Recording]) -> FittedOn:
    """The manifest entry of an artifact that was fitted on these recordings."""
    fitted = list(recordings)
    return FittedOn(
        tuple(sorted({r.subject for r in fitted})),
        tuple(sorted({r.id for r in fitted})),
        tuple(sorted({(alias, r.subject) for r in fitted for alias in r.aliases})),
        {r.id: r.sketch for r in fitted},
    )


def _known(text: str, kind: Callable[[str], T]) -> T | None:
    return None if text == "n/a" else kind(text)


def _events(table: pa.Table) -> dict[str, list[Event]]:
    events: dict[str, list[Event]] = {}
    columns = [table[name].to_pylist() for name in _EVENT_FIELDS]
    owners, channels = table["recording"].to_pylist(), distinct_lists(table["channels"])
    for owner, names, *values in zip(owners, channels, *columns, strict=True):
        named = dict(zip(_EVENT_FIELDS, values, strict=True))
        events.setdefault(owner, []).append(Event(**named, channels=names))
    return events

"""Read samples through MNE-Python in blocks of bounded size."""

import os
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import RecordingRefused
from eegssl.io.formats.file_parts import FileState, require_same_states, states_of
from eegssl.io.formats.through_mne.mne_header import MneFormat, MneHeader, describe
from eegssl.io.recording_header import Segment

BLOCK_BYTES = 128 << 20
_STEP_BYTES = 32 << 20
"""Ours: as many channels as fit are read at once, a stretch of time after the other."""
_UV_PER_V = 1e6
_INTEGERS = ("short", "int")


def read_mne_header(kind: MneFormat, path: Path, root: Path) -> MneHeader:
    """Open a recording and describe it; a channel of floats that aren't all finite is marked.

    Raises RecordingRefused: ``parts`` for companions that are missing or lie elsewhere,
    ``unreadable``, ``damaged`` where mne fails, ``header``, ``no-records``.
    """
    states = states_of(kind.parts(path, root))
    raw = _raw(kind, path, states)
    _require_known(raw, states)
    with _faults_as_refusals(kind.name):
        header = describe(kind, path, states, raw)
    if raw.orig_format in _INTEGERS:
        return header
    return _marked(kind, header)


def _require_known(raw: Any, states: tuple[FileState, ...]) -> None:
    """Raise RecordingRefused ``parts`` where mne opened a file that is not hashed as a part."""
    parts = {os.path.realpath(state.path) for state in states}
    if any(os.path.realpath(name) not in parts for name in raw.filenames if name):
        reason = "its samples lie in a file of another name: bring all parts under their own names"
        raise RecordingRefused("parts", reason)


def read_mne_samples(
    kind: MneFormat, header: MneHeader, index: int, segment: Segment | None = None
) -> NDArray[np.float32]:
    """Samples of one channel in µV as mne scales them [T], of a segment or of all joined."""
    require_same_states(header.states)
    pieces = header.segments if segment is None else (segment,)
    rows = [_row(kind, header, index, piece) for piece in pieces]
    return rows[0] if len(rows) == 1 else np.concatenate(rows)


def open_raw_of(kind: MneFormat, header: MneHeader) -> Any:
    """The ``mne.io.Raw`` of a header; raises RecordingRefused."""
    require_same_states(header.states)
    return _raw(kind, header.path, header.states)


def annotations_of(kind: MneFormat, raw: Any, path: Path) -> Any:
    """The ``mne.Annotations`` of an open raw; raises RecordingRefused."""
    with _faults_as_refusals(kind.name):
        return kind.annotations(raw, path)


@lru_cache(maxsize=1)
def _raw(kind: MneFormat, path: Path, _states: tuple[FileState, ...]) -> Any:
    with _faults_as_refusals(kind.name):
        return kind.open(path.absolute())  # as mne makes it, so that names of parts compare


@lru_cache(maxsize=1)
def _block(
    kind: MneFormat,
    path: Path,
    states: tuple[FileState, ...],
    span: tuple[int, int],
    indices: tuple[int, ...],
) -> NDArray[np.float32]:
    """Some channels between two samples in µV, float32 [C, T]; kept for the next channel."""
    raw = _raw(kind, path, states)
    first, stop = span
    block = np.empty((len(indices), stop - first), np.float32)
    step = max(1, _STEP_BYTES // (8 * len(raw.ch_names)))
    with _faults_as_refusals(kind.name):
        for start in range(first, stop, step):
            end = min(start + step, stop)
            signal_v = raw.get_data(picks=list(indices), start=start, stop=end)
            block[:, start - first : end - first] = signal_v * _UV_PER_V
    block.flags.writeable = False
    return block


def _row(kind: MneFormat, header: MneHeader, index: int, piece: Segment) -> NDArray[np.float32]:
    usable = [i for i, name in enumerate(header.kinds) if name != "other"]
    if index not in usable:
        usable = [index]
    size = max(1, BLOCK_BYTES // (4 * piece.n_records))
    group = usable.index(index) // size * size
    indices = tuple(usable[group : group + size])
    span = (piece.first_record, piece.first_record + piece.n_records)
    block = _block(kind, header.path, header.states, span, indices)
    row: NDArray[np.float32] = block[indices.index(index)]
    return row


def _marked(kind: MneFormat, header: MneHeader) -> MneHeader:
    """The header, with the channels marked whose samples aren't all finite."""
    faults = list(header.faults)
    for piece in header.segments:
        for index, name in enumerate(header.kinds):
            if name != "other" and not np.isfinite(_row(kind, header, index, piece)).all():
                faults[index] = "non-finite"
    return replace(header, faults=tuple(faults))


@contextmanager
def _faults_as_refusals(name: str) -> Iterator[None]:
    """Turn an error of mne into a refusal, and let nothing that it says reach a terminal.

    Its words may be those of the file, and a document of ``--json`` is all that stdout holds.
    """
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    except (RecordingRefused, MemoryError):
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {os.path.basename(last.filename)}"
        reason = (
            f"MNE-Python can't read it as {name} ({where}): it is damaged, cut, or of a kind that "
            "mne does not know; open it in the program that wrote it and export it as EDF"
        )
        raise RecordingRefused("damaged", reason) from error

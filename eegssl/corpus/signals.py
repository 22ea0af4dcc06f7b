"""Read stored recordings at any offset: blocks of time, mostly int16.

A safetensors file holds ``signal`` [n_blocks, C, S], int16: blocks of S samples, one after another,
so that a window of all channels lies together and is one read. The last block is filled up with
zeros; ``n_samples`` is T. ``scale_uv`` [C] times the samples are µV. Where a step of int16 would
exceed :data:`MAX_STEP_UV` (a huge artifact sets the scale), or where every sample has to be exact,
``signal`` is float32 with a scale of one, so that small activity is never rounded away.
``auxiliary`` [n_blocks, A, S] holds ECG, EOG and EMG in the same way, ``quality`` [C, W] the flags
of the raw signal (`eegssl.signal.quality`), one byte a channel and window.
"""

import math
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.array_parts import TensorFile, TensorPlace, read_tensors
from eegssl.artifacts.json_parts import damaged
from eegssl.regular_files import open_sized

MAX_STEP_UV = 0.1
"""The coarsest quantization step that int16 may have (ours)."""

LONGEST_BLOCK = 256
"""The most samples of a block (ours): of 64 to 1,024, windows of 1,000 and 2,000 samples took least
processor time with 128 to 256."""
_AT_ONCE_BYTES = 1 << 20

V = TypeVar("V")


class Recent(Generic[V]):
    """Values by key, made when they are asked for: those asked for last are kept.

    A process often may have 1,024 files open. Several threads may ask at once; a copy for another
    process begins empty.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, V] = OrderedDict()  # that asked for last stands last
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type["Recent[V]"], tuple[int]]:
        return type(self), (self._most,)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value of a key, made if it is not kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()  # by two threads at once, if it comes to that: one is dropped
        with self._lock:
            self._values[key] = value
            if len(self._values) > self._most:
                self._values.popitem(last=False)
        return value


def blocks_of(n_samples: int) -> tuple[int, int]:
    """Number and length S of a recording's blocks: as few as can be, all of one length.

    So what fills up the last one is less than a hundredth of all, however short the recording.
    """
    n_blocks = max(1, -(-n_samples // LONGEST_BLOCK))
    return n_blocks, -(-n_samples // n_blocks)


class OpenFile:
    """A file that is open for reading as long as anything refers to it."""

    def __init__(self, path: Path | str) -> None:
        """Open it; raises ArtifactError where it can't be read."""
        try:
            self.descriptor, self.n_bytes = open_sized(path, seen=True)
        except OSError as error:
            raise damaged(path, f"it can't be read: {error.strerror}") from None
        self.path = path

    def __del__(self) -> None:
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)


class Stretch(NamedTuple):
    """Bytes of an open file that are the file of one recording, as they lie in a pack."""

    file: OpenFile
    start: int
    n_bytes: int

    @property
    def name(self) -> Path | str:
        """The file's path, and which part of it, for messages."""
        if self.n_bytes == self.file.n_bytes:
            return self.file.path
        return f"{self.file.path} (from byte {self.start:,})"


class _Layout(NamedTuple):
    """Where the parts of a signal lie in its file."""

    blocks: TensorPlace
    n_samples: TensorPlace
    scale_uv: TensorPlace
    length: int
    """Samples S of a block."""
    n_bytes: int
    """Of a block of all channels."""
    at_once: int
    """Samples that are read at once, at most."""


def _layout(
    tensors: TensorFile, name: Literal["signal", "auxiliary"], n_channels: int | None
) -> _Layout:
    """The parts of the EEG, or of the auxiliary channels, kept for files of the same header.

    Raises ArtifactError where a part is not there, or of another type or shape.
    """
    if layout := tensors.kept.get((name, n_channels)):
        return layout
    blocks = tensors.place(name, "i2 f4", (None, n_channels, None))
    scale = "scale_uv" if name == "signal" else f"{name}_scale_uv"
    length = max(1, blocks.shape[2])
    n_bytes = length * blocks.shape[1] * blocks.dtype.itemsize
    layout = _Layout(
        blocks,
        tensors.place("n_samples", "i8", ()),
        tensors.place(scale, "f4", blocks.shape[1:2]),
        length,
        n_bytes,
        length * max(1, _AT_ONCE_BYTES // max(1, n_bytes)),
    )
    tensors.kept[name, n_channels] = layout
    return layout


class SignalFile:
    """A stored signal [C, T] whose file is open, to read pieces of it.

    To read a piece takes a fraction of the time of mapping it where it is the only one that is read
    of its recording.
    """

    def __init__(
        self,
        source: Path | str | Stretch,
        shape: tuple[int | None, int | None] = (None, None),
        name: Literal["signal", "auxiliary"] = "signal",
    ) -> None:
        """Open the EEG, or the ``auxiliary`` channels, of a path or a part of a pack.

        Raises ArtifactError when the file is no such signal, of another ``shape`` [C, T], or when
        its scales are none.
        """
        if not isinstance(source, Stretch):
            file = OpenFile(source)
            source = Stretch(file, 0, file.n_bytes)
        self._source = source
        self._path = path = source.name
        self._file = source.file.descriptor
        try:
            tensors = read_tensors(self._file, source.n_bytes, path, source.start)
            self._layout = layout = _layout(tensors, name, shape[0])
            stored_length = tensors.bytes_of(self._file, layout.n_samples)
            scales = tensors.bytes_of(self._file, layout.scale_uv)
        except OSError as error:
            raise damaged(path, f"it can't be read: {error.strerror}") from None
        n_samples = int.from_bytes(stored_length, "little", signed=True)
        n_blocks, n_channels, length = layout.blocks.shape
        if shape[1] not in (None, n_samples) or not (
            0 <= n_blocks * length - n_samples < layout.length
        ):
            expected = "" if shape[1] is None else f", expected {shape[1]}"
            raise damaged(
                path, f"it says {n_samples} samples in {n_blocks} blocks of {length}{expected}"
            )
        self.shape = n_channels, n_samples
        self.scale_uv = _checked_scale(np.frombuffer(scales, np.float32), path)
        """[C]"""
        self.dtype = layout.blocks.dtype
        self._offset = source.start + layout.blocks.offset

    def read_into(self, rows: NDArray[Any], channels: Sequence[int], start: int) -> None:
        """Fill ``rows`` [C, T], of any type that holds them, with samples as they are stored.

        Raises ArtifactError for samples that are not there, or not finite.
        """
        stop, n_samples, at_once = start + rows.shape[1], self.shape[1], self._layout.at_once
        if stop > max(start, n_samples):
            raise damaged(self._path, f"samples after its last one, {n_samples}, were asked for")
        for begin in range(start, stop, at_once):
            end = min(begin + at_once, stop)
            rows[:, begin - start : end - start] = self._part(channels, begin, end)

    def read(self, channels: Sequence[int], start: int, stop: int) -> NDArray[Any]:
        """Samples ``start:stop`` of these channels, [C, stop - start] as they are stored.

        Raises ArtifactError as `read_into`.
        """
        rows = np.empty((len(channels), stop - start), self.dtype)
        self.read_into(rows, channels, start)
        return rows

    def read_uv(self, start: int, stop: int) -> NDArray[np.float32]:
        """Samples ``start:stop`` of every channel in µV, float32 [C, stop - start].

        Fewer where the recording ends before. Raises ArtifactError as `read_into`.
        """
        n_channels, n_samples = self.shape
        piece_uv = np.empty((n_channels, max(min(stop, n_samples) - start, 0)), np.float32)
        self.read_into(piece_uv, range(n_channels), start)
        piece_uv *= self.scale_uv[:, None]
        return piece_uv

    def flags(self) -> NDArray[np.uint8]:
        """Flags of the raw signal (`eegssl.signal.quality`), uint8 [C, W].

        Raises ArtifactError where there are none.
        """
        source = self._source
        tensors = read_tensors(self._file, source.n_bytes, self._path, source.start)
        return np.array(tensors.read(self._file, "quality", "u1", (self.shape[0], None)))

    def _part(self, channels: Sequence[int], start: int, stop: int) -> NDArray[Any]:
        """Samples ``start:stop`` of these channels by one read, [C, stop - start]."""
        length = self._layout.length
        first, end = start // length, -(-stop // length)
        blocks = np.empty((end - first, self.shape[0], length), self.dtype)
        offset = self._offset + first * self._layout.n_bytes
        if os.preadv(self._file, [blocks.data], offset) < blocks.nbytes:
            raise damaged(self._path, "it was cut while it was open")
        if channels != range(self.shape[0]):
            blocks = blocks[:, channels]
        rows = blocks.swapaxes(0, 1).reshape(blocks.shape[1], -1)
        part = rows[:, start - first * length : stop - first * length]
        if part.dtype.kind == "f" and not np.isfinite(part).all():
            raise damaged(self._path, "a sample is not finite")
        return part


def _checked_scale(scale_uv: NDArray[np.float32], path: Path | str) -> NDArray[np.float32]:
    """The scales, unless one is none: then ArtifactError."""
    scales = scale_uv.tolist()  # of so few numbers, lists are faster than arrays
    if not (min(scales, default=1.0) > 0 and sum(scales) < math.inf):  # nor NaN
        raise damaged(path, "a scale is not above 0")
    return scale_uv


@dataclass(frozen=True)
class Pieces:
    """B pieces of signals, as stored; ``values * scale_uv[..., None]`` in float32 is in µV."""

    values: NDArray[Any]
    """[B, C, T], int16, or float32 where one of them is stored so."""
    scale_uv: NDArray[np.float32]
    """[B, C]"""

    def in_uv(self) -> NDArray[np.float32]:
        """The pieces in µV, float32 [B, C, T]."""
        signal_uv: NDArray[np.float32] = np.multiply(self.values, self.scale_uv[..., None])
        return signal_uv


def read_pieces(
    files: Sequence[SignalFile],
    channels: Sequence[Sequence[int]],
    starts: Sequence[int],
    length: int,
) -> Pieces:
    """Read pieces of ``length`` samples, of as many channels each.

    Raises ArtifactError as `SignalFile.read_into`.
    """
    dtypes = {file.dtype for file in files}
    dtype = dtypes.pop() if len(dtypes) == 1 else np.dtype(np.float32)
    values = np.empty((len(files), len(channels[0]), length), dtype)
    scales = np.empty(values.shape[:2], np.float32)
    for k, (file, rows, start) in enumerate(zip(files, channels, starts, strict=True)):
        scales[k] = file.scale_uv if rows == range(len(file.scale_uv)) else file.scale_uv[rows]
        file.read_into(values[k], rows, start)
    return Pieces(values, scales)

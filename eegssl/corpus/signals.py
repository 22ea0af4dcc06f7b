"""Read stored recordings at any offset: int16 with a scale per channel.

A safetensors file holds ``signal`` [C, T], int16, and ``scale_uv`` [C]; ``signal * scale_uv`` is in
µV. Where a step of int16 would exceed :data:`MAX_STEP_UV` (a huge artifact sets the scale), or
where every sample has to be exact, it is float32 with a scale of one, so that small activity is
never rounded away. ``auxiliary`` [A, T] holds ECG, EOG and EMG in the same way, ``quality`` [C, W]
the flags of the raw signal (`eegssl.signal.quality`), one byte a channel and window.
"""

import math
import os
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.array_parts import open_tensors, read_tensors
from eegssl.artifacts.json_parts import damaged
from eegssl.regular_files import open_sized

MAX_STEP_UV = 0.1
"""The coarsest quantization step that int16 may have (ours)."""

_AT_ONCE_BYTES = 8 << 20
NAMES = {np.dtype("<i2"): "I16", np.dtype("<f4"): "F32", np.dtype("|u1"): "U8"}
"""Types of NumPy -> of safetensors."""


V = TypeVar("V")


class Recent(Generic[V]):
    """Values by key, made when they are asked for: those asked for last are kept.

    A process may map some 65,000 files and, each map taking a descriptor, often has 1,024 open.
    Several threads may ask at once; a copy for another process begins empty.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[Hashable, V] = {}  # the one asked for last stands last
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type["Recent[V]"], tuple[int]]:
        return type(self), (self._most,)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value of a key, made if it is not kept."""
        with self._lock:
            if key in self._values:
                self._values[key] = value = self._values.pop(key)
                return value
        value = make()  # by two threads at once, if it comes to that: one is dropped
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._most:
                del self._values[next(iter(self._values))]
        return value


@dataclass(frozen=True)
class StoredSignal:
    """A mapped signal: ``data`` [C, T] as stored, ``scale_uv`` [C]."""

    data: NDArray[np.generic]
    scale_uv: NDArray[np.float32]
    path: Path | None = None
    """The file that it is mapped from."""

    def read_uv(self, start: int, stop: int) -> NDArray[np.float32]:
        """Samples ``start:stop`` of every channel in µV, float32 [C, stop - start].

        Raises ArtifactError for samples that are not finite.
        """
        piece = self.data[:, start:stop].astype(np.float32)
        piece *= self.scale_uv[:, None]
        if self.path and self.data.dtype.kind == "f" and not np.isfinite(piece).all():
            raise damaged(self.path, "a sample is not finite")
        return piece


def map_signal(
    path: Path, shape: tuple[int | None, int | None] = (None, None), name: str = ""
) -> StoredSignal:
    """Map a stored signal without reading its samples; ``name`` "auxiliary_" for ECG and the like.

    Raises ArtifactError when the file is no such signal, of another ``shape`` [C, T], or when its
    scales are none.
    """
    file = open_tensors(path)
    data = file.map(name.rstrip("_") or "signal", "i2 f4", shape)
    scale_uv = np.array(file.map(f"{name}scale_uv", "f4", data.shape[:1]))
    return StoredSignal(data, _checked_scale(scale_uv, path), path)


def _checked_scale(scale_uv: NDArray[np.float32], path: Path | str) -> NDArray[np.float32]:
    """The scales, unless one is none: then ArtifactError."""
    scales = scale_uv.tolist()  # of so few numbers, lists are faster than arrays
    if not (min(scales, default=1.0) > 0 and sum(scales) < math.inf):  # nor NaN
        raise damaged(path, "a scale is not above 0")
    return scale_uv


class SignalFile:
    """A stored signal [C, T] whose file is open, to read pieces of it.

    A piece lies in as many pages as it has channels: to read it costs half of what mapping does
    where it is the only one that is read of its recording.
    """

    def __init__(self, path: Path | str, shape: tuple[int, int]) -> None:
        """Raises ArtifactError as `map_signal`."""
        self._path = path
        try:
            self._file, n_bytes = open_sized(path, seen=True)
            tensors = read_tensors(self._file, n_bytes, path)
            place = tensors.place("signal", "i2 f4", shape)
            scale_uv = tensors.read(self._file, "scale_uv", "f4", shape[:1])
        except OSError as error:
            raise damaged(path, f"it can't be read: {error.strerror}") from None
        self.scale_uv = _checked_scale(scale_uv, path)
        """[C]"""
        self.dtype, self._offset, self._n_samples = place.dtype, place.offset, shape[1]

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)

    def read_into(self, rows: NDArray[Any], channels: Sequence[int], start: int) -> None:
        """Fill ``rows`` [C, T], of this file's type, with samples of these channels as stored.

        They lie side by side, without gaps.

        Raises ArtifactError for samples that are not there, or not finite.
        """
        if not rows.size:
            return
        into = memoryview(rows.data).cast("B")
        size, n_bytes = self.dtype.itemsize, len(into) // len(rows)
        first, pitch = self._offset + size * start, size * self._n_samples
        for k, channel in enumerate(channels):
            row = into[k * n_bytes : (k + 1) * n_bytes]
            if os.preadv(self._file, [row], first + channel * pitch) < n_bytes:
                raise damaged(self._path, "it was cut while it was open")
        if self.dtype.kind == "f" and not np.isfinite(rows).all():
            raise damaged(self._path, "a sample is not finite")

    def read_uv(self, start: int, stop: int) -> NDArray[np.float32]:
        """Samples ``start:stop`` of every channel in µV, float32 [C, stop - start].

        Raises ArtifactError as `read_into`.
        """
        stop = min(stop, self._n_samples)
        piece_uv = np.empty((len(self.scale_uv), max(stop - start, 0)), np.float32)
        at_once = max(1, _AT_ONCE_BYTES // max(1, piece_uv[:1].nbytes))
        for first in range(0, len(piece_uv), at_once):
            channels = range(first, min(first + at_once, len(piece_uv)))
            rows = np.empty((len(channels), piece_uv.shape[1]), self.dtype)
            self.read_into(rows, channels, start)
            scale_uv = self.scale_uv[channels.start : channels.stop, None]
            np.multiply(rows, scale_uv, out=piece_uv[channels.start : channels.stop])
        return piece_uv


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
        if file.dtype == dtype:
            file.read_into(values[k], rows, start)
        else:
            stored = np.empty(values.shape[1:], file.dtype)
            file.read_into(stored, rows, start)
            values[k] = stored
    return Pieces(values, scales)


def map_flags(path: Path, n_channels: int) -> NDArray[np.uint8]:
    """Map the flags [C, W] of a stored recording; raises ArtifactError as `map_signal`."""
    return open_tensors(path).map("quality", "u1", (n_channels, None))

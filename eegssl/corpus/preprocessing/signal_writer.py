"""Store the cleaned rows of a recording, and hash them.

The format is that of `eegssl.corpus.signals`: blocks of time, while rows come a channel at a time.
They lie in a file without a name until the last one is there; then it is known which channels are
kept, and header and blocks are written in one go and hashed on the way.
"""

import hashlib
import json
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedRandom
from math import prod
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.atomic import PARTIAL
from eegssl.corpus.signals import MAX_STEP_UV, blocks_of
from eegssl.signal.channels.montages import common_part

Width = Literal["<i2", "<f4"]
_NAMES = {
    np.dtype(kind): name
    for kind, name in (("<i2", "I16"), ("<i8", "I64"), ("<f4", "F32"), ("|u1", "U8"))
}
"""Types of NumPy -> of safetensors."""
_LEAST_SCALE = float(np.finfo(np.float32).tiny)
"""In µV a step: what is less is not held exactly enough that no step exceeds int16."""
_PART_SAMPLES, _PART_BYTES = 1 << 16, 1 << 20


class TooCoarse(Exception):
    """A row whose peak int16 can't hold finely enough."""


@dataclass(frozen=True)
class Written:
    """The size of a stored recording's file, its SHA-256, and the largest absolute EEG sample."""

    n_bytes: int
    sha256: str
    peak_uv: float


class SignalWriter:
    """Writes rows [T], first EEG and then auxiliary ones; only one of them need be in memory.

    Used in a ``with`` block; nothing has the name ``path`` before `finish`.
    """

    def __init__(self, path: Path, n_samples: int, width: Width, n_auxiliary: int = 0) -> None:
        self._path, self._n_samples, self._n_auxiliary = path, n_samples, n_auxiliary
        self._dtype = np.dtype(width)
        self._scales: list[float] = []
        self._peaks_uv: list[float] = []
        self._rows = _nameless(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()

    def add(self, row: NDArray[np.float32]) -> None:
        """Take one row [T] in µV.

        Raises TooCoarse where the file is of int16 and that would round too coarsely, ValueError
        for a sample that is not finite: that is never made into a number.
        """
        peak = float(max(row.max(initial=0.0), -row.min(initial=0.0)))
        if not np.isfinite(peak):
            raise ValueError("got samples that are not finite; expected finite ones")
        self._peaks_uv.append(peak)
        if self._dtype.kind == "f":
            self._scales.append(1.0)
            self._rows.write(np.ascontiguousarray(row, self._dtype).data)
            return
        scale = max(float(np.float32(peak / 32767)), _LEAST_SCALE) if peak else 1.0
        if peak and scale > MAX_STEP_UV:
            raise TooCoarse
        self._scales.append(scale)
        for start in range(0, len(row), _PART_SAMPLES):
            steps = row[start : start + _PART_SAMPLES] * np.float32(1 / scale)
            np.rint(steps, out=steps)
            self._rows.write(steps.astype(self._dtype).data)

    def finish(self, quality: NDArray[np.uint8] | None = None) -> Written:
        """Write the file, with flags ``quality`` [C, W] of the EEG channels."""
        n_rows, n_channels = len(self._scales), len(self._scales) - self._n_auxiliary
        scale_uv = np.array(self._scales, "<f4")
        tensors = {"n_samples": _Tensor.of(np.array(self._n_samples, "<i8"))}
        if self._n_auxiliary:
            tensors["auxiliary_scale_uv"] = _Tensor.of(scale_uv[n_channels:])
        tensors["scale_uv"] = _Tensor.of(scale_uv[:n_channels])
        tensors["signal"] = self._in_blocks(range(n_channels))
        if self._n_auxiliary:
            tensors["auxiliary"] = self._in_blocks(range(n_channels, n_rows))
        if quality is not None:
            tensors["quality"] = _Tensor.of(quality)
        digest, n_bytes = hashlib.sha256(), 0
        with self._path.open("wb") as stream:
            for part in _file_of(tensors):
                stream.write(part)
                digest.update(part)
                n_bytes += part.nbytes
        peak_uv = max(self._peaks_uv[:n_channels], default=0.0)
        return Written(n_bytes, digest.hexdigest(), peak_uv)

    def _in_blocks(self, rows: range) -> "_Tensor":
        """The tensor [n_blocks, C, S] of some rows, read a part at a time."""
        n_blocks, length = blocks_of(self._n_samples)
        size = self._dtype.itemsize
        step = max(1, _PART_BYTES // max(1, size * len(rows) * length))

        def parts() -> Iterator[NDArray[Any]]:
            for first in range(0, n_blocks, step):
                n, start = min(step, n_blocks - first), first * length
                samples = np.zeros((len(rows), n * length), self._dtype)
                for k, row in enumerate(samples):
                    place = size * (rows[k] * self._n_samples + start)
                    _read_at(self._rows, place, row[: self._n_samples - start])
                yield samples.reshape(len(rows), n, length).swapaxes(0, 1)

        return _Tensor(self._dtype, (n_blocks, len(rows), length), parts())


class _Tensor(NamedTuple):
    """A tensor of a safetensors file, and its content part by part."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    parts: Iterable[NDArray[Any]]

    @classmethod
    def of(cls, array: NDArray[Any]) -> "_Tensor":
        """A small one, in one part."""
        return cls(array.dtype, array.shape, [array])


def _file_of(tensors: Mapping[str, _Tensor]) -> Iterator[memoryview]:
    """A safetensors file, part by part: where the bytes of each tensor lie, and these."""
    entries: dict[str, object] = {}
    end = 0
    for name, (dtype, shape, _) in tensors.items():
        start, end = end, end + dtype.itemsize * prod(shape)
        entries[name] = {"dtype": _NAMES[dtype], "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    yield memoryview(len(text).to_bytes(8, "little") + text)
    for tensor in tensors.values():
        for part in tensor.parts:
            yield np.ascontiguousarray(part).data


def _nameless(path: Path) -> BufferedRandom:
    """A file in the folder of ``path`` without a name: it ends with the process.

    A system that needs a name for a moment gives one that marks it as unfinished.
    """
    return tempfile.TemporaryFile(dir=path.parent, prefix=f"{path.name}.", suffix=PARTIAL)


def _read_at(stream: BufferedRandom, place: int, into: NDArray[Any]) -> None:
    stream.seek(place)
    stream.readinto(into.data)


class ScratchRows:
    """Rows [T] of float32 that lie in a file until a montage is made of them: see `beside`."""

    def __init__(self, stream: BufferedRandom, n_samples: int) -> None:
        self._stream, self._n_samples, self._n_rows = stream, n_samples, 0

    @classmethod
    @contextmanager
    def beside(cls, path: Path, n_samples: int) -> Iterator[Self]:
        """Rows in a file without a name, in the folder of ``path``."""
        with _nameless(path) as stream:
            yield cls(stream, n_samples)

    def add(self, row: NDArray[np.float32]) -> None:
        """Write one row [T]."""
        self._stream.write(np.ascontiguousarray(row, np.float32).data)
        self._n_rows += 1

    def mixed(
        self, matrix: NDArray[np.float32] | None
    ) -> Generator[NDArray[np.float32], None, None]:
        """The rows [T] of a montage ``matrix`` [M, C], or those that were added: each is gone with
        the next.
        """
        if matrix is None:
            matrix = np.eye(self._n_rows, dtype=np.float32)
        weights, holds, beside = common_part(matrix)
        shared, row = np.zeros((2, self._n_samples), np.float32)
        if holds.any():
            self._add_to(shared, weights)
        for with_shared, own in zip(holds, beside, strict=True):
            row[:] = shared if with_shared else 0
            self._add_to(row, own)
            yield row

    def _add_to(self, row: NDArray[np.float32], weights: NDArray[np.float32]) -> None:
        """Add the weighted sum of what lies on disk: sample by sample in the same order."""
        buffer = np.empty(_PART_SAMPLES, np.float32)
        for start in range(0, self._n_samples, _PART_SAMPLES):
            part = row[start : start + _PART_SAMPLES]
            block = buffer[: len(part)]
            for k in np.flatnonzero(weights).tolist():
                _read_at(self._stream, block.itemsize * (k * self._n_samples + start), block)
                block *= weights[k]
                part += block


def widths(*, exact: bool) -> tuple[Width, ...]:
    """The types of samples to try in turn: int16, and float32 where that is too coarse."""
    return ("<f4",) if exact else ("<i2", "<f4")

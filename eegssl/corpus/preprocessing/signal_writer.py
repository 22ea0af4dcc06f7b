"""Store the cleaned rows of a recording, and hash them.

The format is that of `eegssl.corpus.signals`. Its header, scales and flags are known only once the
last row is there: room is left for them, and where fewer rows came than were planned (flat
channels), the rows are moved to their place. What was written is hashed and handed on through a
map of the same file, so that nothing is opened or read again.
"""

import hashlib
import json
import mmap
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.atomic import PARTIAL
from eegssl.corpus.signals import MAX_STEP_UV, NAMES, StoredSignal
from eegssl.signal.channels.montages import common_part

Width = Literal["<i2", "<f4"]
_BLOCK_SAMPLES, _BLOCK_BYTES = 1 << 16, 16 << 20


class TooCoarse(Exception):
    """A row whose peak int16 can't hold finely enough."""


@dataclass(frozen=True)
class Written:
    """A stored recording: its EEG rows (mapped), the size of its file and the file's SHA-256.

    ``peak_uv`` is the largest absolute value of its EEG.
    """

    signal: StoredSignal
    n_bytes: int
    sha256: str
    peak_uv: float


class SignalWriter:
    """Writes rows [T], first EEG and then auxiliary ones; only one of them need be in memory.

    ``shape`` is the [C, T] that is expected; fewer channels may come. ``n_windows`` is that of the
    flags, where there are any. Used in a ``with`` block: the file is removed where that ends in an
    error.
    """

    def __init__(
        self,
        path: Path,
        shape: tuple[int, int],
        width: Width,
        n_auxiliary: int = 0,
        n_windows: int | None = None,
    ) -> None:
        n_channels, self._n_samples = shape
        self._path, self._dtype, self._n_auxiliary = path, np.dtype(width), n_auxiliary
        self._scales: list[float] = []
        self._peaks_uv: list[float] = []
        self._stream = path.open("w+b")
        self._room = len(self._header(n_channels, n_windows)) + 4 * (n_channels + n_auxiliary)
        self._stream.write(bytes(self._room))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stream.close()
        if kind is not None:
            self._path.unlink()

    def add(self, row: NDArray[np.float32]) -> None:
        """Write one row [T] in µV.

        Raises TooCoarse where the file is of int16 and that would round too coarsely, ValueError
        for a sample that is not finite: that is never made into a number.
        """
        peak = float(max(row.max(initial=0.0), -row.min(initial=0.0)))
        if not np.isfinite(peak):
            raise ValueError("got samples that are not finite; expected finite ones")
        self._peaks_uv.append(peak)
        if self._dtype.kind == "f":
            self._scales.append(1.0)
            self._stream.write(np.ascontiguousarray(row, dtype=self._dtype).data)
            return
        scale = float(np.float32(peak / 32767)) if peak else 1.0
        if peak and scale > MAX_STEP_UV:
            raise TooCoarse
        self._scales.append(scale)
        for start in range(0, len(row), _BLOCK_SAMPLES):
            steps = row[start : start + _BLOCK_SAMPLES] * np.float32(1 / scale)
            np.rint(steps, out=steps)
            np.clip(steps, -32768, 32767, out=steps)
            self._stream.write(steps.astype(self._dtype).data)

    def finish(self, quality: NDArray[np.uint8] | None = None) -> Written:
        """Complete the file, with flags ``quality`` [C, W] of the EEG channels."""
        n_channels = len(self._scales) - self._n_auxiliary
        flags = b"" if quality is None else np.ascontiguousarray(quality).tobytes()
        scales = [*self._scales[n_channels:], *self._scales[:n_channels]]
        head = self._header(n_channels, None if quality is None else quality.shape[1])
        head += np.array(scales, "<f4").tobytes()
        size = len(self._scales) * self._n_samples * self._dtype.itemsize
        end = len(head) + size
        self._stream.flush()
        self._stream.truncate(max(self._room + size, end + len(flags)))
        mapped = mmap.mmap(self._stream.fileno(), 0)
        if len(head) != self._room:
            mapped.move(len(head), self._room, size)
        for place, part in ((0, head), (end, flags)):
            self._stream.seek(place)
            self._stream.write(part)
        self._stream.truncate(end + len(flags))
        digest = hashlib.sha256(head)
        for start in range(len(head), end, _BLOCK_BYTES):
            digest.update(memoryview(mapped)[start : min(end, start + _BLOCK_BYTES)])
            mapped.madvise(mmap.MADV_DONTNEED)  # they stay in the system's cache
        digest.update(flags)
        count = n_channels * self._n_samples
        data = np.frombuffer(mapped, self._dtype, count, len(head))
        data.flags.writeable = False
        signal = StoredSignal(
            data.reshape(n_channels, self._n_samples),
            np.array(self._scales[:n_channels], np.float32),
        )
        peak_uv = max(self._peaks_uv[:n_channels], default=0.0)
        return Written(signal, end + len(flags), digest.hexdigest(), peak_uv)

    def _header(self, n_channels: int, n_windows: int | None) -> bytes:
        """The header of the safetensors file: where the bytes of each tensor lie."""
        scale = np.dtype("<f4")
        tensors: dict[str, tuple[np.dtype[np.generic], tuple[int, ...]]] = {}
        if self._n_auxiliary:
            tensors["auxiliary_scale_uv"] = (scale, (self._n_auxiliary,))
        tensors["scale_uv"] = (scale, (n_channels,))
        tensors["signal"] = (self._dtype, (n_channels, self._n_samples))
        if self._n_auxiliary:
            tensors["auxiliary"] = (self._dtype, (self._n_auxiliary, self._n_samples))
        if n_windows is not None:
            tensors["quality"] = (np.dtype("|u1"), (n_channels, n_windows))
        entries: dict[str, object] = {}
        end = 0
        for name, (kind, size) in tensors.items():
            start, end = end, end + kind.itemsize * int(np.prod(size))
            entries[name] = {"dtype": NAMES[kind], "shape": size, "data_offsets": [start, end]}
        text = json.dumps(entries, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        return len(text).to_bytes(8, "little") + text


class ScratchRows:
    """Rows [T] of float32 that lie in a file until a montage is made of them: see `beside`."""

    def __init__(self, stream: BufferedRandom, n_samples: int) -> None:
        self._stream, self._n_samples, self._n_rows = stream, n_samples, 0

    @classmethod
    @contextmanager
    def beside(cls, path: Path, n_samples: int) -> Iterator[Self]:
        """Rows in a file in the folder of ``path``, without a name: it ends with the process.

        A system that needs a name for a moment gives one that marks it as unfinished.
        """
        with tempfile.TemporaryFile(
            dir=path.parent, prefix=f"{path.name}.", suffix=PARTIAL
        ) as stream:
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
        buffer = np.empty(_BLOCK_SAMPLES, np.float32)
        for start in range(0, self._n_samples, _BLOCK_SAMPLES):
            part = row[start : start + _BLOCK_SAMPLES]
            block = buffer[: len(part)]
            for k in np.flatnonzero(weights).tolist():
                self._stream.seek(block.itemsize * (k * self._n_samples + start))
                self._stream.readinto(block.data)
                block *= weights[k]
                part += block


def widths(*, exact: bool) -> tuple[Width, ...]:
    """The types of samples to try in turn: int16, and float32 where that is too coarse."""
    return ("<f4",) if exact else ("<i2", "<f4")

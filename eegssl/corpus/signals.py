"""Store a recording's signals on disk, and read them at any offset.

A safetensors file holds ``signal`` [C, T], int16, and ``scale_uv`` [C]; ``signal * scale_uv`` is in
µV. Where a step of int16 would exceed :data:`MAX_STEP_UV` (a huge artifact sets the scale), or
where every sample has to be exact, it is float32 with a scale of one, so that small activity is
never rounded away. ``auxiliary`` [A, T] holds ECG, EOG and EMG in the same way, ``quality`` [C, W]
the flags of the raw signal (`eegssl.signal.quality`), one byte a channel and window.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import ArtifactError

MAX_STEP_UV = 0.1
"""The coarsest quantization step that int16 may have (ours)."""

_DTYPES = {"I16": "<i2", "F32": "<f4", "U8": "|u1"}
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}
Rows = Iterable[NDArray[np.float32]]


class _TooCoarse(Exception):
    """Raised for a row whose peak makes the steps of int16 too coarse."""


@dataclass(frozen=True)
class StoredSignal:
    """A mapped signal: ``data`` [C, T] as stored, ``scale_uv`` [C]."""

    data: NDArray[np.generic]
    scale_uv: NDArray[np.float32]

    def read_uv(self, start: int, stop: int) -> NDArray[np.float32]:
        """Samples ``start:stop`` of every channel in µV, float32 [C, stop - start]."""
        piece = self.data[:, start:stop].astype(np.float32)
        piece *= self.scale_uv[:, None]
        return piece


def write_signal(path: Path, signal_uv: NDArray[np.float32]) -> None:
    """Store a finite signal [C, T] in µV, without auxiliary channels and flags."""
    write_rows(path, lambda: signal_uv, signal_uv.shape)


def write_rows(
    path: Path,
    rows: Callable[[], Rows],
    shape: tuple[int, ...],
    *,
    auxiliary: Callable[[], Rows] = tuple,
    n_auxiliary: int = 0,
    quality: NDArray[np.uint8] | None = None,
    exact: bool = False,
) -> None:
    """Store a recording [C, T] row by row, so that only one of them need be in memory.

    ``rows`` gives the channels in µV, and is called once more where int16 turns out too coarse;
    ``auxiliary`` gives the ``n_auxiliary`` others of the same length. ``exact`` means float32.

    Raises ValueError when a sample is not finite.
    """
    widths = ("<f4",) if exact else ("<i2", "<f4")
    for width in widths:
        try:
            with path.open("wb") as stream:
                places = _write_header(stream, shape, n_auxiliary, quality, np.dtype(width))
                for name, rows_of in (("", rows), ("auxiliary_", auxiliary)):
                    _write_rows(stream, rows_of(), name, places, np.dtype(width))
                if quality is not None:
                    stream.seek(places["quality"])
                    stream.write(np.ascontiguousarray(quality).tobytes())
            return
        except _TooCoarse:
            continue
        except ValueError:
            path.unlink()
            raise


def _write_header(
    stream: BinaryIO,
    shape: tuple[int, ...],
    n_auxiliary: int,
    quality: NDArray[np.uint8] | None,
    dtype: np.dtype[np.generic],
) -> dict[str, int]:
    """Write the header of a safetensors file; returns where each tensor's bytes begin."""
    n_channels, n_samples = shape
    tensors: dict[str, tuple[np.dtype[np.generic], tuple[int, ...]]] = {
        "scale_uv": (np.dtype("<f4"), (n_channels,)),
        "signal": (dtype, (n_channels, n_samples)),
    }
    if n_auxiliary:
        scale = {"auxiliary_scale_uv": (np.dtype("<f4"), (n_auxiliary,))}
        tensors = scale | tensors | {"auxiliary": (dtype, (n_auxiliary, n_samples))}
    if quality is not None:
        tensors["quality"] = (np.dtype("|u1"), quality.shape)
    header: dict[str, object] = {}
    offsets, end = {}, 0
    for name, (kind, size) in tensors.items():
        offsets[name], end = end, end + kind.itemsize * int(np.prod(size))
        header[name] = {
            "dtype": _NAMES[kind],
            "shape": list(size),
            "data_offsets": [offsets[name], end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    stream.write(len(text).to_bytes(8, "little") + text)
    stream.truncate(8 + len(text) + end)
    return {name: 8 + len(text) + offset for name, offset in offsets.items()}


def _write_rows(
    stream: BinaryIO, rows: Rows, name: str, places: dict[str, int], dtype: np.dtype[np.generic]
) -> None:
    """Write rows one after the other, then their scales."""
    scales = []
    stream.seek(places.get(name.rstrip("_") or "signal", 0))
    for row in rows:
        peak = float(max(row.max(initial=0.0), -row.min(initial=0.0)))
        if not np.isfinite(peak):
            raise ValueError("got samples that are not finite; expected finite ones")
        if dtype.kind == "f":
            scales.append(1.0)
            stream.write(np.ascontiguousarray(row, dtype=dtype).data)
            continue
        scale = float(np.float32(peak / 32767)) if peak else 1.0
        if peak and scale > MAX_STEP_UV:
            raise _TooCoarse
        steps = row * np.float32(1 / scale)
        np.rint(steps, out=steps)
        np.clip(steps, -32768, 32767, out=steps)
        scales.append(scale)
        stream.write(steps.astype(dtype).data)
    if scales:
        stream.seek(places[f"{name}scale_uv"])
        stream.write(np.array(scales, dtype="<f4").tobytes())


def map_signal(path: Path, name: str = "") -> StoredSignal:
    """Map a stored signal without reading its samples; ``name`` "auxiliary_" for ECG and the like.

    Raises ArtifactError when the file is no such signal.
    """
    try:
        data = map_tensor(path, name.rstrip("_") or "signal")
        scale = np.array(map_tensor(path, f"{name}scale_uv"))
    except KeyError as error:
        raise ArtifactError(f"{path} holds no {error}; make the recordings again") from None
    return StoredSignal(data, scale)


def map_tensor(path: Path, name: str) -> NDArray[np.generic]:
    """Map one tensor of a stored recording.

    Raises KeyError when it has none of that name, ArtifactError when the file is damaged.
    """
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > 1 << 20:
                raise ValueError("header too long")
            header = json.loads(stream.read(length))
        entry = header[name]
        begin = int(entry["data_offsets"][0])
        dtype = np.dtype(_DTYPES[entry["dtype"]])
        shape = tuple(entry["shape"])
        return np.memmap(path, dtype=dtype, mode="r", offset=8 + length + begin, shape=shape)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ArtifactError(
            f"{path} is no stored signal ({type(error).__name__}); make the recordings again"
        ) from None


class SignalCache:
    """A bounded number of mapped signals (a process may map some 65,000 files at once)."""

    def __init__(self, capacity: int = 512) -> None:
        self._capacity = capacity
        self._open: OrderedDict[Path, StoredSignal] = OrderedDict()

    def get(self, path: Path) -> StoredSignal:
        """The mapped signal at ``path``; the one unused for longest is closed first."""
        if path not in self._open:
            self._open[path] = map_signal(path)
            if len(self._open) > self._capacity:
                self._open.popitem(last=False)
        self._open.move_to_end(path)
        return self._open[path]

"""One recording's signal on disk: int16 with a scale per channel, read at any offset.

A safetensors file with ``signal`` [C, T] and ``scale_uv`` [C]; ``signal * scale_uv`` is in µV.
Where a step of int16 would exceed :data:`MAX_STEP_UV` (a huge artifact sets the scale), the
signal is stored as float32 with a scale of one, so that small activity is never rounded away.
"""

import json
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from eegssl.errors import ArtifactError

MAX_STEP_UV = 0.1
"""The coarsest quantization step that int16 may have (ours)."""

_DTYPES: dict[str, np.dtype[np.generic]] = {"I16": np.dtype("<i2"), "F32": np.dtype("<f4")}


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
    """Store a finite signal [C, T] in µV.

    Raises ValueError when a sample is not finite: that is never made into a number.
    """
    if not np.isfinite(signal_uv).all():
        raise ValueError("the signal has samples that are not finite")
    peak = np.abs(signal_uv).max(axis=1, initial=0.0)
    scale = np.where(peak > 0, peak / 32767.0, 1.0).astype(np.float32)
    if scale.max(initial=0.0, where=peak > 0) > MAX_STEP_UV:
        stored: dict[str, NDArray[np.generic]] = {
            "signal": np.ascontiguousarray(signal_uv, dtype=np.float32),
            "scale_uv": np.ones_like(scale),
        }
    else:
        steps = np.rint(signal_uv / scale[:, None])
        stored = {
            "signal": np.clip(steps, -32768, 32767).astype(np.int16),
            "scale_uv": scale,
        }
    save_file(stored, path)


def map_signal(path: Path) -> StoredSignal:
    """Map a stored signal without reading its samples.

    Raises ArtifactError when the file is no such signal.
    """
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > 1 << 20:
                raise ValueError("header too long")
            header = json.loads(stream.read(length))
        begin = int(header["signal"]["data_offsets"][0])
        dtype: np.dtype[np.generic] = _DTYPES[header["signal"]["dtype"]]
        shape = tuple(header["signal"]["shape"])
        data = np.memmap(path, dtype=dtype, mode="r", offset=8 + length + begin, shape=shape)
        scale_begin, scale_end = header["scale_uv"]["data_offsets"]
        with path.open("rb") as stream:
            stream.seek(8 + length + scale_begin)
            scale = np.frombuffer(stream.read(scale_end - scale_begin), "<f4")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"{path} is no stored signal ({type(error).__name__}); make the recordings again"
        ) from None
    return StoredSignal(data, scale)


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

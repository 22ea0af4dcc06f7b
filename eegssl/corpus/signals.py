"""Read stored recordings at any offset: int16 with a scale per channel.

A safetensors file holds ``signal`` [C, T], int16, and ``scale_uv`` [C]; ``signal * scale_uv`` is in
µV. Where a step of int16 would exceed :data:`MAX_STEP_UV` (a huge artifact sets the scale), or
where every sample has to be exact, it is float32 with a scale of one, so that small activity is
never rounded away. ``auxiliary`` [A, T] holds ECG, EOG and EMG in the same way, ``quality`` [C, W]
the flags of the raw signal (`eegssl.signal.quality`), one byte a channel and window.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import ArtifactError
from eegssl.regular_files import open_regular

MAX_STEP_UV = 0.1
"""The coarsest quantization step that int16 may have (ours)."""

_DTYPES = {"I16": "<i2", "F32": "<f4", "U8": "|u1"}
NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}


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
        with open_regular(path) as stream:
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

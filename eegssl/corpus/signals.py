"""Read stored recordings at any offset: int16 with a scale per channel.

A safetensors file holds ``signal`` [C, T], int16, and ``scale_uv`` [C]; ``signal * scale_uv`` is in
µV. Where a step of int16 would exceed :data:`MAX_STEP_UV` (a huge artifact sets the scale), or
where every sample has to be exact, it is float32 with a scale of one, so that small activity is
never rounded away. ``auxiliary`` [A, T] holds ECG, EOG and EMG in the same way, ``quality`` [C, W]
the flags of the raw signal (`eegssl.signal.quality`), one byte a channel and window.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.array_parts import open_tensors
from eegssl.artifacts.json_parts import damaged

MAX_STEP_UV = 0.1
"""The coarsest quantization step that int16 may have (ours)."""

NAMES = {np.dtype("<i2"): "I16", np.dtype("<f4"): "F32", np.dtype("|u1"): "U8"}
"""Types of NumPy -> of safetensors."""


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
    if not (np.isfinite(scale_uv).all() and (scale_uv > 0).all()):
        raise damaged(path, "a scale is not above 0")
    return StoredSignal(data, scale_uv, path)


def map_flags(path: Path, n_channels: int) -> NDArray[np.uint8]:
    """Map the flags [C, W] of a stored recording; raises ArtifactError as `map_signal`."""
    return open_tensors(path).map("quality", "u1", (n_channels, None))

"""Store codes and entropies of patches, one array a recording."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eegssl.artifacts.atomic import atomic_path, hash_file
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.corpus.windows import Windows
from eegssl.errors import ArtifactError
from eegssl.regular_files import require_regular

KIND = "tokens"
CODES = "codes"
_COUNTED_AT_ONCE = 256
TABLE = "codes.parquet"
ENTROPIES = "entropies"
ENTROPY_TABLE = "entropies.parquet"


def code_dtype(n_codes: int) -> np.dtype[Any]:
    """The smallest unsigned integer type that holds codes 0 … K - 1."""
    return np.min_scalar_type(n_codes - 1)


def patch_path(folder: Path, kind: str, recording: str) -> Path:
    """The file of a recording's `CODES` or `ENTROPIES`."""
    return folder / kind / f"{recording}.npy"


def read_codes(folder: Path, recording: str) -> NDArray[np.integer]:
    """The codes [C, windows · N] of one recording, mapped."""
    path = require_regular(patch_path(folder, CODES, recording))
    codes: NDArray[np.integer] = np.load(path, mmap_mode="r", allow_pickle=False)
    return codes


def are_stored(folder: Path, recording: str, shape: tuple[int, int]) -> bool:
    """Whether codes and entropies of a recording are there, each whole and of this shape."""
    try:
        for kind in (ENTROPIES, CODES):
            path = patch_path(folder, kind, recording)
            values = _mapped(path, shape)
            if not isinstance(values, np.memmap) or path.stat().st_size != (
                values.offset + values.nbytes
            ):
                return False
    except (OSError, ValueError, EOFError):
        return False
    return True


def write_patches(path: Path, values: NDArray[Any]) -> None:
    """Store a value per patch [C, windows · N] of one recording, atomically."""
    with atomic_path(path) as writer, writer.open("wb") as stream:
        np.save(stream, values, allow_pickle=False)


def write_tables(writer: ArtifactWriter, shapes: Mapping[str, tuple[int, int]]) -> None:
    """Write the tables of all code and all entropy files: recording, shape, size, hash."""
    for name, kind in ((TABLE, CODES), (ENTROPY_TABLE, ENTROPIES)):
        rows = [
            {
                "recording": recording,
                "n_channels": shape[0],
                "n_patches": shape[1],
                "bytes": patch_path(writer.path, kind, recording).stat().st_size,
                "sha256": hash_file(patch_path(writer.path, kind, recording)),
            }
            for recording, shape in sorted(shapes.items())
        ]
        with writer.writing(name) as path:
            pq.write_table(pa.Table.from_pylist(rows), path)


@dataclass(frozen=True)
class Codes:
    """The codes of a corpus's windows, and the entropies of their patches, read by window."""

    windows: Windows
    arrays: tuple[NDArray[np.integer], ...]
    entropies: tuple[NDArray[np.floating], ...]
    patches_per_window: int

    def of(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Codes [B, C, N] of these windows (equally many channels)."""
        return self._pieces(self.arrays, index).astype(np.int64)

    def counts(self, n_codes: int) -> NDArray[np.int64]:
        """Count each of K codes in all windows: [K]."""
        total = np.zeros(n_codes, dtype=np.int64)
        for index in self.windows.in_order(_COUNTED_AT_ONCE):
            total += np.bincount(self.of(index).ravel(), minlength=n_codes)
        return total

    def entropy_of(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """Entropies [B, C, N] of the patches of these windows (``masking.entropy``)."""
        return self._pieces(self.entropies, index).astype(np.float32)

    def _pieces(self, arrays: tuple[NDArray[Any], ...], index: NDArray[np.int64]) -> NDArray[Any]:
        n = self.patches_per_window
        pieces = []
        for k in index.tolist():
            place = int(self.windows.start[k]) // self.windows.length
            pieces.append(arrays[self.windows.owner[k]][:, place * n : (place + 1) * n])
        return np.stack(pieces)


def open_codes(artifact: Artifact, windows: Windows) -> Codes:
    """Map the codes and entropies of these windows; shapes are checked.

    Raises ArtifactError when a recording has no codes, or not for this tiling.
    """
    coded = set(pq.read_table(require_regular(artifact / TABLE))["recording"].to_pylist())
    n = int(artifact.manifest.facts["patches_per_window"])
    codes, entropies = [], []
    for recording in windows.recordings:
        if recording.id not in coded:
            raise ArtifactError(
                f"{artifact.path} has no codes of recording {recording.id}; expected codes of all: "
                "run `eegssl tokenize` on these recordings"
            )
        shape = (len(recording.channels), recording.n_samples // windows.length * n)
        codes.append(_mapped(patch_path(artifact.path, CODES, recording.id), shape))
        entropies.append(_mapped(patch_path(artifact.path, ENTROPIES, recording.id), shape))
    return Codes(windows, tuple(codes), tuple(entropies), n)


def _mapped(path: Path, shape: tuple[int, int]) -> NDArray[Any]:
    values: NDArray[Any] = np.load(require_regular(path), mmap_mode="r", allow_pickle=False)
    if values.shape != shape:
        raise ArtifactError(f"{path} has values of shape {values.shape}, expected {shape}")
    return values

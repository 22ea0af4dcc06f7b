"""Codes on disk: one array a recording, on the fixed tiling that the manifest names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eegssl.artifacts import Artifact
from eegssl.corpus.windows import Windows
from eegssl.drafts import Draft
from eegssl.errors import ArtifactError
from eegssl.files import atomic_path, hash_file

KIND = "tokens"
CODES = "codes"
TABLE = "codes.parquet"


def code_dtype(n_codes: int) -> np.dtype[Any]:
    """The smallest unsigned integer type that holds codes 0 … K - 1."""
    return np.min_scalar_type(n_codes - 1)


def code_path(folder: Path, recording: str) -> Path:
    """Where the codes of a recording lie."""
    return folder / CODES / f"{recording}.npy"


def write_codes(folder: Path, recording: str, codes: NDArray[np.integer]) -> None:
    """Store codes [C, windows · N] of one recording, atomically."""
    with atomic_path(code_path(folder, recording)) as path, path.open("wb") as stream:
        np.save(stream, codes, allow_pickle=False)


def write_code_table(draft: Draft, shapes: Mapping[str, tuple[int, int]]) -> None:
    """Write the table of all code files: recording, shape, size, hash."""
    rows = [
        {
            "recording": recording,
            "n_channels": shape[0],
            "n_patches": shape[1],
            "bytes": code_path(draft.path, recording).stat().st_size,
            "sha256": hash_file(code_path(draft.path, recording)),
        }
        for recording, shape in sorted(shapes.items())
    ]
    with draft.writing(TABLE) as path:
        pq.write_table(pa.Table.from_pylist(rows), path)


@dataclass(frozen=True)
class Codes:
    """The codes of a corpus's windows, read by window."""

    windows: Windows
    arrays: tuple[NDArray[np.integer], ...]
    patches_per_window: int

    def of(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Codes [B, C, N] of these windows (equally many channels)."""
        n = self.patches_per_window
        pieces = []
        for k in index.tolist():
            place = int(self.windows.start[k]) // self.windows.length
            pieces.append(self.arrays[self.windows.owner[k]][:, place * n : (place + 1) * n])
        return np.stack(pieces).astype(np.int64)


def open_codes(artifact: Artifact, windows: Windows) -> Codes:
    """Map the codes of these windows; shapes are checked.

    Raises ArtifactError when a recording has no codes, or not for this tiling.
    """
    coded = set(pq.read_table(artifact / TABLE)["recording"].to_pylist())
    n = int(artifact.manifest.facts["patches_per_window"])
    arrays = []
    for recording in windows.recordings:
        if recording.id not in coded:
            raise ArtifactError(f"{artifact.path} has no codes of recording {recording.id}")
        path = code_path(artifact.path, recording.id)
        codes = np.load(path, mmap_mode="r", allow_pickle=False)
        wanted = (len(recording.channels), recording.n_samples // windows.length * n)
        if codes.shape != wanted:
            raise ArtifactError(f"{path} has codes of shape {codes.shape}, expected {wanted}")
        arrays.append(codes)
    return Codes(windows, tuple(arrays), n)

"""Store codes and entropies of patches, one array a recording."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import Field

from eegssl.artifacts.array_parts import map_array
from eegssl.artifacts.atomic import atomic_path, hash_file
from eegssl.artifacts.contract import Contract
from eegssl.artifacts.json_parts import OpenPart, damaged
from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.artifacts.reading import BULK_COLUMNS
from eegssl.artifacts.table_parts import INT, Column, Columns, arrow_schema, read_table
from eegssl.artifacts.threads import Threads
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.corpus.windows import Windows
from eegssl.errors import ArtifactError

KIND = "tokens"
CODES = "codes"
_COUNTED_AT_ONCE = 256
TABLE = "codes.parquet"
ENTROPIES = "entropies"
ENTROPY_TABLE = "entropies.parquet"


COLUMNS: Columns = {
    "recording": BULK_COLUMNS["recording"],
    "n_channels": Column(INT, least=1),
    "n_patches": Column(INT, least=1),
    "bytes": BULK_COLUMNS["bytes"],
    "sha256": BULK_COLUMNS["sha256"],
}
"""Those of `TABLE` and `ENTROPY_TABLE`."""
_TYPES = {CODES: "u1 u2 u4", ENTROPIES: "f2"}
_Positive = Annotated[int, Field(ge=1, le=2**31)]


class _Facts(OpenPart):
    """Facts of tokens that later stages read."""

    n_codes: _Positive
    patch_samples: _Positive
    patches_per_window: _Positive
    window_s: Annotated[float, Field(gt=0)]
    sfreq_hz: Annotated[float, Field(gt=0)]
    synthetic: bool
    within_subject: bool
    warnings: tuple[str, ...]
    threads: Threads = ()
    """Empty where an earlier version did not say them."""


def code_dtype(n_codes: int) -> np.dtype[Any]:
    """The smallest unsigned integer type that holds codes 0 … K - 1."""
    return np.min_scalar_type(n_codes - 1)


def patch_path(folder: Path, kind: str, recording: str) -> Path:
    """The file of a recording's `CODES` or `ENTROPIES`."""
    return folder / kind / f"{recording}.npy"


def read_codes(folder: Path, recording: str) -> NDArray[np.integer]:
    """The codes [C, windows · N] of one recording, mapped."""
    return map_array(patch_path(folder, CODES, recording), _TYPES[CODES], (None, None))


def are_stored(folder: Path, recording: str, shape: tuple[int, int]) -> bool:
    """Whether codes and entropies of a recording are there, each whole and of this shape."""
    try:
        for kind in (ENTROPIES, CODES):
            map_array(patch_path(folder, kind, recording), _TYPES[kind], shape)
    except ArtifactError:
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
            pq.write_table(pa.Table.from_pylist(rows, arrow_schema(COLUMNS)), path)


@dataclass(frozen=True)
class Codes:
    """The codes of a corpus's windows, and the entropies of their patches, read by window."""

    windows: Windows
    arrays: tuple[NDArray[np.integer], ...]
    entropies: tuple[NDArray[np.floating], ...]
    patches_per_window: int
    n_codes: int

    def of(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Codes [B, C, N] of these windows (equally many channels).

        Raises ArtifactError for one that is not in the codebook.
        """
        codes = self._pieces(self.arrays, index).astype(np.int64)
        _require_codes(codes, self.n_codes, "the codes of these recordings")
        return codes

    def counts(self) -> NDArray[np.int64]:
        """Count each of K codes in all windows: [K]."""
        total = np.zeros(self.n_codes, dtype=np.int64)
        for index in self.windows.in_order(_COUNTED_AT_ONCE):
            total += np.bincount(self.of(index).ravel(), minlength=self.n_codes)
        return total

    def entropy_of(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """Entropies [B, C, N] of the patches of these windows (``masking.entropy``).

        Raises ArtifactError for one that is not finite.
        """
        entropies = self._pieces(self.entropies, index).astype(np.float32)
        _require_finite(entropies, "the entropies of these recordings")
        return entropies

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
    coded = set(_table(artifact, TABLE)["recording"].to_pylist())
    facts = artifact.manifest.facts
    n = facts["patches_per_window"]
    codes, entropies = [], []
    for recording in windows.recordings:
        if recording.id not in coded:
            raise ArtifactError(
                f"{artifact.path} has no codes of recording {recording.id}; expected codes of all: "
                "run `eegssl tokenize` on these recordings"
            )
        shape = (len(recording.channels), recording.n_samples // windows.length * n)
        codes.append(_mapped(artifact, CODES, recording.id, shape))
        entropies.append(_mapped(artifact, ENTROPIES, recording.id, shape))
    return Codes(windows, tuple(codes), tuple(entropies), n, facts["n_codes"])


def _table(artifact: Artifact, name: str) -> pa.Table:
    return read_table(artifact / name, COLUMNS)


def _mapped(artifact: Artifact, kind: str, recording: str, shape: tuple[int, int]) -> NDArray[Any]:
    return map_array(artifact / f"{kind}/{recording}.npy", _TYPES[kind], shape)


def _require_agreement(artifact: Artifact) -> None:
    """Raise ArtifactError where tables, facts and the shapes of arrays contradict each other."""
    facts, (codes, entropies) = artifact.manifest.facts, map(partial(_table, artifact), _TABLES)
    names = ["recording", "n_channels", "n_patches"]
    if not codes.select(names).equals(entropies.select(names)):
        raise damaged(artifact.path / ENTROPY_TABLE, f"it lists other patches than {TABLE}")
    length = round(facts["window_s"] * facts["sfreq_hz"])
    if length // facts["patch_samples"] != facts["patches_per_window"]:
        raise damaged(
            artifact.path / MANIFEST, "facts.patches_per_window are not those of a window"
        )
    for id_, *shape in zip(*(codes[name].to_pylist() for name in names), strict=True):
        for kind in (CODES, ENTROPIES):
            _mapped(artifact, kind, id_, (shape[0], shape[1]))


def check_patches(artifact: Artifact) -> None:
    """Read every code and entropy. Raises ArtifactError for one that can be none."""
    for id_ in _table(artifact, TABLE)["recording"].to_pylist():
        names = [f"{kind}/{id_}.npy" for kind in (CODES, ENTROPIES)]
        codes, entropies = (
            map_array(artifact / name, types, (None, None))
            for name, types in zip(names, _TYPES.values(), strict=True)
        )
        _require_codes(codes, artifact.manifest.facts["n_codes"], str(artifact / names[0]))
        _require_finite(entropies, str(artifact / names[1]))


def _require_codes(codes: NDArray[np.integer], n_codes: int, where: str) -> None:
    if codes.max(initial=0) >= n_codes:
        raise ArtifactError(f"{where}: a code is not among the {n_codes} of the codebook")


def _require_finite(values: NDArray[np.floating], where: str) -> None:
    if not np.isfinite(values).all():
        raise ArtifactError(f"{where}: an entropy is not finite")


_TABLES = (TABLE, ENTROPY_TABLE)
CONTRACT = Contract(KIND, facts=_Facts, whole=_require_agreement)
"""What tokens hold beside their tokenizer."""

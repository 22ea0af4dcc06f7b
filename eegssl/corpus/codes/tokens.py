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

from eegssl.artifacts.atomic import atomic_path, hash_file
from eegssl.artifacts.contract import Contract
from eegssl.artifacts.files.bulk_files import BULK_COLUMNS
from eegssl.artifacts.json_parts import OpenPart, damaged
from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.artifacts.table_parts import INT, Column, Columns, arrow_schema, read_table
from eegssl.artifacts.threads import Threads
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.corpus.codes.stored_arrays import map_array, read_columns
from eegssl.corpus.signals import Recent
from eegssl.corpus.store import Recording
from eegssl.corpus.windows import Windows
from eegssl.errors import ArtifactError

KIND = "tokens"
CODES = "codes"
_COUNTED_AT_ONCE = 256
IN_MEMORY_BYTES = 256 << 20
"""Codes of a corpus, if they take no more, stay in memory in each process that reads them. Ours."""
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
    return Path(_patch_text(folder, kind, recording))


def _patch_text(folder: Path, kind: str, recording: str) -> str:
    """The same as text, which takes a tenth of the time to make."""
    return f"{folder}/{kind}/{recording}.npy"


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
    """Store a value per patch [C, windows · N] of one recording, atomically.

    In Fortran's order, so that the patches of a window lie together.
    """
    with atomic_path(path) as writer, writer.open("wb") as stream:
        np.save(stream, np.asfortranarray(values), allow_pickle=False)


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

    artifact: Artifact
    windows: Windows
    patches_per_window: int
    n_codes: int
    kept: Recent[NDArray[np.integer]] | None = None
    """Codes of whole recordings in memory, where those of all fit; else files are read."""

    def of(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Codes [B, C, N] of these windows (equally many channels).

        Raises ArtifactError for one that is not in the codebook, and for a file of other patches
        than these recordings have.
        """
        codes = self._pieces(CODES, index).astype(np.int64)
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

        Raises ArtifactError for one that is not finite, and as `of`.
        """
        entropies = self._pieces(ENTROPIES, index).astype(np.float32)
        _require_finite(entropies, "the entropies of these recordings")
        return entropies

    def _pieces(self, kind: str, index: NDArray[np.int64]) -> NDArray[Any]:
        n, (owners, starts) = self.patches_per_window, self.windows.locate(index)
        first = (starts // self.windows.length * n).tolist()
        pieces = []
        for owner, k in zip(owners.tolist(), first, strict=True):
            recording = self.windows.recordings[owner]
            shape = _shape_of(recording, self.windows.length, n)
            path = _patch_text(self.artifact.path, kind, recording.id)
            if kind == CODES and self.kept is not None:
                whole = self.kept.get(recording.id, partial(_in_memory, path, shape))
                pieces.append(whole[:, k : k + n])
                continue
            pieces.append(read_columns(path, _TYPES[kind], shape, range(k, k + n)))
        return np.stack(pieces)


def open_codes(artifact: Artifact, windows: Windows) -> Codes:
    """The codes and entropies of these windows, of shapes that the tables say.

    Raises ArtifactError when a recording has no codes, or not for this tiling.
    """
    listed = {name: COLUMNS[name] for name in _PATCHES}
    table, facts = read_table(artifact / TABLE, listed, others=True), artifact.manifest.facts
    ids, *counts = (table[name].to_pylist() for name in _PATCHES)
    shapes = dict(zip(ids, zip(*counts, strict=True), strict=True))
    n_patches = 0
    for recording in windows.recordings:
        expected = _shape_of(recording, windows.length, facts["patches_per_window"])
        n_patches += expected[0] * expected[1]
        shape = shapes.get(recording.id)
        if shape == expected:
            continue
        if shape is None:
            raise ArtifactError(
                f"{artifact.path} has no codes of recording {recording.id}; expected codes of all: "
                "run `eegssl tokenize` on these recordings"
            )
        raise damaged(
            artifact / TABLE,
            f"it lists {shape[0]}x{shape[1]} patches of {recording.id}, which has "
            f"{expected[0]}x{expected[1]}",
        )
    fit = n_patches * code_dtype(facts["n_codes"]).itemsize <= IN_MEMORY_BYTES
    kept = Recent[NDArray[np.integer]](len(windows.recordings)) if fit else None
    return Codes(artifact, windows, facts["patches_per_window"], facts["n_codes"], kept)


def _in_memory(path: str, shape: tuple[int, int]) -> NDArray[np.integer]:
    """All codes of a recording."""
    return np.array(map_array(Path(path), _TYPES[CODES], shape))


def _shape_of(recording: Recording, length: int, patches_per_window: int) -> tuple[int, int]:
    """The patches of a recording, [C, windows · N]."""
    return len(recording.channels), recording.n_samples // length * patches_per_window


def _table(artifact: Artifact, name: str) -> pa.Table:
    return read_table(artifact / name, COLUMNS)


def _require_agreement(artifact: Artifact) -> None:
    """Raise ArtifactError where tables, facts and the shapes of arrays contradict each other."""
    facts, (codes, entropies) = artifact.manifest.facts, map(partial(_table, artifact), _TABLES)
    if not codes.select(_PATCHES).equals(entropies.select(_PATCHES)):
        raise damaged(artifact.path / ENTROPY_TABLE, f"it lists other patches than {TABLE}")
    length = round(facts["window_s"] * facts["sfreq_hz"])
    if length // facts["patch_samples"] != facts["patches_per_window"]:
        raise damaged(
            artifact.path / MANIFEST, "facts.patches_per_window are not those of a window"
        )


def check_patches(artifact: Artifact) -> None:
    """Read every code and entropy.

    Raises ArtifactError for one that can be none, and for files of other patches than listed.
    """
    table = _table(artifact, TABLE)
    for id_, *shape in zip(*(table[name].to_pylist() for name in _PATCHES), strict=True):
        paths = [patch_path(artifact.path, kind, id_) for kind in _TYPES]
        codes, entropies = (
            map_array(path, types, shape)
            for path, types in zip(paths, _TYPES.values(), strict=True)
        )
        _require_codes(codes, artifact.manifest.facts["n_codes"], str(paths[0]))
        _require_finite(entropies, str(paths[1]))


def _require_codes(codes: NDArray[np.integer], n_codes: int, where: str) -> None:
    if codes.max(initial=0) >= n_codes:
        raise ArtifactError(f"{where}: a code is not among the {n_codes} of the codebook")


def _require_finite(values: NDArray[np.floating], where: str) -> None:
    if not np.isfinite(values).all():
        raise ArtifactError(f"{where}: an entropy is not finite")


_TABLES = (TABLE, ENTROPY_TABLE)
_PATCHES = ["recording", "n_channels", "n_patches"]
CONTRACT = Contract(KIND, facts=_Facts, whole=_require_agreement)
"""What tokens hold beside their tokenizer."""

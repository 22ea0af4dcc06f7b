"""Pack the many files of a bulk folder.

They lie one after another in a few large files; ``packs.parquet`` in the folder says where. Packs
hold the files as they are, with nothing between them, so that hashes and sizes in the folder's
table stay true.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from eegssl.artifacts.files.part_files import check_file, inside, require_digest
from eegssl.artifacts.json_parts import damaged
from eegssl.artifacts.table_parts import (
    INT,
    RECORDING,
    Column,
    Columns,
    arrow_schema,
    as_numpy,
    read_table,
)
from eegssl.regular_files import open_regular

INDEX = "packs.parquet"
SUFFIX = ".pack"
PACKS_COLUMNS: Columns = {
    "recording": RECORDING,
    "pack": Column(INT, least=0),
    "offset": Column(INT, least=0),
}
"""Those of `INDEX`."""
_PART_BYTES = 1 << 20


class Packed(NamedTuple):
    """Where a file lies: number of its pack, first byte there, and number of bytes."""

    pack: int
    start: int
    n_bytes: int


Places = Mapping[str, Packed]
"""Recording -> where its file lies, in the order of packs and bytes."""


def pack_name(number: int) -> str:
    """Name of a pack."""
    return f"{number:05d}{SUFFIX}"


def is_packed(folder: Path) -> bool:
    """Tell if the files of a folder are packed."""
    return os.path.lexists(folder / INDEX)


def lay_out(sizes: Mapping[str, int], most_bytes: int) -> Places:
    """Place files (recording -> bytes) in packs of at most so many bytes, in the order of ids.

    A larger file has a pack of its own.
    """
    places: dict[str, Packed] = {}
    pack, end = 0, 0
    for id_, n_bytes in sorted(sizes.items()):
        if end and end + n_bytes > most_bytes:
            pack, end = pack + 1, 0
        places[id_] = Packed(pack, end, n_bytes)
        end += n_bytes
    return places


def by_pack(places: Places) -> Iterator[tuple[str, Sequence[tuple[str, Packed]]]]:
    """Yield the name of each pack, and the files in it."""
    for number, files in groupby(places.items(), lambda file: file[1].pack):
        yield pack_name(number), list(files)


def write_index(path: Path, places: Places) -> None:
    """Write `INDEX`."""
    columns = {
        "recording": list(places),
        "pack": [place.pack for place in places.values()],
        "offset": [place.start for place in places.values()],
    }
    pq.write_table(pa.table(columns, schema=arrow_schema(PACKS_COLUMNS)), path)


def read_index(folder: Path, sizes: Mapping[str, int]) -> Places:
    """Where each file of a packed folder lies, by its index and the sizes in its table.

    Raises ArtifactError unless these files fill all packs, one after another.
    """
    path = inside(folder, INDEX)
    index = read_table(path, PACKS_COLUMNS)
    ids = index["recording"].to_pylist()
    if ids != sorted(sizes):
        raise damaged(path, "its recordings are not those of the folder's table, in order")
    packs, starts = as_numpy(index["pack"]), as_numpy(index["offset"])
    n_bytes = np.array([sizes[id_] for id_ in ids], np.int64)
    steps, ends = np.diff(packs, prepend=-1), np.append(0, starts + n_bytes)[:-1]
    wrong = (steps < 0) | (steps > 1) | (starts != np.where(steps, 0, ends))
    if wrong.any():
        raise damaged(path, f"{ids[wrong.argmax()]} does not begin where the file before it ends")
    columns = (packs.tolist(), starts.tolist(), n_bytes.tolist())
    return dict(zip(ids, map(Packed, *columns), strict=True))


def check_packs(folder: Path, places: Places, digests: Mapping[str, str] | None) -> None:
    """Raise ArtifactError unless packs have their sizes, and their files these hashes if given."""
    for name, files in by_pack(places):
        path = inside(folder, name)
        check_file(path, sum(place.n_bytes for _, place in files), None)
        if digests is None:
            continue
        with open_regular(path) as stream:
            for id_, place in files:
                where = f"{path} (recording {id_}, from byte {place.start:,})"
                require_digest(where, hash_part(stream, place.n_bytes), digests[id_])


def hash_part(stream: BinaryIO, n_bytes: int, copies: Iterable[BinaryIO] = ()) -> str:
    """SHA-256 of the next bytes of a stream, which are written to ``copies`` on the way."""
    digest = hashlib.sha256()
    while n_bytes and (part := stream.read(min(_PART_BYTES, n_bytes))):
        digest.update(part)
        for copy in copies:
            copy.write(part)
        n_bytes -= len(part)
    return digest.hexdigest()

"""Read tensors of artifacts, within what their files hold.

As `eegssl.artifacts.json_parts` does for JSON: a header that is none, that says more than its file
holds, or another shape or type than expected, is an ArtifactError that names the file.
"""

import mmap
import os
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from eegssl.artifacts.json_parts import Count, Part, damaged, in_words
from eegssl.regular_files import open_regular, open_sized

_DTYPES = {
    **{"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "BOOL": "|b1"},
    **{f"{sign}{8 * n}": f"<{sign.lower()}{n}" for sign in "IU" for n in (1, 2, 4, 8)},
}
"""Types of safetensors -> of NumPy; it has no bfloat16, whose bytes are read as they are."""
_MOST_HEADER = 100_000_000
"""As safetensors itself allows."""
_HEAD_BYTES = 4096
_METADATA = "__metadata__"


class _Entry(Part):
    dtype: Literal[
        "F64", "F32", "F16", "BF16", "BOOL", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64"
    ]
    shape: tuple[Count, ...]
    data_offsets: tuple[Count, Count]


_HEADER: TypeAdapter[dict[str, _Entry | dict[str, str]]] = TypeAdapter(
    dict[str, _Entry | dict[str, str]]
)


@dataclass(frozen=True)
class TensorPlace:
    """The type and shape of a tensor, and where in its file it begins."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int
    is_float: bool = False
    """Whether it holds numbers that may be infinite or none, bfloat16 among them."""

    @cached_property
    def n_bytes(self) -> int:
        """Bytes of the tensor."""
        return prod(self.shape) * self.dtype.itemsize


@dataclass(slots=True)  # one is made for each file of a batch: frozen takes three times as long
class TensorFile:
    """The header of a safetensors file, whose tensors all lie within it."""

    path: Path | str
    tensors: Mapping[str, TensorPlace]
    metadata: Mapping[str, str]
    head: bytes = b""
    """The first bytes of the file, where small tensors may lie."""
    start: int = 0
    """Where it begins in the file on the disk: in a pack other files lie before it."""
    kept: dict[Hashable, Any] = field(default_factory=dict)
    """What readers derived from the header, by keys of theirs; files of one header share it."""

    @property
    def n_values(self) -> int:
        """Numbers in all tensors together."""
        return sum(prod(place.shape) for place in self.tensors.values())

    def map(self, name: str, dtypes: str, shape: Sequence[int | None]) -> NDArray[Any]:
        """Map a tensor of one of these types (as ``i2 f4``); None in ``shape`` is any length.

        Raises ArtifactError as `place`.
        """
        place = self.place(name, dtypes, shape)
        with open_regular(self.path) as stream:
            return mapped(stream.fileno(), place.dtype, place.shape, self.start + place.offset)

    def read(
        self, descriptor: int, name: str, dtypes: str, shape: Sequence[int | None]
    ) -> NDArray[Any]:
        """Read a small tensor of the file, which is open; raises ArtifactError as `place`."""
        place = self.place(name, dtypes, shape)
        return np.frombuffer(self.bytes_of(descriptor, place), place.dtype).reshape(place.shape)

    def bytes_of(self, descriptor: int, place: TensorPlace) -> bytes:
        """The bytes of a small tensor of the file, which is open.

        Raises ArtifactError where the file was cut meanwhile.
        """
        end = place.offset + place.n_bytes
        if end <= len(self.head):
            return self.head[place.offset : end]
        stored = os.pread(descriptor, place.n_bytes, self.start + place.offset)
        if len(stored) < place.n_bytes:
            raise damaged(self.path, "it was cut while it was open")
        return stored

    def place(self, name: str, dtypes: str, shape: Sequence[int | None]) -> TensorPlace:
        """Where a tensor of one of these types lies.

        Raises ArtifactError where there is none so named, of another type or shape.
        """
        place = self.tensors.get(name)
        if place is None:
            raise damaged(self.path, f"it has no tensor {name}")
        try:
            require_kind(f"tensor {name}", (place.dtype, place.shape), dtypes, shape)
        except ValueError as error:
            raise damaged(self.path, str(error)) from None
        return place


def open_tensors(path: Path) -> TensorFile:
    """Read the header of a safetensors file.

    Raises ArtifactError for a file that is none, or whose header says more than it holds.
    """
    try:
        descriptor, size = open_sized(path)
        try:
            return read_tensors(descriptor, size, path)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise damaged(path, f"it can't be read: {error.strerror}") from None


def read_tensors(descriptor: int, size: int, path: Path | str, start: int = 0) -> TensorFile:
    """Read the header of a safetensors file of ``size`` bytes that is open, as `open_tensors`.

    ``start`` is where it begins in the file of the descriptor.
    """
    head = os.pread(descriptor, min(_HEAD_BYTES, size), start)
    length = int.from_bytes(head[:8], "little")
    if 8 + length > size or length > _MOST_HEADER:
        raise damaged(path, "it is no safetensors file: its header is cut or too long")
    text = head[8 : 8 + length]
    if len(text) < length:
        text = os.pread(descriptor, length, start + 8)
    try:
        tensors, metadata, kept = _places(text, size)
        return TensorFile(path, tensors, metadata, head, start, kept)
    except ValidationError as error:
        raise damaged(path, in_words(error)) from None
    except ValueError as error:
        raise damaged(path, str(error)) from None


@lru_cache(maxsize=256)  # recordings of one length have the same
def _places(
    text: bytes, size: int
) -> tuple[Mapping[str, TensorPlace], Mapping[str, str], dict[Hashable, Any]]:
    """The tensors and metadata of a header, in a file of ``size`` bytes, and room for `kept`.

    Raises ValueError (ValidationError) for a header that is none, or that says more than it holds.
    """
    header, begin_of_data = _HEADER.validate_json(text), 8 + len(text)
    metadata = header.pop(_METADATA, {})
    tensors: dict[str, TensorPlace] = {}
    for name, entry in header.items():
        if not isinstance(entry, _Entry):
            raise ValueError(f"the header's entry {len(tensors)} describes no tensor")
        dtype, (begin, end) = np.dtype(_DTYPES[entry.dtype]), entry.data_offsets
        if prod(entry.shape) * dtype.itemsize != end - begin or begin_of_data + end > size:
            raise ValueError(f"tensor {len(tensors)} of its header has another size there")
        is_float = "F" in entry.dtype
        tensors[name] = TensorPlace(dtype, entry.shape, begin_of_data + begin, is_float)
    return tensors, metadata if isinstance(metadata, dict) else {}, {}


def mapped(
    descriptor: int,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    offset: int,
    order: Literal["F", "C"] = "C",
) -> NDArray[Any]:
    """An array within an open file; `numpy.memmap` takes ten times as long to make one."""
    if not prod(shape):
        return np.zeros(shape, dtype)
    file = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    return np.ndarray(shape, dtype, file, offset, order=order)


def require_kind(
    what: str,
    stored: tuple[np.dtype[Any], tuple[int, ...]],
    dtypes: str,
    shape: Sequence[int | None],
) -> None:
    """Raise ValueError for another type or shape."""
    fits = stored[1] == shape or (
        len(stored[1]) == len(shape)
        and all(n is None or n == length for length, n in zip(stored[1], shape, strict=True))
    )
    if stored[0].str[1:] not in dtypes.split() or not fits:
        expected = "x".join("any" if n is None else str(n) for n in shape)
        got = "x".join(map(str, stored[1]))
        raise ValueError(
            f"{what} holds {stored[0].str[1:]} of shape {got}, expected {dtypes} of {expected}"
        )

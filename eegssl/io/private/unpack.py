"""Unpack files into the bytes and texts that a search must see."""

import bz2
import gzip
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from eegssl.io.private.unpack_tables import parquet_texts, png_texts
from eegssl.io.private.unpack_texts import (
    base64_parts,
    is_text,
    json_texts,
    quoted_printable,
    without_escapes,
)
from eegssl.regular_files import open_regular, read_bytes

CHUNK = 1 << 23
_WHOLE = 1 << 28  # larger files are searched as they are, or in pieces
_DEEPEST = 4
_ENDS = re.compile(rb'"data_offsets":\[\d+,(\d+)\]')  # of tensors, as eegssl writes them
_MARKUP = re.compile(rb"\s*(?:<\?xml|<!doctype|<html|<svg|<!--)", re.IGNORECASE)
_BROKEN = (
    *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile, struct.error),
)
_PNG, _PARQUET, _ZIP = b"\x89PNG", b"PAR1", b"PK\x03\x04"
_WIDE = (
    *((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32")),
    *((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")),
)
Opener = Callable[[IO[bytes]], io.BufferedIOBase]
"""Packed stream -> stream of what is in it."""
_PACKED: dict[bytes, tuple[str, Opener]] = {
    b"\x1f\x8b": ("gzip", lambda packed: gzip.GzipFile(fileobj=packed)),
    b"BZh": ("bz2", bz2.BZ2File),
    b"\xfd7zXZ\0": ("xz", lzma.LZMAFile),
}
"""First bytes of a packed file -> its name, and its opener."""
_NOT_UNPACKED = {
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!": "rar",
    b"%PDF": "PDF",
    b"\xff\xd8\xff": "JPEG",
    b"\xd0\xcf\x11\xe0": "old Office file",
    b"\x89HDF": "HDF5",
    b"MATLAB 5.0": "MATLAB file",
    b"\x04\x22\x4d\x18": "lz4",
}
"""First bytes of what is searched as it is -> what it is called."""


@dataclass(frozen=True)
class Piece:
    """A stream of bytes and ``how`` it was got: ``bytes``, ``parquet``, ``html image`` ..."""

    how: str
    chunks: Iterable[bytes]


@dataclass
class Unpacking:
    """The pieces of files, and a count of what was searched as it is only, by its kind."""

    closed: Counter[str] = field(default_factory=Counter)

    def pieces(self, path: Path) -> Iterator[Piece]:
        """The file as it is, then whatever is packed in it.

        Parquet (texts, dates, metadata), JSON, HTML and SVG, base64, escapes, safetensors headers,
        texts of PNG, gzip, bz2, xz and zip, also in each other, UTF-16 and UTF-32. What can't be
        unpacked is searched as bytes only. Raises OSError where the file can't be read.
        """
        yield Piece("bytes", _chunks(path))
        with open_regular(path) as file:
            head = file.read(16)
        if head.startswith(_PARQUET):
            yield Piece("parquet", parquet_texts(path))
        elif path.suffix in (".safetensors", ".pack"):
            yield Piece("safetensors header", _tensor_headers(path))
        elif head.startswith(_ZIP):
            with open_regular(path) as file:
                yield from self._zipped(file, "", 0)
        elif packed := _packing(head):
            yield Piece(packed[0], _unpacked(path, packed[1]))
            yield from self._in_packed(path, *packed)
        elif path.stat().st_size <= _WHOLE:
            yield from self.inside(read_bytes(path, _WHOLE))
        else:
            self._count_closed(head)
            self.closed["file of more than 256 MB"] += 1

    def inside(self, data: bytes, what: str = "", depth: int = 0) -> Iterator[Piece]:
        """Unpack what these bytes hold, by how they begin."""
        if depth > _DEEPEST:
            self.closed[f"packed {_DEEPEST} times and more"] += 1
            return
        self._count_closed(data)
        wide = next((codec for mark, codec in _WIDE if data.startswith(mark)), None)
        if data.startswith(_PNG):
            yield Piece(f"{what}png text", png_texts(data))
        elif data.startswith(_PARQUET):
            yield Piece(f"{what}parquet", parquet_texts(data))
        elif data.startswith(_ZIP):
            yield from self._zipped(io.BytesIO(data), what, depth)
        elif packed := _packing(data):
            name, opener = packed
            unpacked = b"".join(_safely(lambda: opener(io.BytesIO(data)).read(_WHOLE)))
            yield Piece(f"{what}{name}", [unpacked])
            yield from self.inside(unpacked, f"{what}{name} ", depth + 1)
        elif wide:
            text = data.decode(wide, "replace").encode("utf-8", "replace")
            yield Piece(f"{what}{wide}", [text])
            yield from self.inside(text, f"{what}{wide} ", depth + 1)
        elif is_text(data):
            yield from self._in_text(data, what, depth)

    def _count_closed(self, data: bytes) -> None:
        for start, kind in _NOT_UNPACKED.items():
            if data.startswith(start):
                self.closed[kind] += 1

    def _in_text(self, data: bytes, what: str, depth: int) -> Iterator[Piece]:
        """Texts in a text: of JSON and markup, behind escapes, in base64."""
        markup = _MARKUP.match(data) is not None
        if data.lstrip()[:1] in (b"{", b"[", b'"'):
            yield Piece(f"{what}json", json_texts(data))
        plain = without_escapes(data)
        if plain != data:
            yield Piece(f"{what}{'html' if markup else 'escapes'}", [plain])
        if b"=" in data and (mail := quoted_printable(data)) != data:
            yield Piece(f"{what}quoted-printable", [mail])
        for text in dict.fromkeys((data, plain)):
            parts = list(base64_parts(text))
            yield Piece(f"{what}base64", [b"\n".join(parts)])
            for part in parts:
                if _is_file(part):
                    kind = "html image" if markup else "base64"
                    yield from self.inside(part, f"{what}{kind} ", depth + 1)
            nested = b"\n".join(part for part in parts if len(part) > 7 and part.isascii())
            if nested and depth < _DEEPEST:
                yield from self._in_text(nested, f"{what}base64 ", depth + 1)

    def _in_packed(self, path: Path, name: str, opener: Opener) -> Iterator[Piece]:
        """What lies in a packed file, which may be many times larger."""
        if path.stat().st_size > _WHOLE // 16:
            self.closed[f"{name} of more than 16 MB, unpacked once"] += 1
            return
        unpacked = b"".join(_unpacked(path, opener))
        yield from self.inside(unpacked, f"{name} ", 1)

    def _zipped(self, stream: IO[bytes], what: str, depth: int) -> Iterator[Piece]:
        try:
            with zipfile.ZipFile(stream) as archive:
                yield Piece(f"{what}zip", [archive.comment])
                for member in archive.infolist():
                    yield Piece(f"{what}zip", [member.filename.encode() + b"\n", member.comment])
                    yield from self._member(archive, member, what, depth)
        except _BROKEN:
            self.closed["damaged zip"] += 1

    def _member(
        self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, what: str, depth: int
    ) -> Iterator[Piece]:
        if member.flag_bits & 1:
            self.closed["encrypted zip"] += 1
        elif member.file_size > _WHOLE:
            self.closed["file of more than 256 MB in a zip"] += 1
        else:
            data = b"".join(_safely(lambda: archive.read(member)))
            yield Piece(f"{what}zip", [data])
            yield from self.inside(data, f"{what}zip ", depth + 1)


def _packing(head: bytes) -> tuple[str, Opener] | None:
    return next((packed for start, packed in _PACKED.items() if head.startswith(start)), None)


def _is_file(data: bytes) -> bool:
    """Whether bytes begin as a file does that `Unpacking.inside` knows."""
    known = (_PNG, _PARQUET, _ZIP, *_PACKED, *(mark for mark, _ in _WIDE))
    return data.startswith(known) or _MARKUP.match(data) is not None


def _safely(unpack: Callable[[], bytes]) -> Iterator[bytes]:
    try:
        yield unpack()
    except _BROKEN:
        return


def _chunks(path: Path) -> Iterator[bytes]:
    with open_regular(path) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _unpacked(path: Path, opener: Opener) -> Iterator[bytes]:
    try:
        with open_regular(path) as packed, opener(packed) as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except _BROKEN:
        return


def _tensor_headers(path: Path) -> Iterator[bytes]:
    """Texts of a header, and in a pack of those of the files that follow."""
    size, start = path.stat().st_size, 0
    with open_regular(path) as file:
        while start < size:
            file.seek(start)
            length = int.from_bytes(file.read(8), "little")
            if length > min(_WHOLE, size):
                return
            header = file.read(length)
            yield from json_texts(header)
            start += 8 + length + max(map(int, _ENDS.findall(header)), default=size)

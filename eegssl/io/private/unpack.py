"""Unpack files into the bytes and texts that a search must see."""

import base64
import gzip
import html
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from eegssl.regular_files import open_regular, read_bytes, require_regular

CHUNK = 1 << 23
_WHOLE = 1 << 28  # larger files are searched as they are, or in pieces
_DEEPEST = 4
_BASE64 = re.compile(rb"base64,([A-Za-z0-9+/=%\s]+)")
_MARKUP = re.compile(rb"\s*(?:<\?xml|<!doctype|<html|<svg|<!--)", re.IGNORECASE)
_BROKEN = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, struct.error)


@dataclass(frozen=True)
class Piece:
    """A stream of bytes and ``how`` it was got: ``bytes``, ``parquet``, ``html image`` ..."""

    how: str
    chunks: Iterable[bytes]


def pieces(path: Path) -> Iterator[Piece]:
    """The file as it is, then whatever is packed in it.

    Parquet (texts, dates, metadata), JSON, HTML and SVG (also images in base64), safetensors
    headers, texts of PNG, gzip, zip, UTF-16. What can't be unpacked is searched as bytes only.
    Raises OSError where the file can't be read.
    """
    yield Piece("bytes", _chunks(path))
    with open_regular(path) as file:
        head = file.read(16)
    size = path.stat().st_size
    if head.startswith(b"PAR1"):
        yield Piece("parquet", _parquet(path))
    elif path.suffix == ".safetensors":
        yield Piece("safetensors header", _tensor_header(path))
    elif head.startswith(b"PK\x03\x04"):
        yield from _zipped(path)
    elif head.startswith(b"\x1f\x8b"):
        yield Piece("gzip", _gunzipped(path))
        if size <= _WHOLE // 16:  # what it holds may be many times larger
            yield from inside(b"".join(_gunzipped(path)), "gzip ", 1)
    elif size <= _WHOLE:
        yield from inside(read_bytes(path, _WHOLE))


def inside(data: bytes, what: str = "", depth: int = 0) -> Iterator[Piece]:
    """Unpack what these bytes hold, by how they begin."""
    if depth > _DEEPEST:
        return
    if data.startswith(b"\x89PNG"):
        yield Piece(f"{what}png text", _png_texts(data))
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield Piece(f"{what}utf-16", [data.decode("utf-16", "replace").encode()])
    elif data.startswith(b"\x1f\x8b"):
        unpacked = b"".join(_safely(gzip.decompress, data))
        yield Piece(f"{what}gzip", [unpacked])
        yield from inside(unpacked, f"{what}gzip ", depth + 1)
    elif _MARKUP.match(data):
        text = data.decode("utf-8", "replace")
        yield Piece(f"{what}html", [html.unescape(text).encode("utf-8", "replace")])
        yield Piece(f"{what}html address", [unquote(text).encode()])
        for match in _BASE64.finditer(data):
            decoded = b"".join(_safely(base64.b64decode, _base64_bytes(match[1])))
            yield Piece(f"{what}html image", [decoded])
            yield from inside(decoded, f"{what}html image ", depth + 1)
    elif data.lstrip()[:1] in (b"{", b"[", b'"'):
        yield Piece(f"{what}json", _json_texts(data))


def _base64_bytes(data: bytes) -> bytes:
    """Base64 without white space and percent signs, padded to its full length."""
    plain = b"".join(unquote(data.decode("ascii")).encode().split())
    return plain + b"=" * (-len(plain) % 4)


def _safely(unpack: Callable[[Any], bytes], packed: Any) -> Iterator[bytes]:
    try:
        yield unpack(packed)
    except _BROKEN:
        return


def _chunks(path: Path) -> Iterator[bytes]:
    with open_regular(path) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _gunzipped(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(require_regular(path)) as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except _BROKEN:
        return


def _zipped(path: Path) -> Iterator[Piece]:
    try:
        with zipfile.ZipFile(require_regular(path)) as archive:
            for member in archive.infolist():
                yield Piece("zip", [member.filename.encode() + b"\n", member.comment])
                if member.file_size <= _WHOLE:
                    data = b"".join(_safely(archive.read, member))
                    yield Piece("zip", [data])
                    yield from inside(data, "zip ", 1)
    except _BROKEN:
        return


def _tensor_header(path: Path) -> Iterator[bytes]:
    with open_regular(path) as file:
        length = int.from_bytes(file.read(8), "little")
        if length <= min(_WHOLE, path.stat().st_size):
            yield from _json_texts(file.read(length))


def _json_texts(data: bytes) -> Iterator[bytes]:
    """Every key and text of a JSON document, or of one document a line."""
    text = data.decode("utf-8", "replace")
    for document in (text, *text.splitlines()):
        try:
            texts = _texts_of(json.loads(document))
        except (ValueError, RecursionError):
            continue
        yield "\n".join(texts).encode("utf-8", "replace") + b"\n"
        if document is text:
            return


def _texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_of(inner)


def _png_texts(data: bytes) -> Iterator[bytes]:
    """The text and EXIF chunks of a PNG image, unpacked where they are packed."""
    at = 8
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if kind in (b"tEXt", b"iTXt", b"zTXt", b"eXIf"):
            yield body.replace(b"\0", b"\n") + b"\n"
            for start in (k + 1 for k in range(len(body)) if body[k : k + 2] == b"\0\x00"):
                yield from _inflated(body[start + 1 :])
            for start in (k for k in range(len(body)) if body[k : k + 1] == b"\x78"):
                yield from _inflated(body[start:])
        at += 12 + length


def _inflated(data: bytes) -> Iterator[bytes]:
    try:
        yield zlib.decompressobj().decompress(data, _WHOLE)
    except zlib.error:
        return


def _parquet(path: Path) -> Iterator[bytes]:
    """Names, metadata, and all texts, bytes and dates of a Parquet file, batch by batch."""
    try:
        file = pq.ParquetFile(require_regular(path))
        yield from _schema_texts(file)
        for batch in file.iter_batches():
            for column in batch.columns:
                for values in _leaves(column):
                    yield "\n".join(str(v) for v in values if v is not None).encode() + b"\n"
    except (pa.ArrowException, *_BROKEN):
        return


def _schema_texts(file: pq.ParquetFile) -> Iterator[bytes]:
    schema = file.schema_arrow
    for metadata in (file.metadata.metadata, schema.metadata, *(f.metadata for f in schema)):
        for key, value in (metadata or {}).items():
            yield key + b"\n" + value + b"\n"
            yield from _json_texts(value)
    yield "\n".join(schema.names).encode() + b"\n"


def _leaves(array: pa.Array) -> Iterator[list[Any]]:
    """The values of the innermost columns that hold text, bytes or dates."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        yield from _leaves(array.dictionary)
    elif pa.types.is_struct(kind):
        for inner in array.flatten():
            yield from _leaves(inner)
    elif pa.types.is_map(kind):
        yield from _leaves(array.keys)
        yield from _leaves(array.items)
    elif pa.types.is_nested(kind):
        yield from _leaves(array.flatten())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_temporal(kind):
        yield array.to_pylist()
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        yield [value.decode("utf-8", "replace") for value in array.to_pylist() if value]

"""List the texts in Parquet files and in chunks of PNG images."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from eegssl.io.private.unpack_texts import json_texts
from eegssl.regular_files import require_regular

_BROKEN = (pa.ArrowException, OSError, EOFError, ValueError, zlib.error, struct.error)
_MOST_BYTES = 1 << 28


def parquet_texts(source: Path | bytes) -> Iterator[bytes]:
    """Names, metadata, and all texts, bytes and dates of a Parquet file, batch by batch."""
    try:
        opened = pa.BufferReader(source) if isinstance(source, bytes) else require_regular(source)
        file = pq.ParquetFile(opened)
        yield from _schema_texts(file)
        for batch in file.iter_batches():
            for column in batch.columns:
                for values in _leaves(column):
                    yield "\n".join(str(v) for v in values if v is not None).encode() + b"\n"
    except _BROKEN:
        return


def _schema_texts(file: pq.ParquetFile) -> Iterator[bytes]:
    schema = file.schema_arrow
    for metadata in (file.metadata.metadata, schema.metadata, *(f.metadata for f in schema)):
        for key, value in (metadata or {}).items():
            yield key + b"\n" + value + b"\n"
            yield from json_texts(value)
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


def png_texts(data: bytes) -> Iterator[bytes]:
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
        yield zlib.decompressobj().decompress(data, _MOST_BYTES)
    except zlib.error:
        return

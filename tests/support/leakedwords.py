"""Search the bytes of artifacts for words that must not be in them."""

import base64
import re
from pathlib import Path

import pyarrow.parquet as pq


def contents(path: Path) -> list[bytes]:
    """The bytes of a file, also unpacked where its format packs them."""
    found = [path.read_bytes()]
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        found.append(repr(table.to_pylist()).encode() + repr(table.schema).encode())
    if path.suffix == ".html":
        packed = re.findall(rb"base64,([A-Za-z0-9+/=]+)", found[0])
        found += [base64.b64decode(text) for text in packed]
        found[0] = re.sub(rb"base64,[A-Za-z0-9+/=]+", b"", found[0])  # spells short names by chance
    return found


def spoken(data: bytes, words: tuple[str, ...]) -> list[str]:
    """Which of the words stand in the data, in any case, as UTF-8 or UTF-16."""
    low = data.lower()
    return [
        word
        for word in words
        if word.lower().encode() in low or word.lower().encode("utf-16-le") in low
    ]

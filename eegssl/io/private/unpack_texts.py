"""Undo escapes and codes in which texts stand."""

import base64
import binascii
import html
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

_ESCAPE = re.compile(
    rb"\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\x([0-9a-fA-F]{2})|\\([nrtbf/\"'\\])"
)
_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b" ", b"f": b" "}
_PERCENT = re.compile(rb"%[0-9a-fA-F]{2}")
_QUOTED = re.compile(rb"=(?:([0-9A-F]{2})|\r?\n)")
_ENTITY = re.compile(rb"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{6,}")
_LINE_END = re.compile(rb"\r?\n[ \t]*")
_LONG_LINE = 60
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_SHORT_RUN = 1 << 16
_SAMPLE = 1 << 16
_CONTROL_BYTES = bytes(b for b in range(32) if b not in b"\t\n\r")
_MOST_CONTROL = 0.1


def is_text(data: bytes) -> bool:
    """Whether data begins with text of single bytes or UTF-8: hardly any control characters."""
    sample = data[:_SAMPLE]
    n_control = len(sample) - len(sample.translate(None, _CONTROL_BYTES))
    return bool(sample) and n_control <= _MOST_CONTROL * len(sample)


def without_escapes(data: bytes) -> bytes:
    """Text with escapes of JSON and C, percent signs, HTML entities and MIME's signs undone.

    Twice, since a URL or a JSON text may itself stand in JSON.
    """
    return _undone(_undone(data))


def _undone(data: bytes) -> bytes:
    data = _PERCENT.sub(lambda match: unquote_to_bytes(match[0]), data)
    data = _ESCAPE.sub(_escaped, data)
    return _ENTITY.sub(_entity, data)


def quoted_printable(data: bytes) -> bytes:
    """Text with the escapes of mail undone (``M=C3=BCller``)."""
    return _QUOTED.sub(lambda match: bytes.fromhex(match[1].decode()) if match[1] else b"", data)


def _escaped(match: re.Match[bytes]) -> bytes:
    if match[4]:
        return _CONTROLS.get(match[4], match[4])
    code = int(match[1] or match[2] or match[3], 16)
    if match[3] and code > 127:
        return bytes([code])  # a byte of UTF-8 or Latin-1
    return chr(code).encode("utf-8", "surrogatepass") if code < 0x110000 else b""


def _entity(match: re.Match[bytes]) -> bytes:
    return html.unescape(match[0].decode("ascii")).encode("utf-8", "replace")


def base64_parts(data: bytes) -> Iterator[bytes]:
    """Whatever may stand in base64 in these bytes, decoded, the URL-safe alphabet too.

    A run may begin with letters of what stands before it, so short ones are read from each of
    their first four signs on: three of the readings are noise.
    """
    lines: list[bytes] = []
    end = 0
    for match in _BASE64.finditer(data):
        run = match[0].translate(_URL_SAFE)
        for start in range(4 if len(run) < _SHORT_RUN else 1):
            yield _decoded(run[start:])
        goes_on = lines and len(lines[-1]) >= _LONG_LINE
        if not (goes_on and _LINE_END.fullmatch(data, end, match.start())):
            yield from _wrapped(lines)
            lines = []
        lines.append(run)
        end = match.end()
    yield from _wrapped(lines)


def _wrapped(lines: list[bytes]) -> Iterator[bytes]:
    """Base64 that mail or a key file broke into lines, decoded as a whole."""
    if len(lines) > 1:
        yield _decoded(b"".join(lines))


def _decoded(run: bytes) -> bytes:
    whole = run[:-1] if len(run) % 4 == 1 else run
    try:
        return base64.b64decode(whole + b"=" * (-len(whole) % 4))
    except (binascii.Error, ValueError):
        return b""


def json_texts(data: bytes) -> Iterator[bytes]:
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

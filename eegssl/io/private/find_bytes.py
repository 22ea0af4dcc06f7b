"""Find many strings in many bytes in one pass, in every encoding.

The first bytes of all patterns stand in a hash table; NumPy looks up every place of the data in
it, and only what is in the table is compared. The time does not depend on how many strings there
are, so gigabytes are searched for thousands of names.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eegssl.io.private.spellings import transliterations

SHORTEST = 4
"""Characters that a string must have: fewer are found by chance everywhere."""
_WORD, _RUN, _VARIED = 6, 8, 4
_LONGEST_WORD = 32
_PRINTABLE = 16
_LOWER = bytes(b + 32 if 65 <= b <= 90 else b for b in range(256))
_CODECS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_STEPS = {
    codec: int(codec[4:6]) // 8 for codec in _CODECS if codec.startswith(("utf-16", "utf-32"))
}
"""Bytes of a character in the wide encodings."""
_BITS = 20
_CONTEXT = 40  # characters looked at on either side of a short string

_IN_NUMBER = re.compile(r"\d\.?\Z")
_ALNUM = re.compile(r"[A-Za-z0-9]")
_RUN_BEFORE, _RUN_AFTER = re.compile(r"[A-Za-z0-9+/]*\Z"), re.compile(r"[A-Za-z0-9+/]*")
_TEXT_BEFORE, _TEXT_AFTER = re.compile(r"[ -~\t\r\n]*\Z"), re.compile(r"[ -~\t\r\n]*")


@dataclass(frozen=True)
class _Table:
    """Patterns of one width of key: ``hashed`` bool [2**20], sorted ``keys`` [n]."""

    dtype: np.dtype[np.unsignedinteger]
    hashed: npt.NDArray[np.bool_]
    keys: npt.NDArray[np.unsignedinteger]


class Finder:
    """Counts strings in bytes: UTF-8, Latin-1, UTF-16 and UTF-32, in any case.

    Letters beyond ASCII are found in their ASCII spellings too (`transliterations`).

    So that chance stays out (ours): strings of fewer than 8 characters don't count inside runs of
    more than 32 letters and digits (hashes, base64). Those of fewer than 6, and those of fewer than
    4 different ones, count as whole words only, in data that holds zeros (of a byte; of two or
    four where it is read as UTF-16 or UTF-32) only among 16 or more printable characters; numbers
    not inside longer numbers. Raises ValueError for a string of fewer than 4 characters.
    """

    def __init__(
        self,
        strings: Iterable[str],
        spellings: Callable[[str], Iterable[str]] = transliterations,
        codecs: Sequence[str] = _CODECS,
    ) -> None:
        self._patterns: dict[bytes, tuple[str, str]] = {}
        for string in strings:
            if len(string) < SHORTEST:
                raise ValueError(f"a string has {len(string)} characters, expected {SHORTEST}")
            for pattern, codec in _patterns(spellings(string), codecs):
                self._patterns.setdefault(pattern, (string, codec))
        self._longest = max(map(len, self._patterns), default=1)
        self._by_key: dict[bytes, list[bytes]] = {}
        for pattern in self._patterns:
            self._by_key.setdefault(pattern[: _width(pattern)], []).append(pattern)
        keys = sorted(self._by_key)
        self._tables = [_table([k for k in keys if len(k) == n]) for n in (4, 8)]

    def count(self, chunks: Iterable[bytes]) -> Counter[str]:
        """Count each string in the chunks, taken as one stream."""
        return sum(self.scan(chunks), Counter())

    def scan(self, chunks: Iterable[bytes]) -> Iterator[Counter[str]]:
        """The same chunk by chunk, as soon as what follows each is known."""
        margin = self._longest + 2 * _CONTEXT
        held, first = b"", 0
        for chunk, is_last in _with_last(chunks):
            data = held + chunk
            stop = len(data) if is_last else len(data) - margin
            if stop > first:
                yield Counter(self._inside(data, first, stop))
                first = stop
            cut = max(0, first - 2 * _CONTEXT)
            held, first = data[cut:], first - cut

    def _inside(self, data: bytes, first: int, stop: int) -> Iterator[str]:
        """The string of each match that begins in ``first:stop``."""
        low = data.translate(_LOWER)
        is_text = _without_zeros(data)
        for table in self._tables:
            width = table.dtype.itemsize
            for at in _candidates(low, table):
                if not first <= at < stop:
                    continue
                for pattern in self._by_key[low[at : at + width]]:
                    if low.startswith(pattern, at):
                        string, codec = self._patterns[pattern]
                        step = _STEPS.get(codec, 1)
                        text = is_text[step, at % step]
                        if _means_something(data, at, len(pattern), string, codec, text):
                            yield string


def _patterns(texts: Iterable[str], codecs: Sequence[str]) -> Iterator[tuple[bytes, str]]:
    """The lower-case bytes of texts in all encodings; letters beyond ASCII in both cases."""
    forms = {unicodedata.normalize(form, t) for form in ("NFC", "NFD") for t in texts} | {*texts}
    for text in sorted({v for f in forms for v in (f, f.lower(), f.upper(), f.casefold())}):
        for codec in codecs:
            try:
                yield text.encode(codec).translate(_LOWER), codec
            except UnicodeEncodeError:
                continue


def _width(pattern: bytes) -> int:
    return 8 if len(pattern) >= 8 else 4


def _table(keys: list[bytes]) -> _Table:
    width = len(keys[0]) if keys else 4
    dtype: np.dtype[np.unsignedinteger] = np.dtype(f"<u{width}")
    values = np.unique(np.frombuffer(b"".join(keys), dtype))
    hashed = np.zeros(1 << _BITS, np.bool_)
    hashed[_hash(values)] = True
    return _Table(dtype, hashed, values)


def _hash(values: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.unsignedinteger]:
    """The upper bits of a product with the golden ratio (Knuth's multiplicative hashing)."""
    bits = 8 * values.dtype.itemsize
    golden = values.dtype.type(0x9E3779B97F4A7C15 >> (64 - bits))
    hashed: npt.NDArray[np.unsignedinteger] = (values * golden) >> values.dtype.type(bits - _BITS)
    return hashed


def _candidates(low: bytes, table: _Table) -> Iterator[int]:
    """Places where the first bytes of some pattern of this table stand."""
    width = table.dtype.itemsize
    if not len(table.keys):
        return
    for offset in range(min(width, max(0, len(low) - width + 1))):
        values = np.frombuffer(low, table.dtype, (len(low) - offset) // width, offset)
        likely = np.flatnonzero(table.hashed[_hash(values)])
        sure = likely[np.isin(values[likely], table.keys)]
        yield from (offset + width * sure).tolist()


def _without_zeros(data: bytes) -> dict[tuple[int, int], bool]:
    """Bytes a character and first place -> whether no character of the data is zero."""
    wide = {
        (step, k): bool(np.frombuffer(data, f"<u{step}", max(0, len(data) - k) // step, k).all())
        for step in (2, 4)
        for k in range(min(step, len(data)))
    }
    return {(1, 0): b"\0" not in data} | wide


def _means_something(
    data: bytes, at: int, n_bytes: int, string: str, codec: str, is_text: bool
) -> bool:
    """Whether a match is more than chance, by what stands around it."""
    length, is_number = len(string), string.isdecimal()
    if len(set(string.lower())) < _VARIED:
        length = min(length, _WORD - 1)  # AAAAAAAC: such are base64 of zero bytes
    if length >= _RUN and not is_number:
        return True
    step = _STEPS.get(codec, 1)
    codec = codec if step > 1 else "latin-1"
    end = at + n_bytes
    reach = min(_CONTEXT, at // step) * step
    before = data[at - reach : at].decode(codec, "replace")
    after = data[end : end + _CONTEXT * step].decode(codec, "replace")
    if is_number and (_IN_NUMBER.search(before) or after[:1].isdecimal()):
        return False
    if length >= _RUN:
        return True
    run = len(_matched(_RUN_BEFORE, before)) + length + len(_matched(_RUN_AFTER, after))
    if run > _LONGEST_WORD:
        return False
    if length >= _WORD:
        return True
    if _ALNUM.match(before[-1:]) or _ALNUM.match(after[:1]):
        return False
    around = len(_matched(_TEXT_BEFORE, before)) + len(_matched(_TEXT_AFTER, after))
    return is_text or around + len(string) >= _PRINTABLE


def _matched(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[0] if match else ""


def _with_last(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each chunk, and whether it is the last."""
    held: bytes | None = None
    for chunk in chunks:
        if held is not None:
            yield held, False
        held = chunk
    if held is not None:
        yield held, True

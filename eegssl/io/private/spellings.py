"""Spell a string in the ways in which files write names."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[^\s_,;:^|/\\.+-]+")
_SEPARATORS = b" \t\r\n\v\f_,;:^|/\\.+-"
_MOST_WORDS = 4
_FEWEST_LETTERS, _FEWEST_JOINED = 6, 4
_JOINS = (" ", "_", ",", ", ", "^", "-", ".", "\n", "\r\n", "")
_GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae", "œ": "oe"}
)
_BACK = (("ae", "ä"), ("oe", "ö"), ("ue", "ü"), ("ss", "ß"))
_PLAIN = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_FOLDED = np.arange(256, dtype=np.uint8)
_FOLDED[list(_SEPARATORS)] = ord(" ")
_SPACE = ord(" ")


def transliterations(text: str) -> set[str]:
    """The text, and its spellings in ASCII: ``Jörg`` is Joerg and Jorg; ``Joerg`` is Jörg too."""
    low = unicodedata.normalize("NFC", text.lower())
    accents = unicodedata.normalize("NFD", low)
    plain = "".join(c for c in accents if not unicodedata.combining(c)).translate(_PLAIN)
    german = unicodedata.normalize("NFD", low.translate(_GERMAN))
    spellings = {text, plain, "".join(c for c in german if not unicodedata.combining(c))}
    if low.isascii():
        for ascii_letters, letter in _BACK:
            low = low.replace(ascii_letters, letter)
            spellings.add(low)
    return spellings


def orders(text: str) -> Iterator[tuple[str, ...]]:
    """The words of a text as they stand and rotated: ``Anna Maria Vos`` is Vos, Anna Maria.

    Texts of a single word, or more than four, have none.
    """
    words = tuple(_WORD.findall(text))
    if 1 < len(words) <= _MOST_WORDS:
        yield from dict.fromkeys(words[k:] + words[:k] for k in range(len(words)))


def joined(text: str) -> set[str]:
    """A short name of several words in every order and with every usual separator.

    None for one of more letters, which `folded` finds with whatever separator, or of hardly any.
    """
    if not _FEWEST_JOINED <= sum(c.isalpha() for c in text) < _FEWEST_LETTERS:
        return set()
    return {join.join(words) for words in orders(text) for join in _JOINS}


def folded(text: str) -> set[str]:
    """What the text becomes in folded bytes, in every order of its words, and run together.

    None for one of few letters, such as a date: digits with signs between them are everywhere.
    """
    if sum(c.isalpha() for c in text) < _FEWEST_LETTERS:
        return set()
    spellings = {" ".join(words) for words in orders(text)}
    return spellings | {"".join(words) for words in orders(text)}


def fold(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Bytes without zeros, with one space for each run of white space and signs between words.

    So a name is found whatever joins its words, over the end of a line, and in the wide encodings
    (where letters of Latin-1 are their byte and zeros).
    """
    last = 0
    for chunk in chunks:
        signs: NDArray[np.uint8] = _FOLDED[np.frombuffer(chunk, np.uint8)]
        signs = signs[signs != 0]
        if not signs.size:
            yield b""
            continue
        is_space = signs == _SPACE
        repeated = is_space & np.concatenate([[last == _SPACE], is_space[:-1]])
        last = int(signs[-1])
        yield signs[~repeated].tobytes()

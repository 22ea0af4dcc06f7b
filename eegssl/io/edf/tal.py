"""Parse time-stamped annotation lists (TAL) of EDF+.

Source: Kemp & Olivan 2003, EDF+ specification, 2.2.2. One TAL is
``onset [0x15 duration] 0x14 text 0x14 text 0x14 0x00``. The first TAL of every data record is
time-keeping: its onset is the record's start, its first text is empty.
"""

import re
from dataclasses import dataclass, field

# Bounded digits keep junk cheap. Some writers forget the sign of the onset: it is read all the same
_TAL = re.compile(
    rb"([+-]?\d{1,12}(?:\.\d{0,12})?)(?:\x15(\d{1,12}(?:\.\d{0,12})?)?)?\x14(.*)", re.DOTALL
)
_COMMA = re.compile(rb"^([+-]?\d{1,12}),(\d{1,12})(?=[\x14\x15])")
_COMMA_DURATION = re.compile(rb"^([^\x14\x15]+\x15\d{1,12}),(\d{1,12}\x14)")
_STAMP = re.compile(rb"([+-]?\d{1,12}(?:\.\d{0,12})?)(?:\x15[\d.]{0,24})?\x14\x14")


@dataclass(frozen=True)
class Tal:
    """One time stamp with its texts; ``duration_s`` is None where the file gives none."""

    onset_s: float
    duration_s: float | None
    texts: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class TalScan:
    """The TALs in the bytes of one record and the number of pieces that were none.

    ``n_commas`` of these would be one with a decimal comma.
    """

    tals: tuple[Tal, ...]
    n_unreadable: int
    n_commas: int = 0


def parse_tals(raw: bytes, *, comma: bool = False) -> TalScan:
    """All TALs of one record's annotation bytes; what is no TAL is counted, never raised.

    With ``comma`` times may have a decimal comma.
    """
    tals: list[Tal] = []
    unreadable = commas = 0
    for piece in raw.split(b"\x00"):
        if not piece:
            continue
        if match := _TAL.fullmatch(_with_point(piece) if comma else piece):
            tals.append(_tal(match))
        else:
            unreadable += 1
            commas += _TAL.fullmatch(_with_point(piece)) is not None
    return TalScan(tuple(tals), unreadable, commas)


def is_stamp_alone(raw: bytes, *, comma: bool = False) -> bool:
    """Whether a record's annotation bytes hold its time-keeping TAL and nothing else."""
    stripped = raw.rstrip(b"\x00")
    return _STAMP.fullmatch(_with_point(stripped) if comma else stripped) is not None


def first_onset(raw: bytes, *, comma: bool = False) -> float | None:
    """The onset of the time-keeping TAL at the start of a record, in seconds, None without one."""
    match = _STAMP.match(_with_point(raw) if comma else raw)
    return float(match[1]) if match else None


def decode(raw: bytes) -> str:
    """Text as UTF-8 (the EDF+ rule), as Latin-1 where it is not."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _with_point(raw: bytes) -> bytes:
    """A TAL whose times have a decimal comma, with points in their place."""
    return _COMMA_DURATION.sub(rb"\1.\2", _COMMA.sub(rb"\1.\2", raw))


def _tal(match: re.Match[bytes]) -> Tal:
    texts = tuple(decode(text) for text in match[3].split(b"\x14") if text)
    duration = float(match[2]) if match[2] else None
    return Tal(float(match[1]), duration, texts)

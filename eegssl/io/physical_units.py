"""Convert units of signals, as files write them, to microvolts."""

import re

from eegssl.errors import RecordingRefused

_MICROVOLTS = {"u": 1.0, "m": 1e3, "": 1e6, "n": 1e-3}
# The micro sign as encodings have it, once UTF-8, else Latin-1, was read. U+00B5 and U+03BC both
# print as "µ"; the rest in Latin-1: DOS, ISO 8859-7 and Windows-1253, UTF-8 encoded twice,
# Shift-JIS (83 CA), GBK and EUC-JP (A6 CC), EUC-KR (A5 EC), Big5 (A3 67).
_MICRO_SIGNS: tuple[str, ...] = (
    *("\u00c2\u00b5", "\u00ce\u00bc", "\u0083\u00ca", "\u00a6\u00cc", "\u00a5\u00ec"),
    *("\u00a3g", "\u00b5", "\u03bc", "\u00e6", "\u00ec"),
)
_SQUARED = {"\u33b6": "uV", "\u33b7": "mV", "\u33b5": "nV"}
_RUSSIAN = {"мкВ": "uV", "мВ": "mV", "мкв": "uV", "mkV": "uV", "mcV": "uV"}
_RUSSIAN |= {word.encode("cp1251").decode("latin-1"): unit for word, unit in _RUSSIAN.items()}
LOST_SIGN = frozenset({"?V", "\ufffdV", "?v", "\ufffdv"})
"""Units whose micro sign an export replaced: no other sign of volts is lost, so they are µV."""

# Ours: what physiological recorders measure beside voltages, in lower case.
_OTHER = """% mmhg cmh2o kpa pa bar degc c °c degf f k hz bpm 1/min l/min l ml m/s m s sec ms min g
deg rad ohm kohm mohm ua ma a us s/m db bool boolean bits lux lx w j kg n v/s uv/s"""
_OTHER_UNITS = frozenset(_OTHER.split())
_WORD = re.compile(r"[^\W\d_]{4}")


def microvolts_per_unit(unit: str) -> float | None:
    """The factor from ``unit`` to µV, or None where it is not a voltage that can be known.

    An upper-case ``MV`` is no voltage here: it may stand for milli and for mega.
    """
    text = unit.strip(" \t\x00")
    if text in LOST_SIGN:
        return 1.0
    text = _SQUARED.get(text) or _RUSSIAN.get(text) or text
    for sign in _MICRO_SIGNS:
        text = f"u{text.removeprefix(sign)}" if text.startswith(sign) else text
    if match := re.fullmatch(r"([umnU]?)[vV](?:olts?)?", text):
        return _MICROVOLTS[match[1].lower()]
    if match := re.fullmatch(r"(micro|milli|nano)\W?v(?:olts?|ol?)?", text, re.IGNORECASE):
        return {"micro": 1.0, "milli": 1e3, "nano": 1e-3}[match[1].lower()]
    return None


def microvolts_of(written: str, index: int, assumed_unit: str | None, unit: str | None) -> float:
    """The factor to µV from the unit that is written for a signal; see `microvolts_per_unit`.

    ``unit`` is used in its place, ``assumed_unit`` where it is none that is known. Raises
    RecordingRefused ``unit``.
    """
    named = unit or written
    factor = microvolts_per_unit(named) if named else None
    if factor is None and assumed_unit and not measures_otherwise(named):
        factor = microvolts_per_unit(assumed_unit)
    if factor is not None:
        return factor
    if not named:
        what, cure = "it has no unit", "read.assumed_unit"
    elif measures_otherwise(named):
        what, cure = f"its unit is no voltage ({unit_in_bytes(named)})", "read.units by its label"
    else:
        what = f"its unit is no voltage that is known ({unit_in_bytes(named)})"
        cure = "read.assumed_unit, or read.units by its label"
    reason = f"signal {index + 1}: {what}, expected uV, mV, V or nV; set {cure}"
    raise RecordingRefused("unit", reason)


def require_voltage(unit: str) -> str:
    """A unit that `microvolts_per_unit` knows; raises ValueError for another."""
    if microvolts_per_unit(unit) is None:
        raise ValueError("got a unit that is no voltage, expected uV, mV, V or nV")
    return unit


def measures_otherwise(unit: str) -> bool:
    """Whether a unit is known to be that of another quantity than a voltage."""
    return unit.strip(" \t\x00").lower() in _OTHER_UNITS


def unit_in_bytes(unit: str) -> str:
    """A unit for a message: its bytes in hexadecimal, or only how long a word that it holds is.

    A word in place of a unit may be text that slipped, a name among it.
    """
    raw = unit.encode("utf-8") if any(ord(sign) > 0xFF for sign in unit) else unit.encode("latin-1")
    if _WORD.search(unit) and not measures_otherwise(unit):
        return f"a word of {len(raw)} bytes"
    return f"the bytes {raw.hex(' ').upper()}"

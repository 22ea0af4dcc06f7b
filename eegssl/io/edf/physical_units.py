"""Convert physical dimensions of EDF signals, as written, to microvolts."""

import re

_MICROVOLTS = {"u": 1.0, "m": 1e3, "": 1e6, "n": 1e-3}
# U+00B5 and U+03BC both print as "µ"; 0xE6 is "µ" in the DOS code page, "æ" in Latin-1.
_MICRO_SIGNS = str.maketrans("\u00b5\u03bc\u00e6", "uuu")


def microvolts_per_unit(unit: str) -> float | None:
    """The factor from ``unit`` to µV, or None where it is not a voltage that can be known.

    An upper-case ``MV`` is no voltage here: it may stand for milli and for mega.
    """
    text = unit.strip(" \t\x00").translate(_MICRO_SIGNS)
    if match := re.fullmatch(r"([umnU]?)[vV](?:olts?)?", text):
        return _MICROVOLTS[match[1].lower()]
    if match := re.fullmatch(r"(micro|milli|nano)\W?v(?:olts?)?", text, re.IGNORECASE):
        return {"micro": 1.0, "milli": 1e3, "nano": 1e-3}[match[1].lower()]
    return None

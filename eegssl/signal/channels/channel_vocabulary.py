"""Hold the words of channel labels that may be stored and shown.

A label is free text and may hold a person's name. Only words that are listed here are stored or
shown; the lists are ours, from labels of public corpora and of recorders.
"""

import re

from eegssl.signal.channels.positions import electrode_name
from eegssl.signal.channels.references import REFERENCES

WITHHELD = "(other text)"
"""Stands in for a label with words that aren't in the vocabulary."""

_SPLIT = re.compile(r"[\s\-‐-―−_.:+/,()]+")
_KIND_WORD = {
    "ecg": re.compile(r"[LR]?(?:ECG|EKG)[LR]?[0-9]{0,2}"),
    "eog": re.compile(r"[HVLRI]?EOG[LRHV]?[0-9]{0,2}|[LR]OC[0-9]?|LUC|RLC"),
    "emg": re.compile(r"[LR]?EMG[LR]?[0-9]{0,2}|CHIN[0-9]{0,2}"),
}
_SIDES = {"L", "R", "LEFT", "RIGHT", "UP", "UPPER", "LOW", "LOWER", "I", "II"}
_DETAILS = {
    "ecg": _SIDES
    | {"III", "AVR", "AVL", "AVF", "LA", "RA", "LL", "RL", "V1", "V2", "V3", "V4", "V5", "V6"},
    "eog": _SIDES | {"H", "V", "HORIZONTAL", "VERTICAL", "HOR", "VERT"},
    "emg": _SIDES
    | {"SUBMENTAL", "MENTALIS", "LEG", "ARM", "TIB", "TIBIALIS", "ANT", "ANTERIOR"}
    | {"DELTOID", "DELT", "MASSETER"},
}
_LISTED = """
EEG ECG EKG EOG EMG POL DC EXG DIF SD CHANNEL CH INPUT AUX BIO OTHER EDF BDF RE CS EEGREF
SP SPH PG C3P C4P LOC ROC CHIN BTE BTELEFT BTERIGHT CROSSTOP CROSSBOTTOM LEFT RIGHT TOP BOTTOM
SPO SAO OSAT SAT PULSE PLETH PLET PR HR BEAT RATE IBI BURST BURSTS SUPPR SUPPRESSION
RESP RESPIRATION EFFORT ABDOMEN ABDOMINAL ABDO THORAX THORACIC CHEST NASAL ORO ORONASAL ORAL
AIRFLOW AIR FLOW PRESSURE PRES CPAP SNORE MIC CO ETCO CAP POSITION POS BODY TEMP TEMPERATURE
RECTAL LIGHT GSR EDA SCR ACC ACCEL GYR GYRO MAG IMU VNS VAGUS ERGO NOISE BATTERY IMPEDANCE
PHOTIC PHO STIM STI STATUS TRIGGER TRIG DTRIG DIG MARKER MK EVENT EVENTS ANNOTATION ANNOTATIONS
UV HZ
"""
_OTHER = set(_LISTED.split()) | REFERENCES.keys()
_NO_REFERENCE = {"ABD", "PRES", "PRESS", "STAT", "THO", "TIB", "SUM", "TIME", "AMP", "RAW"}
_WORD = re.compile(r"([A-Z]+)[0-9]{0,2}")
_CONTACT = re.compile(r"[A-Z][0-9]{1,2}|E[0-9]{3}")
_NUMBER = re.compile(r"[0-9]{1,3}")


def words_of(label: str) -> list[str]:
    """The words of a label in upper case, without what separates them."""
    return [word for word in _SPLIT.split(label.upper()) if word]


def may_be_shown(label: str) -> bool:
    """Whether a label has listed words only, with one number or lone letter at most."""
    words = words_of(label)
    loose = [word for word in words if _NUMBER.fullmatch(word) or len(word) == 1]
    return label.isascii() and len(loose) <= 1 and all(_is_known(word) for word in words)


def shown(label: str) -> str:
    """A label as written, spaces tidied, or `WITHHELD`."""
    return " ".join(label.split()) if may_be_shown(label) else WITHHELD


def auxiliary_channel(label: str) -> tuple[str, str] | None:
    """Kind (ecg, eog, emg) and name of a channel beside the EEG, or None.

    The name is made of the label's known words: ``EKG EKG1`` -> ``ECG1``, ``EOG horizontal`` ->
    ``EOG-HORIZONTAL``, ``ECG SMITH`` -> ``ECG``. Where words of two kinds meet (``EKG1-CHIN``),
    the first of ecg, eog and emg counts.
    """
    words = words_of(label)
    for kind, pattern in _KIND_WORD.items():
        if any(_names_kind(word, kind) for word in words):
            return kind, _auxiliary_name(words, kind, pattern)
    return None


def distinct(name: str, taken: set[str]) -> str:
    """The name, numbered from 2 on where it is taken: ``ECG``, ``ECG-2``, ``ECG-3``."""
    number, candidate = 2, name
    while candidate in taken:
        candidate, number = f"{name}-{number}", number + 1
    return candidate


def is_signal_word(word: str) -> bool:
    """Whether an upper-case word speaks of another signal (``SAT``, ``CHIN``), not a reference."""
    if any(_names_kind(word, kind) or word in _DETAILS[kind] for kind in _KIND_WORD):
        return True
    match = _WORD.fullmatch(word)
    names = {word, match[1]} if match else {word}
    return bool(names & _OTHER - REFERENCES.keys()) or bool(names & _NO_REFERENCE)


def _names_kind(word: str, kind: str) -> bool:
    """Whether a word gives a channel's kind, even with text run into it (``ECGSMITH``)."""
    starts = {"ecg": r"[LR]?(?:ECG|EKG)", "eog": r"[HVLRI]?EOG", "emg": r"[LR]?EMG|CHIN(?![A-Z])"}
    return bool(_KIND_WORD[kind].fullmatch(word) or re.match(starts[kind], word))


def _auxiliary_name(words: list[str], kind: str, pattern: re.Pattern[str]) -> str:
    named = [w.replace("EKG", "ECG") for w in words if pattern.fullmatch(w)]
    details = [w for w in words if w in _DETAILS[kind]]
    numbers = [w for w in words if re.fullmatch(r"[0-9]{1,2}", w)]
    plain = kind.upper()
    names = [w for w in dict.fromkeys(named) if w != plain] or [plain]
    return "-".join([*names, *dict.fromkeys(details), *numbers[:1]])


def _is_known(word: str) -> bool:
    if electrode_name(word) or _CONTACT.fullmatch(word):
        return True
    if _NUMBER.fullmatch(word) or len(word) == 1:
        return True
    if any(pattern.fullmatch(word) for pattern in _KIND_WORD.values()):
        return True
    if any(word in details for details in _DETAILS.values()):
        return True
    match = _WORD.fullmatch(word)
    return word in _OTHER or bool(match and match[1] in _OTHER)

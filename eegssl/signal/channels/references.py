"""Read the word that names a channel's reference."""

import re

_SPELLINGS = {
    "REF": "REF REFERENCE VREF COM COMMON COMREF COMMONREF",
    "AVG": "AVG AV AVE AVR AVERAGE AVGREF AVREF AVERAGEREF AR CAR",
    "LE": "LE LINKED LINKEDEAR LINKEDEARS LINKEDEARLOBES EAR EARS EARLOBES",
    "LM": "LM LINKEDMASTOID LINKEDMASTOIDS MASTOID MASTOIDS MAST",
    "A1A2": "A1A2 A1A22 A2A1 A2A12",
    "M1M2": "M1M2 M1M22 M2M1 M2M12",
    "GND": "GND GRND GROUND",
    "NOSE": "NOSE NASION NZ",
}
# CLE: computed linked ears (MASS); LER: linked ear reference; CMS, DRL: BioSemi's; REST: Yao 2001.
_THEMSELVES = "CLE LER AA CMS DRL REST ORG G2 CS2 REF1 REF2 REF3"

REFERENCES = {word: word for word in _THEMSELVES.split()} | {
    word: name for name, words in _SPELLINGS.items() for word in words.split()
}
"""Spelling of a reference that is no single electrode -> what it is called here."""

UNKNOWN = "UNKNOWN"
"""What the reference is called where a label names it by a word that isn't listed."""

_SHORT = re.compile(r"[A-Z]{1,4}[0-9]?")
_CONTACT = re.compile(r"[A-Z]{1,2}[0-9]")


def listed_reference(text: str) -> str | None:
    """The reference of a listed spelling, in upper case and with any signs between, or None."""
    return REFERENCES.get(re.sub(r"[^A-Z0-9]", "", text))


def is_short_word(text: str) -> bool:
    """Whether upper-case text could be the name of a reference: up to four letters and a digit.

    Not what looks like a contact (``X1``, ``LA3``): that is a second electrode.
    """
    return bool(_SHORT.fullmatch(text)) and not _CONTACT.fullmatch(text)

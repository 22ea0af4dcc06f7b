"""What a channel label means: which electrodes it stands between, and where they lie.

Labels come as ``EEG FP1-REF``, ``FP1-F7``, ``T8-P8-0``, ``Fc5.``, ``EEG T3`` and many more; the
rules for telling them apart are ours:

- A *referential* channel (``Fp1-REF``, ``Fp1``) is named by its electrode. One against an earlobe
  or mastoid (``C3-A2``) keeps that in its name, since ``C3-A1`` may stand beside it, but counts as
  referential: regions and positions are those of its first electrode.
- A *derivation* is named by both electrodes (``Fp1-F7``). ``C3-Cz`` reads as one: a label alone
  can't tell a recording that has Cz as its common reference.
- One ear against the other (``A2-A1``) records the reference, not the brain: kind ``other``.
- Grids and depth electrodes number their contacts too, and ``A1`` or ``C3`` may be one of them;
  ``parse_channels`` sees it by their neighbours (``A3``, ``C7``), one label alone can't.
- ``POL`` marks auxiliary inputs and depth contacts (``POL A1`` is no earlobe): kind ``other``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from eegssl.signal.positions import EARS, electrode_name, positions
from eegssl.signal.regions import REGIONS, region_of

REFERENCES = {
    "REF": "REF",
    "VREF": "REF",
    "LE": "LE",
    "AVG": "AVG",
    "AV": "AVG",
    "AVE": "AVG",
    "AVERAGE": "AVG",
    "AR": "AVG",
    "CAR": "AVG",
    "A1A2": "A1A2",
    "A1A22": "A1A2",
    "A2A1": "A1A2",
    "M1M2": "M1M2",
    "M1M22": "M1M2",
    "M2M1": "M1M2",
    "ORG": "ORG",
    "G2": "G2",
    "GND": "GND",
}
"""Spelling of a reference that is no single electrode -> what it is called here."""

_ECG = re.compile(r"(?<![A-Z])(?:ECG|EKG)\s*([LR]?\d*)(?![A-Z0-9])")
_KINDS = (
    ("ecg", re.compile(r"(?<![A-Z])(?:ECG|EKG)")),
    ("eog", re.compile(r"(?<![A-Z])(?:[HVLR]?EOG|(?:LOC|ROC|LUC|RLC)(?![A-Z]))")),
    ("emg", re.compile(r"(?<![A-Z])(?:[LR]?EMG|CHIN)")),
)
_PREFIX = re.compile(r"EEG(?:[\s:_-]+|(?=[A-Z0-9]))(?=\S)")
_CONTACT = re.compile(r"([A-Z])\s*\d+")
_SEPARATOR = re.compile(r"[-‐-―−:_]")


@dataclass(frozen=True)
class Channel:
    """What one label says.

    ``name`` is canonical; ``kind`` is eeg, ecg, eog, emg or other; ``electrodes`` holds one
    electrode (referential), two (derivation) or none (not EEG); ``reference`` is that of a
    referential channel where the label tells it, else empty.
    """

    name: str
    kind: str
    electrodes: tuple[str, ...]
    reference: str


class Geometry(NamedTuple):
    """What an encoder is told of C channels.

    ``positions`` float32 [C,2,3]: first and second electrode on the unit sphere (x right, y nose,
    z up), 0 where absent. ``located`` bool [C,2]: that electrode is there and its place known.
    ``regions`` float32 [C,R]: 1 where the channel lies in the region.
    """

    positions: npt.NDArray[np.float32]
    located: npt.NDArray[np.bool_]
    regions: npt.NDArray[np.float32]


def parse_channel(label: str) -> Channel:
    """Read a channel label; never raises, and what it doesn't know has kind ``other``."""
    text = _tidy(label)
    eeg = _eeg_channel(_terminals(label))
    if eeg is not None:
        return eeg
    for kind, pattern in _KINDS:
        if pattern.search(text):
            return Channel(_ecg_name(text) if kind == "ecg" else text, kind, (), "")
    return Channel(text, "other", (), "")


def parse_channels(labels: Sequence[str]) -> list[Channel]:
    """Read the labels of one recording, C of them, with what they say about each other.

    Where a letter counts on past the 10-10 system (``A3``, ``C7``, ``F11``), its labels are the
    contacts of a grid, a depth electrode or a cap with names of its own (BioSemi's): kind other.
    """
    contacts = [
        [match for part in _terminals(label) if (match := _CONTACT.fullmatch(part))]
        for label in labels
    ]
    grids = {match[1] for row in contacts for match in row if electrode_name(match[0]) is None}
    return [
        Channel(_tidy(label), "other", (), "")
        if any(match[1] in grids for match in row)
        else parse_channel(label)
        for label, row in zip(labels, contacts, strict=True)
    ]


def geometry(names: Sequence[str]) -> Geometry:
    """Positions and regions of C channels by name; channels that are no EEG get zeros."""
    places = np.zeros((len(names), 2, 3), dtype=np.float32)
    located = np.zeros((len(names), 2), dtype=np.bool_)
    regions = np.zeros((len(names), len(REGIONS)), dtype=np.float32)
    for c, name in enumerate(names):
        for e, electrode in enumerate(parse_channel(name).electrodes):
            places[c, e] = positions()[electrode]
            located[c, e] = True
            region = region_of(electrode)
            if region is not None:
                regions[c, REGIONS.index(region)] = 1.0
    return Geometry(places, located, regions)


def _tidy(label: str) -> str:
    """Upper case, single spaces, and without the word EEG in front."""
    text = " ".join(label.upper().split())
    while match := _PREFIX.match(text):
        text = text[match.end() :]
    return text


def _terminals(label: str) -> list[str]:
    """What a label names between its separators, without mne's number of a doubled label."""
    parts = [part.strip() for part in _SEPARATOR.split(_tidy(label))]
    while len(parts) > 1 and parts[-1].isdecimal() and electrode_name(parts[0]):
        parts.pop()  # T8-P8-0, T8-P8-1
    return parts


def _eeg_channel(parts: list[str]) -> Channel | None:
    """The EEG channel between one or two terminals, or None."""
    first = electrode_name(parts[0])
    if first is None or len(parts) > 2:
        return None
    if len(parts) == 1:
        return Channel(first, "eeg", (first,), "")
    reference = REFERENCES.get(re.sub(r"[^A-Z0-9]", "", parts[1]))
    if reference is not None:
        return Channel(first, "eeg", (first,), reference)
    second = electrode_name(parts[1])
    if second is None or second == first or {first, second} <= EARS:
        return None
    if second in EARS:
        return Channel(f"{first}-{second}", "eeg", (first,), second)
    return Channel(f"{first}-{second}", "eeg", (first, second), "")


def _ecg_name(text: str) -> str:
    """``ECG`` with the lead's side or number: ``EKG EKG`` -> ``ECG``, ``EKG1-REF`` -> ``ECG1``."""
    leads = _ECG.findall(text)
    return f"ECG{leads[-1]}" if leads else "ECG"

"""Read channel labels into electrodes, positions and regions.

Labels come as ``EEG FP1-REF``, ``FP1-F7``, ``T8-P8-0``, ``Fc5.``, ``EEG T3`` and many more; the
rules are ours:

- A *referential* channel (``Fp1-REF``, ``Fp1``) is named by its electrode. One against an earlobe
  or mastoid (``C3-A2``) keeps that in its name, since ``C3-A1`` may stand beside it, but counts as
  referential: regions and positions are those of its first electrode.
- A *derivation* is named by both electrodes (``Fp1-F7``). ``C3-Cz`` reads as one, though Cz may be
  the recording's common reference. ``parse_channels`` sees that: where eight or more electrodes
  stand against one and the same, they are referential (``C3``, reference Cz).
- One ear against the other (``A2-A1``) records the reference, not the brain: kind ``other``.
- Grids and depth electrodes number their contacts too, and ``A1`` or ``C3`` may be one of them;
  ``parse_channels`` tells by their neighbours (``A3``, ``C7``).
- ``POL`` marks auxiliary inputs and depth contacts (``POL A1`` is no earlobe, ``POL FP1`` may be
  the frontal pole): kind ``other``.
- Behind an electrode and a sign (``-``, ``/``, ``.``, ``:``, ``_``) any short word names the
  reference (``Fp1-CLE``); one that isn't listed is called UNKNOWN, since it is free text. Words of
  other signals (``O2-SAT``) are none. Ears and listed words need no sign (``C3M2``, ``C3 REF``).
- Sphenoidal (``Sp1``) and nasopharyngeal electrodes lie below the brain, not on the scalp, and
  have no place on the sphere: kind ``other``.
- Behind the ears (``BTEleft SD``, ``CROSStop SD`` of SeizeIT2, ``OorLiTop`` of SeizeIT1) there are
  electrodes BTE1 to BTE4 with places of our choice. Signs (left less right, above less below)
  are those of SeizeIT1's authors; SeizeIT2's labels don't give them.
- ``01`` and ``02`` with a zero, as CHB-MIT's chb12 has, are O1 and O2 behind another electrode
  (``P3-01``), or where a recording of eight or more electrodes has none of that name.

Names hold words of the channel vocabulary only: a label is free text, and may name a person.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from eegssl.signal.channels.channel_vocabulary import (
    auxiliary_channel,
    distinct,
    is_signal_word,
    may_be_shown,
    words_of,
)
from eegssl.signal.channels.positions import EARS, electrode_name, positions
from eegssl.signal.channels.references import UNKNOWN, is_short_word, listed_reference
from eegssl.signal.channels.regions import REGIONS, region_of

OTHER = "OTHER"
"""The name of a channel whose label has words that aren't shown."""

COMMON = 8
"""An electrode against which at least so many others stand is the recording's reference."""

_BEHIND_EARS = {
    "BTELEFT": ("BTE1", "BTE3"),
    "BTERIGHT": ("BTE2", "BTE4"),
    "CROSSTOP": ("BTE1", "BTE2"),
    "CROSSBOTTOM": ("BTE3", "BTE4"),
}
_POL = "POL "
_ZEROS = {"01": "O1", "02": "O2"}
_PREFIX = re.compile(r"EEG(?:[\s:_./-]+|(?=[A-Z0-9]))(?=\S)")
_CONTACT = re.compile(r"([A-Z])\s*\d+")
_SEPARATOR = re.compile(r"[-‐-―−:_/|]|\.+(?=[A-Z])")
_ELECTRODE = re.compile(r"([A-Z]{1,3}(?:[0-9]{1,2}|Z))(.+)")
_START = re.compile(r"([A-Z]{1,3} ?(?:[0-9]{1,2}|Z))(?![0-9])(.*)")


@dataclass(frozen=True)
class Channel:
    """A channel as read from its label.

    ``name`` is canonical, and safe to store; ``kind`` is eeg, ecg, eog, emg or other;
    ``electrodes`` holds one electrode (referential), two (derivation) or none (not EEG);
    ``reference`` is that of a referential channel where the label tells it, else empty.
    """

    name: str
    kind: str
    electrodes: tuple[str, ...]
    reference: str


class Geometry(NamedTuple):
    """Places of C channels, as encoders take them.

    ``positions`` float32 [C,2,3]: first and second electrode on the unit sphere (x right, y nose,
    z up), 0 where absent. ``located`` bool [C,2]: that electrode is there and its place known.
    ``regions`` float32 [C,R]: 1 where the channel lies in the region.
    """

    positions: npt.NDArray[np.float32]
    located: npt.NDArray[np.bool_]
    regions: npt.NDArray[np.float32]


def montages_of(channels: Iterable[str]) -> tuple[str, ...]:
    """Name the kinds among these EEG channels: referential, derivations, or both."""
    kinds = ("referential", "derivations")
    sizes = {len(parse_channel(name).electrodes) for name in channels}
    return tuple(kind for size, kind in enumerate(kinds, start=1) if size in sizes)


def parse_channel(label: str) -> Channel:
    """Read a channel label; never raises: an unknown one has kind ``other``."""
    eeg = _eeg_channel(_terminals(label))
    if eeg is not None:
        return eeg
    auxiliary = auxiliary_channel(label) or auxiliary_channel(plain_label(label))
    if auxiliary is not None:
        kind, name = auxiliary
        return Channel(name, kind, (), "")
    return _other(label)


def parse_channels(labels: Sequence[str]) -> list[Channel]:
    """Read the C labels of one recording together, so that each helps to read the others.

    Where a letter counts on past the 10-10 system (``A3``, ``C7``, ``F11``), its labels are the
    contacts of a grid, a depth electrode or a cap with names of its own (BioSemi's): kind other.
    Channels of ECG, EOG and EMG get distinct names (``ECG``, ``ECG-2``), and so do references by
    words that aren't listed (``UNKNOWN``, ``UNKNOWN-2``).
    """
    contacts = [
        [match for part in _terminals(label) if (match := _CONTACT.fullmatch(part))]
        for label in labels
    ]
    grids = {match[1] for row in contacts for match in row if electrode_name(match[0]) is None}
    channels = [
        _other(label) if any(match[1] in grids for match in row) else parse_channel(label)
        for label, row in zip(labels, contacts, strict=True)
    ]
    channels = _with_common_reference(_with_zeros(channels, labels))
    return _distinct(_with_unknown_references(channels, labels))


def begins_like_electrode(label: str) -> bool:
    """Whether a label starts with an electrode, and goes on with words of no other signal.

    To tell of channels of kind ``other`` that may be EEG: ``C3P-REF``, ``Fp1-Smith``. The ears
    against each other are none of them. Behind ``POL`` a letter and a number are a contact.
    """
    text = plain_label(label)
    match = _START.match(text.removeprefix(_POL))
    if match is None or electrode_name(match[1]) is None:
        return False
    if text.startswith(_POL) and _CONTACT.fullmatch(match[1]):
        return False
    if {electrode_name(part) for part in _terminals(label)} <= EARS:
        return len(_terminals(label)) == 1
    words = words_of(match[2])
    return not words or not all(is_signal_word(word) for word in words)


def plain_label(label: str) -> str:
    """Upper case, single spaces, and without the word EEG in front."""
    text = " ".join(label.upper().split())
    while match := _PREFIX.match(text):
        text = text[match.end() :]
    return text


def _other(label: str) -> Channel:
    text = plain_label(label)
    return Channel(text if may_be_shown(text) else OTHER, "other", (), "")


def _with_zeros(channels: list[Channel], labels: Sequence[str]) -> list[Channel]:
    """Channels labelled ``01`` or ``02`` read as O1 and O2 where those are missing."""
    present = {channel.electrodes[0] for channel in channels if channel.electrodes}
    if len(present) < COMMON:
        return channels
    readings = [_ZEROS.get(plain_label(label)) for label in labels]
    return [
        Channel(name, "eeg", (name,), "") if name and name not in present else channel
        for channel, name in zip(channels, readings, strict=True)
    ]


def _with_common_reference(channels: list[Channel]) -> list[Channel]:
    """Derivations against one electrode, from `COMMON` on, read as referential channels.

    Not where another channel has that name already (``C3-REF`` beside ``C3-Cz``).
    """
    derivations = {c.electrodes for c in channels if len(c.electrodes) == 2}
    shared = Counter(second for _, second in derivations)
    names = {channel.name for channel in channels}
    return [
        Channel(c.electrodes[0], "eeg", c.electrodes[:1], c.electrodes[1])
        if len(c.electrodes) == 2
        and shared[c.electrodes[1]] >= COMMON
        and c.electrodes[0] not in names
        else c
        for c in channels
    ]


def _with_unknown_references(channels: list[Channel], labels: Sequence[str]) -> list[Channel]:
    """The channels with references that aren't listed numbered by their words."""
    words = [
        _terminals(label)[-1] if c.reference == UNKNOWN else ""
        for c, label in zip(channels, labels, strict=True)
    ]
    names: dict[str, str] = {}
    for word in filter(None, words):
        names.setdefault(word, f"{UNKNOWN}-{len(names) + 1}" if names else UNKNOWN)
    return [
        replace(channel, reference=names[word]) if word else channel
        for channel, word in zip(channels, words, strict=True)
    ]


def _distinct(channels: list[Channel]) -> list[Channel]:
    """The channels with those of ECG, EOG and EMG numbered where they are doubled."""
    taken: set[str] = set()
    distinct_channels = []
    for channel in channels:
        if channel.kind in ("ecg", "eog", "emg"):
            channel = replace(channel, name=distinct(channel.name, taken))
            taken.add(channel.name)
        distinct_channels.append(channel)
    return distinct_channels


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


def _terminals(label: str) -> list[str]:
    """The electrode of a label and what stands behind it, without mne's number of a doubled one."""
    text = plain_label(label)
    if (pair := _BEHIND_EARS.get(text.removesuffix(" SD"))) is not None:
        return list(pair)
    first, *rest = (part.strip() for part in _SEPARATOR.split(text))
    if not rest:
        return _run_together(text)
    if electrode_name(first) is None:
        return [first, *rest]
    rest[0] = _ZEROS.get(rest[0], rest[0])
    while rest and rest[-1].isdecimal():
        rest.pop()  # T8-P8-0, T8-P8-1
    return [first, *(["-".join(rest)] if rest else [])]


def _run_together(text: str) -> list[str]:
    """Electrode and reference of ``C3M2``, ``CZLE`` or ``C3 REF``; else the text as it is."""
    match = None if electrode_name(text) else _ELECTRODE.fullmatch(text.replace(" ", ""))
    if match and electrode_name(match[1]) and (match[2] in EARS or listed_reference(match[2])):
        return [match[1], match[2]]
    return [text]


def _eeg_channel(parts: list[str]) -> Channel | None:
    """The EEG channel between one or two terminals, or None."""
    first = electrode_name(parts[0])
    if first is None:
        return None
    if len(parts) == 1:
        return Channel(first, "eeg", (first,), "")
    if (reference := listed_reference(parts[1])) is not None:
        return Channel(first, "eeg", (first,), reference)
    second = electrode_name(parts[1])
    if second is None and is_short_word(parts[1]) and not is_signal_word(parts[1]):
        return Channel(first, "eeg", (first,), UNKNOWN)
    if second is None or second == first or {first, second} <= EARS:
        return None
    if second in EARS:
        return Channel(f"{first}-{second}", "eeg", (first,), second)
    return Channel(f"{first}-{second}", "eeg", (first, second), "")

"""Take BIDS names of recordings apart.

Source: BIDS 1.10, "Filenames" and "Split files": the tables of a recording are named without its
suffix and without ``split``.
"""

import re
from dataclasses import dataclass
from pathlib import Path, PurePath

_SUFFIX = re.compile(r"_i?eeg$|_meg$")
_SPLIT = re.compile(r"_split-\d+(?=_|$)")
_ENTITY = re.compile(r"(?:^|_)([A-Za-z]+)-([A-Za-z0-9]+)(?=_|$)")
_RECORDING = re.compile(r"sub-[A-Za-z0-9]+(?:_[A-Za-z]+-[A-Za-z0-9]+)*_(i?eeg)")
_SUBJECT = re.compile(r"sub-[A-Za-z0-9]+(?:_ses-[A-Za-z0-9]+)?(?=_|$)")


def bids_stem(path: PurePath) -> str | None:
    """What the tables of a recording are called before their own suffix; None for other names."""
    stem, n_suffixes = _SUFFIX.subn("", path.stem)
    return _SPLIT.sub("", stem) if n_suffixes else None


def bids_subject(path: Path) -> str | None:
    """Subject and session of a name, such as ``sub-01_ses-2``; None for other names."""
    match = _SUBJECT.match(path.name)
    return match[0] if match else None


def bids_entities(name: str) -> dict[str, str]:
    """Key -> value of a name's entities: ``sub-01_task-rest_eeg.edf`` has ``sub`` and ``task``."""
    return dict(_ENTITY.findall(name))


@dataclass(frozen=True)
class BidsPlace:
    """Place of a recording in a BIDS data set: values of entities, empty where it has none."""

    subject: str
    session: str
    run: str
    folder: str
    """The folder of its kind of data, ``eeg`` or ``ieeg``."""


def bids_place(path: Path) -> BidsPlace | None:
    """The place of a recording whose name agrees with its folders; None for any other file.

    ``sub-01/ses-2/eeg/sub-01_ses-2_task-rest_eeg.edf`` agrees: a name alone makes no data set.
    """
    match = _RECORDING.fullmatch(path.stem)
    pairs = _ENTITY.findall(path.stem)
    of = dict(pairs)
    if match is None or len(of) < len(pairs):
        return None
    place = BidsPlace(of["sub"], of.get("ses", ""), of.get("run", ""), match[1])
    folders = [f"sub-{place.subject}", *([f"ses-{place.session}"] if place.session else [])]
    above = path.absolute().parent.parts
    return place if above[-len(folders) - 1 :] == (*folders, place.folder) else None

"""Take BIDS names of recordings apart.

Source: BIDS 1.10, "Filenames" and "Split files": the tables of a recording are named without its
suffix and without ``split``.
"""

import re
from pathlib import Path, PurePath

_SUFFIX = re.compile(r"_i?eeg$|_meg$")
_SPLIT = re.compile(r"_split-\d+(?=_|$)")
_ENTITY = re.compile(r"(?:^|_)([A-Za-z]+)-([A-Za-z0-9]+)(?=_|$)")
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

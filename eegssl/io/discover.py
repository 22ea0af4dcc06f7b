"""Finding the recordings below a folder."""

import os
from collections import Counter
from pathlib import Path

from eegssl.errors import InputError

SUFFIXES = (".edf", ".bdf")
OTHER_FORMATS = (
    *(".gdf", ".vhdr", ".set", ".cnt", ".fif", ".fif.gz", ".eeg", ".lay", ".trc", ".e", ".mff"),
    *(".edf.gz", ".bdf.gz", ".edf.zip", ".nwb", ".mefd"),
)
"""Endings of EEG in formats that are not read here; counted, so that nobody thinks they were."""


def find_recordings(root: Path) -> list[Path]:
    """All EDF and BDF files at or below ``root``, in any case of the suffix, sorted by path.

    Hidden files and folders are skipped, links are followed, every folder is visited once, and a
    link to a recording that is there itself is passed over. A link to a file that is gone, and a
    folder that may not be opened, are in the list too, so that reading refuses them with a reason:
    nothing is dropped in silence.

    Raises InputError where ``root`` does not exist, or is a file of another kind.
    """
    if root.is_file():
        if not _is_recording(root.name):
            raise InputError("the input is a file, but neither .edf nor .bdf: give a folder")
        return [root]
    if not root.is_dir():
        raise InputError("the input folder does not exist: check the path")
    found: list[Path] = []
    ahead, visited = [root], set[tuple[int, int]]()
    while ahead:  # links come after all real folders, so that a path is the one a user would give
        ahead = [link for folder in ahead for link in _walk(folder, found, visited)]
    real = {path.resolve() for path in found if not path.is_symlink()}
    once = [path for path in found if not path.is_symlink() or path.resolve() not in real]
    return sorted(once, key=lambda path: path.as_posix())


def _walk(top: Path, found: list[Path], visited: set[tuple[int, int]]) -> list[Path]:
    """Append the recordings below one folder to ``found``; returns the links to other folders."""
    links: list[Path] = []

    def refuse_later(error: OSError) -> None:
        found.append(Path(error.filename))

    for folder, folders, files in os.walk(top, onerror=refuse_later):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in visited:
            folders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links += [Path(folder, name) for name in folders if os.path.islink(Path(folder, name))]
        found += [Path(folder, name) for name in files if _is_recording(name)]
    return links


def _is_recording(name: str) -> bool:
    return not name.startswith(".") and name.lower().endswith(SUFFIXES)


def other_formats(root: Path) -> Counter[str]:
    """How many files below ``root`` have the ending of another EEG format, by ending."""
    names = (name for _, folders, files in os.walk(root) for name in (*folders, *files))
    endings = (next((e for e in OTHER_FORMATS if name.lower().endswith(e)), None) for name in names)
    return Counter(ending for ending in endings if ending)

"""Find the recordings below a folder in one walk."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from eegssl.errors import InputError, RecordingRefused
from eegssl.io.formats.known_formats import FORMATS
from eegssl.io.formats.recordings import recording_parts
from eegssl.io.own_copies import COPIES, holds_predictions
from eegssl.io.passed_over import begins_like_edf, is_shipped_table, may_hold_labels
from eegssl.io.sample_tables import ENDINGS, HINT, looks_like_samples

SUFFIXES = tuple(FORMATS)
_FOLDERS = tuple(ending for ending, kind in FORMATS.items() if kind.in_folder)
OTHER_FORMATS = (
    *(".fif.gz", ".eeg", ".lay", ".trc", ".e", ".ahdr"),
    *(".edf.gz", ".bdf.gz", ".edf.zip", ".nwb", ".mefd"),
)
"""Endings of EEG in formats that are not read here; counted, so that nobody thinks they were."""


@dataclass
class FoundFiles:
    """Recordings below a folder, and what lies beside them.

    ``others`` have the ending of another format, and ``other_formats`` counts them; ``misnamed``
    begin as EDF or BDF does under another name, ``tables`` may hold labels, ``samples`` are
    tables of samples.
    """

    recordings: list[Path] = field(default_factory=list)
    other_formats: Counter[str] = field(default_factory=Counter)
    others: list[Path] = field(default_factory=list)
    misnamed: list[Path] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)
    samples: list[Path] = field(default_factory=list)


def find_recordings(root: Path) -> FoundFiles:
    """All recordings at or below ``root``, in any case of the suffix, sorted by path.

    What another recording says is a part of it (its samples, markers, the file it goes on in) is no
    recording of its own, and passed over by nobody.

    Hidden files and folders are skipped, links are followed, every folder is visited once, and a
    link to a recording that is there itself is passed over. A link to a file that is gone or to
    itself, a path that is too long, and a folder that may not be opened, are in the list too, so
    that reading refuses them with a reason: nothing is dropped in silence. Copies that `predict`
    wrote are no recordings of their own, unless ``root`` is their folder.

    Raises InputError where ``root`` does not exist, or is a file of another kind.
    """
    if root.is_file() and not _ends_with(root.name, SUFFIXES):
        known = ", ".join(SUFFIXES)
        cure = "give such a file or a folder"
        cure += f"; if it holds samples, {HINT}" if _ends_with(root.name, ENDINGS) else ""
        raise InputError(f"the input is a file, but none of {known}: {cure}")
    if is_recording(root):
        return FoundFiles([root])
    if not root.is_dir():
        raise InputError("the input folder does not exist: check the path")
    files = FoundFiles()
    ahead, visited = [root], set[tuple[int, int]]()
    while ahead:  # links come after all real folders, so that a path is the one a user would give
        ahead = [link for folder in ahead for link in _walk(folder, files, visited)]
    links = {path for path in files.recordings if os.path.islink(path)}
    real = {os.path.realpath(path) for path in files.recordings if path not in links}
    once = [p for p in files.recordings if p not in links or os.path.realpath(p) not in real]
    parts = [(part, path) for path in once for part in _companions(path, root)]
    goes_on = {part for part, path in parts if part.suffix == path.suffix}
    files.recordings = sorted(set(once) - goes_on, key=lambda path: path.as_posix())
    files.others = sorted(set(files.others) - {part for part, _ in parts})
    endings = (_ends_with(path.name, OTHER_FORMATS) for path in files.others)
    files.other_formats = Counter(ending for ending in endings if ending)
    return files


def is_recording(path: Path) -> bool:
    """Whether a path is that of a recording: a file, or a folder of a format that is one."""
    return path.is_file() or (path.is_dir() and _ends_with(path.name, _FOLDERS) is not None)


def _companions(path: Path, root: Path) -> tuple[Path, ...]:
    """The other files that a recording is made of; of a BrainVision one that is refused, samples.

    Its refusal tells of them too: without their header they are no format to convert.
    """
    try:
        return recording_parts(path, root)[1:]
    except RecordingRefused:
        return (path.with_suffix(".eeg"),) if path.suffix.lower() == ".vhdr" else ()


def _walk(top: Path, files: FoundFiles, visited: set[tuple[int, int]]) -> list[Path]:
    """Add what lies below one folder to ``files``; returns the links to other folders."""
    links: list[Path] = []

    def refuse_later(error: OSError) -> None:
        files.recordings.append(Path(error.filename))

    for folder, folders, names in os.walk(top, onerror=refuse_later):
        try:
            status = os.stat(folder)
        except OSError as error:
            refuse_later(error)
            folders.clear()
            continue
        if (status.st_dev, status.st_ino) in visited:
            folders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        files.recordings += [Path(folder, name) for name in folders if _ends_with(name, _FOLDERS)]
        folders[:] = sorted(
            name for name in folders if not (name.startswith(".") or _ends_with(name, _FOLDERS))
        )
        if COPIES in folders and holds_predictions(Path(folder)):
            folders.remove(COPIES)
        links += [Path(folder, name) for name in folders if os.path.islink(Path(folder, name))]
        files.recordings += [Path(folder, name) for name in names if _ends_with(name, SUFFIXES)]
        entries = (*folders, *names)
        files.others += [Path(folder, name) for name in entries if _ends_with(name, OTHER_FORMATS)]
        _look_beside(Path(folder), names, files)
    return links


def _look_beside(folder: Path, names: list[str], files: FoundFiles) -> None:
    """Add the files of one folder that may be recordings or labels and are named otherwise."""
    stems = {Path(name).stem for name in names if _ends_with(name, SUFFIXES)}
    for name in sorted(names):
        if name.startswith(".") or _ends_with(name, (*SUFFIXES, *OTHER_FORMATS)):
            continue
        if may_hold_labels(name, stems):
            files.tables.append(folder / name)
        elif not is_shipped_table(name) and looks_like_samples(folder / name):
            files.samples.append(folder / name)
        elif begins_like_edf(folder / name):
            files.misnamed.append(folder / name)


def _ends_with(name: str, endings: tuple[str, ...]) -> str | None:
    """The first of the endings that a file's name has; None for a hidden file."""
    if name.startswith("."):
        return None
    return next((ending for ending in endings if name.lower().endswith(ending)), None)

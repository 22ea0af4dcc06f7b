"""List the files of a corpus and their subjects by hashed ids."""

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from eegssl.artifacts.manifest import MANIFEST
from eegssl.errors import ConfigError, InputError
from eegssl.io.config import EventSettings, SubjectSettings
from eegssl.io.discover import SUFFIXES, find_recordings, is_recording
from eegssl.io.formats.recordings import format_name
from eegssl.io.labels.sheets.sheet_files import Listed, shared_sheet
from eegssl.io.passed_over import ending_in_words
from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.io.sample_tables import HINT
from eegssl.io.tables.participants import read_participants

OLDEST_YEARS = 90.0
"""Older subjects are few enough to be known by their age."""


@dataclass(frozen=True)
class Source:
    """A file to read: where it is, the folder it was found in, its path below it, hashed id.

    ``own_rows`` are its rows of a label sheet for many files (``events.sheet``).
    """

    path: Path
    root: Path
    relative: str
    id: str
    own_rows: Listed | None = None


@dataclass(frozen=True)
class PassedOver:
    """Files that lie among the recordings and are not read as such.

    ``other_formats`` counts by ending; ``misnamed`` (id -> ending) begin as EDF or BDF does;
    ``tables`` (path -> id) may hold labels; ``unknown_rows`` are those of a label sheet for many
    files that name none of them; ``samples`` (id -> ending) are tables of samples.
    """

    other_formats: dict[str, int] = field(default_factory=dict)
    misnamed: dict[str, str] = field(default_factory=dict)
    tables: dict[Path, str] = field(default_factory=dict)
    samples: dict[str, str] = field(default_factory=dict)
    unknown_rows: tuple[int, ...] = ()


class Naming:
    """Hashed ids of files and subjects of one corpus (``corpus`` tells it from others)."""

    def __init__(self, pseudonyms: Pseudonyms, corpus: str) -> None:
        self._pseudonyms, self._prefix = pseudonyms, f"{corpus}/" if corpus else ""

    def save(self) -> list[str]:
        """Save the names behind the ids; returns warnings, as `Pseudonyms.save` does."""
        return self._pseudonyms.save()

    def recording(self, relative: str) -> str:
        """The id of the file at a path below its folder."""
        return self._pseudonyms.recording(self._prefix + relative)

    def file(self, relative: str) -> str:
        """The id of a file that is no recording, at a path below its folder."""
        return self._pseudonyms.file(self._prefix + relative)

    def subject(self, name: str) -> str:
        """The id of a subject."""
        return self._pseudonyms.subject(self._prefix + name)

    def digest(self, text: str) -> str:
        """A keyed hash of a text that stays secret."""
        return self._pseudonyms.digest(text)

    def path_of(self, id_: str) -> str:
        """The path below its folder of the file with an id, "" where the private table lacks it."""
        name = self._pseudonyms.name(id_)
        return name.removeprefix(self._prefix) if name != id_ else ""


def find_sources(
    roots: Sequence[Path], naming: Naming, events: EventSettings | None = None
) -> tuple[list[Source], PassedOver]:
    """All recordings below the folders, in the order of their paths, and what is not read.

    Each has its rows of the label sheet that ``events`` names, if any. Raises InputError when there
    are none, ConfigError when two share an id, or for a sheet that can't be read.
    """
    _require_there(roots)
    sources: dict[str, Source] = {}
    counts: Counter[str] = Counter()
    misnamed: dict[str, str] = {}
    tables: dict[Path, str] = {}
    samples: dict[str, str] = {}
    for root in roots:
        base = root.parent if is_recording(root) else root
        files = find_recordings(root)
        counts.update(files.other_formats)
        for path in files.misnamed:
            id_ = naming.file(path.relative_to(base).as_posix())
            misnamed[id_] = ending_in_words(path)
        tables |= {path: naming.file(path.relative_to(base).as_posix()) for path in files.tables}
        for path in files.samples:
            samples[naming.file(path.relative_to(base).as_posix())] = path.suffix.lower()
        for path in files.recordings:
            relative = path.relative_to(base).as_posix()
            id_ = naming.recording(relative)
            if id_ in sources and not _same_file(sources[id_].path, path):
                raise ConfigError(
                    "two of the files or folders given lead to another file of the same name: give "
                    "the folder above both, or each its own --out, one with --set corpus=NAME"
                )
            sources[id_] = Source(path, base, relative, id_)
    passed = PassedOver(dict(sorted(counts.items())), misnamed, tables, samples)
    if not sources:
        kinds = f"no EDF or BDF file, and none of {', '.join(SUFFIXES[2:])},"
        raise InputError(
            f"{kinds} lies below the folder(s) given{_what_lies(passed) or _nothing(roots)}"
        )
    ordered = sorted(sources.values(), key=lambda s: s.relative)
    sheet = shared_sheet(events or EventSettings(), roots, [s.relative for s in ordered])
    ordered = [replace(s, own_rows=sheet.of_file.get(s.relative)) for s in ordered]
    return ordered, replace(passed, unknown_rows=sheet.unknown)


def _require_there(roots: Sequence[Path]) -> None:
    """Raise InputError for a path that leads nowhere, by its place: a path may name people."""
    missing = [str(k) for k, root in enumerate(roots, start=1) if not root.exists()]
    if missing:
        raise InputError(
            f"there is nothing at the path given for the recordings (input {', '.join(missing)} of "
            f"{len(roots)}): check the path, and the folder from which it is seen"
        )


def _nothing(roots: Sequence[Path]) -> str:
    """Say what the folders are in which no recording lies, where that can be told."""
    if made := sum((root / MANIFEST).is_file() for root in roots):
        return (
            f"; {made} of {len(roots)} hold what eegssl made: give the folder of the recordings "
            "themselves, or go on with the next command (eegssl info FOLDER says what it is)"
        )
    if not any(files for root in roots for _, _, files in os.walk(root)):
        return ": there is no file at all"
    return ""


def say_sources(sources: Sequence[Source]) -> str:
    """How many files of which format there are, and whether some are read slowly."""
    counts = Counter(format_name(source.path) for source in sources)
    if set(counts) <= {"EDF", "BDF"}:
        return f"{len(sources)} EDF or BDF files found"
    kinds = listed(dict(sorted(counts.items())))
    return (
        f"{len(sources)} files found ({kinds}); MNE-Python reads those that are neither EDF nor "
        "BDF, which takes longer"
    )


def _what_lies(passed: PassedOver) -> str:
    """Say what is there in place of EDF, and how it becomes EDF."""
    there = []
    if passed.misnamed:
        names = listed(dict(sorted(Counter(passed.misnamed.values()).items())))
        there.append(f"{names} begin as EDF or BDF does: rename them to .edf or .bdf")
    if passed.other_formats:
        there.append(f"{listed(passed.other_formats)} lie there: convert them to EDF first")
    if passed.samples:
        names = listed(dict(sorted(Counter(passed.samples.values()).items())))
        there.append(f"{names} look like tables of samples: {HINT}")
    return f" ({'; '.join(there)})" if there else ""


def _same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file; none is opened, and links to themselves end."""
    return os.path.realpath(one) == os.path.realpath(other)


def listed(counts: Mapping[str, int]) -> str:
    """Numbers of files by their ending."""
    return ", ".join(f"{n} × {suffix}" for suffix, n in counts.items())


def subject_table(
    roots: Sequence[Path], subjects: SubjectSettings, naming: Naming
) -> dict[str, tuple[str, str, str]]:
    """Subject -> subject, age, sex, where a ``participants.tsv`` tells them.

    Raises InputError for such a table that can't be read.
    """
    rows: dict[str, tuple[str, str, str]] = {}
    for root in roots:
        for name, who in read_participants(root).items():
            id_ = naming.subject(subjects.aliases.get(name, name))
            age = "n/a" if who.age_years is None else f"{min(who.age_years, OLDEST_YEARS):g}"
            rows[id_] = (id_, age, who.sex or "n/a")
    return rows


def other_names(
    subjects: SubjectSettings, naming: Naming, known: Collection[str]
) -> dict[str, list[str]]:
    """Subject -> ids of its other names (``subjects.aliases``), of ``known`` subjects.

    Kept so that the same person is known in a corpus that was made without the aliases.
    """
    names: dict[str, list[str]] = {}
    for alias, name in sorted(subjects.aliases.items()):
        if alias != name and (id_ := naming.subject(name)) in known:
            names.setdefault(id_, []).append(naming.subject(alias))
    return names

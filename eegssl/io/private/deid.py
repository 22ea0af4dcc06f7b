"""Search every byte of an output for what may identify a person.

``collect`` gathers what stands in the sources (EDF headers, annotations, names of files);
``listed`` and ``known_names`` bring strings of the user's; ``meaningful`` leaves out what would be
found everywhere; ``search`` looks for the rest in a folder. Nothing here says that a folder is
anonymous: it says that these strings are not in it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from eegssl.errors import InputError
from eegssl.io.labels.event_types import event_type, seizure_edge
from eegssl.io.private.find_bytes import SHORTEST
from eegssl.io.private.find_names import NameFinder
from eegssl.io.private.free_text import free_text
from eegssl.io.private.private_key import private_folder
from eegssl.io.private.pseudonyms import MOST_NAMES_BYTES, NAMES
from eegssl.io.private.unpack import Unpacking
from eegssl.io.private.vocabulary import vocabulary
from eegssl.regular_files import read_text
from eegssl.signal.channels.channel_vocabulary import may_be_shown

LISTED = "listed"
"""The kind of a string that the user gives."""

NOT_SEARCHED = (
    "what an image, a sound or a signal shows",
    "PDF, old Office files, HDF5 and MATLAB files, 7z, rar, zstd, lz4, encrypted zip: their bytes "
    "as they are only",
    "misspelt, abridged or encrypted names, and other alphabets than the name was given in",
    "words that are split or have other words between them",
)
"""Places where a string may stand that a search does not find, for its report."""

_FEWEST_DIGITS = 6
_SPLIT = re.compile(r"[\s_,;:^|/\\()\[\]{}<>=\"'.+-]+")
_NUMBER = re.compile(r"[\d\s.,:+/-]+(?:k?hz|[mu]?v|k?ohm|sec|min)?", re.IGNORECASE)
_DATES = ("%d.%m.%y", "%d-%b-%Y", "%d-%b-%y", "%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%Y%m%d")
_YEARS = frozenset(range(1900, 2100))
_PLACEHOLDER_DATES = ("1985-01-01", "1984-12-31", "1970-01-01", "2000-01-01", "1900-01-01")
_HEADER_WORDS = frozenset(
    """
    amplifier cable filtering headbox kohm male female none open recorder recording rest session
    signal signals sleep startdate subject subjects system transducer unknown unused version wake
    absz artf atsz bckg chew cnsz cpsz elpp elst eyem fnsz gnsz gped musc mysz nesz pled seiz shiv
    spsw spsz tcsz tnsz
    """.split()  # noqa: SIM905 (a list of words reads better as text)
)
"""Words that headers and label files hold anyway (the last are the Temple corpus's labels)."""


@dataclass(frozen=True)
class Finding:
    """One string found in one file, ``n`` times; ``how`` says in which form of the file.

    ``file`` is relative to the folder searched, ``***`` standing for strings in the path itself.
    ``needle`` is never shown unless the user asks for names.
    """

    file: str
    needle_kind: str
    n: int
    how: str
    needle: str = field(repr=False, default="")


def collect(sources: Sequence[Path]) -> dict[str, str]:
    """String -> the kind of place it stands in, from all EDF and BDF files below these folders.

    Header fields and the words in them, dates in other spellings too, annotations outside the
    vocabulary of events, names of files and folders, and cells of tables that name people.
    Raises InputError where a folder can't be read.
    """
    needles: dict[str, str] = {}
    for source in sources:
        try:
            for text, kind in free_text(source):
                _add(needles, text, kind)
        except OSError as error:
            raise InputError(f"a source can't be read: {error.strerror}") from None
    return needles


def known_names(folder: Path | None = None) -> dict[str, str]:
    """The parts of all paths in the private table of names, which lies beside the key."""
    path = (folder or private_folder()) / NAMES
    needles: dict[str, str] = {}
    lines = read_text(path, MOST_NAMES_BYTES).splitlines()[1:] if path.exists() else []
    for line in lines:
        name = line.partition("\t")[2].encode("ascii", "replace").decode("unicode_escape")
        for part in Path(name).parts:
            _add(needles, part, "private name")
            _add(needles, Path(part).stem, "private name")
    return needles


def listed(path: Path) -> dict[str, str]:
    """The strings of a file, one a line. Raises InputError where it can't be read."""
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError):
        raise InputError(
            "the file of strings can't be read: expected a file in UTF-8, a string a line"
        ) from None
    needles = {line.strip(): LISTED for line in lines if line.strip()}
    if not meaningful(needles)[0]:
        raise InputError(
            f"the file of strings holds none of {SHORTEST} characters or more: nothing would be "
            "searched for; list names, a string a line"
        )
    return needles


def meaningful(strings: Mapping[str, str]) -> tuple[dict[str, str], dict[str, int]]:
    """The strings worth a search, and how many were left out, by reason.

    Left out: fewer than 4 characters; and, unless the user listed them, numbers of fewer than 6
    digits, names of channels, words that eegssl itself writes, placeholders such as ``X X X X``.
    """
    kept: dict[str, str] = {}
    left_out: Counter[str] = Counter()
    for string, kind in strings.items():
        reason = "too short" if len(string.strip()) < SHORTEST else ""
        if kind != LISTED:
            reason = reason or _meaningless(string)
        if reason:
            left_out[reason] += 1
        else:
            kept[string] = kind
    return kept, dict(sorted(left_out.items()))


def require_needles(
    needles: Mapping[str, str], left_out: Mapping[str, int], sources: Sequence[Path]
) -> None:
    """Raise InputError where there is nothing to search for: no search is no clean folder."""
    if needles:
        return
    counts = ", ".join(f"{n} {reason}" for reason, n in left_out.items()) or "none at all"
    if sources:
        place = f"the texts of {len(sources)} folder(s) given by --from"
        cure = "are these the EDF folders? Or list names with --strings FILE, one a line"
    else:
        place = f"the private table of names ({private_folder() / NAMES})"
        cure = "search for texts of the EDF files with --from EDF_DIR, or for --strings FILE"
    raise InputError(
        f"nothing to search for, so nothing was searched: {place} give no string that means "
        f"something (left out: {counts}); {cure}"
    )


def require_there(folder: Path) -> None:
    """Raise InputError where there is no such folder or file: no search is no clean folder."""
    if not folder.exists():
        raise InputError(f"there is no folder or file {folder}, so nothing was searched")


def search(
    folder: Path, needles: Mapping[str, str], unpacking: Unpacking | None = None
) -> list[Finding]:
    """Every needle (string -> kind) in every file below a folder (or in one), also unpacked.

    In any case, order and joining of its words, spelling in ASCII, and encoding; names of files and
    folders too; see ``unpack`` for the formats and ``find_bytes`` for what counts. ``unpacking``
    counts what could not be unpacked. Raises ValueError for a needle of fewer than 4 characters,
    InputError where a file can't be read, or there is none.
    """
    unpacking = unpacking or Unpacking()
    finder = NameFinder(needles)
    findings: list[Finding] = []
    require_there(folder)
    whole = folder.is_dir()
    base = folder if whole else folder.parent
    for path in sorted(folder.rglob("*")) if whole else [folder]:
        relative = path.relative_to(base).as_posix()
        shown = _masked(relative, needles, finder)
        named = finder.count([path.name.encode("utf-8", "surrogateescape")])
        hits = {needle: (n, "name") for needle, n in named.items()}
        if path.is_symlink():
            target = str(path.readlink()).encode("utf-8", "surrogateescape")
            hits |= {needle: (n, "link") for needle, n in finder.count([target]).items()}
        elif path.is_file():
            hits |= _in_file(path, finder, unpacking)
        elif not path.is_dir():
            unpacking.closed["no regular file"] += 1
        findings += [
            Finding(shown, needles[needle], n, how, needle)
            for needle, (n, how) in sorted(hits.items())
        ]
    return findings


def _in_file(path: Path, finder: NameFinder, unpacking: Unpacking) -> dict[str, tuple[int, str]]:
    """Needle -> how often, in the first form of the file that shows it."""
    hits: dict[str, tuple[int, str]] = {}
    try:
        for piece in unpacking.pieces(path):
            for needle, n in finder.count(piece.chunks).items():
                hits.setdefault(needle, (n, piece.how))
    except OSError as error:
        raise InputError(f"a file of the output can't be read: {error.strerror}") from None
    return hits


def _masked(relative: str, needles: Mapping[str, str], finder: NameFinder) -> str:
    """A path with ``***`` for strings in it; for a whole part where they are spelled otherwise."""
    for needle in sorted(needles, key=len, reverse=True):
        if needle.lower() in relative.lower():
            relative = re.sub(re.escape(needle), "***", relative, flags=re.IGNORECASE)
    parts = [
        "***" if finder.count([part.encode("utf-8", "surrogateescape")]) else part
        for part in relative.split("/")
    ]
    return "/".join(parts)


def _add(needles: dict[str, str], text: str, kind: str) -> None:
    """The text and its words, unless it is a word of the vocabulary of events or channels."""
    if kind in ("annotation", "table") and (event_type(text) or seizure_edge(text)):
        return
    if kind == "label" and _is_channel(text):
        return
    if kind == "start time":
        needles.setdefault(text, kind)
        needles.setdefault(text.replace(".", ":"), kind)
        return
    for part in (text, *text.split(), *_SPLIT.split(text)):
        needles.setdefault(part, kind)
        for spelling in _dates(part):
            needles.setdefault(spelling, kind)


def _dates(text: str) -> Iterator[str]:
    """A date in the spellings that software gives it; nothing where the text is no date."""
    for form in _DATES:
        try:
            day = datetime.strptime(text, form)
        except ValueError:
            continue
        years = {day.year, day.year - 100} if "%y" in form else {day.year}
        for year in sorted(years & _YEARS):
            try:
                yield from (day.replace(year=year).strftime(other) for other in _DATES)
            except ValueError:
                continue  # the 29th of February of the other century


def _meaningless(string: str) -> str:
    """Reason not to search for a string, empty where it is searched for."""
    text = string.strip()
    if len(set(text.upper()) - set(" -_./")) <= 1 or _is_placeholder_date(text):
        return "placeholder"
    if _NUMBER.fullmatch(text) and sum(c.isdigit() for c in text) < _FEWEST_DIGITS:
        return "small number"
    if _is_channel(text):
        return "channel"
    words = [word for word in _SPLIT.split(text.lower()) if word]
    known = vocabulary() | _HEADER_WORDS
    if event_type(text) or all(w in known and not w.isdecimal() for w in words):
        return "common word"
    return ""


def _is_placeholder_date(text: str) -> bool:
    if re.fullmatch(r"(00[.:]?){3}", text):
        return True
    return any(day in _PLACEHOLDER_DATES for day in _dates(text) if re.match(r"\d{4}-", day))


def _is_channel(text: str) -> bool:
    """Whether a text is the name of a channel: none that may identify somebody is one."""
    return may_be_shown(text) and not _NUMBER.fullmatch(text)

"""Suggest a ``subjects.pattern`` for paths, tried on these very paths."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

FIRST_FOLDER = r"^([^/]+)/"
SECOND_FOLDER = r"^[^/]+/([^/]+)/"
LAST_FOLDER = r"([^/]+)/[^/]+$"
_OF_NAME = (
    r"(?:^|/)([^/_.-]+)[^/]*$",  # up to the first separator: p01-x.edf
    r"(?:^|/)([A-Za-z]+[_-]?\d+)[^/]*$",  # a word and a number: patient_01_night2.edf
    r"(?:^|/)[^/_.-]+[_.-]([^/_.-]+)[^/]*$",  # the second word: EEG_p01_night2.edf
    r"(?:^|/)([^/]+)\.[^./]+$",  # all of the name
)
IN_FOLDERS = (FIRST_FOLDER, LAST_FOLDER, *_OF_NAME)
BELOW_FOLDERS = (SECOND_FOLDER, *_OF_NAME)
NAMES = _OF_NAME
_DATE = re.compile(r"(?:19|20)\d{2}(?:[01]?\d(?:[0-3]?\d)?)?|[0-3]?\d[01]\d(?:19|20)\d{2}")
_COUNTER = re.compile(
    r"(?:rec(?:ord(?:ing)?)?|ses(?:sion)?|run|night|day|eeg|file|part|seg(?:ment)?|trial|block"
    r"|visit|data|edf|stage|sleep|wake|rest|task|baseline|test)?[ ]?\d{0,2}",
    re.IGNORECASE,
)
_VISIT = re.compile(
    r"(?:visit|session|ses|day|night|time|timepoint|tp|t|v|wave|week|month|year|baseline|base|pre"
    r"|post|follow.?up|fu|run|round|phase|exam|before|after|begin|end)[ _.-]?\d*",
    re.IGNORECASE,
)
_SHARED = 0.5
"""Visits are folders of which two hold at least half of their names in common (ours)."""


@dataclass(frozen=True)
class Suggestion:
    """A pattern and how many subjects it makes of the paths that it was tried on."""

    pattern: str
    n_subjects: int

    @property
    def option(self) -> str:
        """The option to give, quoted for a shell."""
        return f"--set 'subjects.pattern={self.pattern}'"


def suggest(paths: Sequence[str], patterns: Sequence[str], least: int) -> Suggestion | None:
    """The first pattern that finds a subject in every path, and ``least`` of them or more."""
    for pattern in patterns:
        matches = [re.search(pattern, path) for path in paths]
        subjects = {match[1] for match in matches if match}
        if all(matches) and len(subjects) >= least:
            return Suggestion(pattern, len(subjects))
    return None


def by_first_folder(paths: Sequence[str]) -> dict[str, list[str]]:
    """First folder -> the word below it that may name a person, for each path: not unique.

    That is the second folder, or the beginning of a file's name.
    """
    words: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        parts = PurePosixPath(path).parts
        if len(parts) > 1:
            word = parts[1] if len(parts) > 2 else re.split(r"[_.\-]", parts[1])[0]
            words[parts[0]].append(word)
    return dict(words)


def cohorts(words: Mapping[str, Sequence[str]]) -> list[str]:
    """Folders that look like groups of people: each holds several names that no other one has.

    Names with that of the folder in them, dates and counters such as ``rec1`` name no people.
    None unless at least half of the folders are like that.
    """
    homes: defaultdict[str, set[str]] = defaultdict(set)
    for folder, some in words.items():
        for word in some:
            homes[word].add(folder)
    groups = [
        folder
        for folder, some in words.items()
        if len(people := {w for w in some if _may_be_person(w, folder)}) > 1
        and len(people) == len(set(some))
        and all(len(homes[word]) == 1 for word in people)
    ]
    return groups if 2 * len(groups) >= len(words) else []


def visits(words: Mapping[str, Sequence[str]]) -> list[str]:
    """Folders that are named as visits are and hold the same several names."""
    if len(words) < 2 or not all(_VISIT.fullmatch(folder) for folder in words):
        return []
    sets = [set(some) for some in words.values()]
    fewest = min(map(len, sets))
    shared = set.intersection(*sets)
    return list(words) if fewest > 1 and len(shared) >= _SHARED * fewest else []


def _may_be_person(word: str, folder: str) -> bool:
    return not (folder.lower() in word.lower() or _DATE.fullmatch(word) or _COUNTER.fullmatch(word))

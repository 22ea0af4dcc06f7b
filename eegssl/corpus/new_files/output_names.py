"""Name what is written of each new file."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from unicodedata import category

from eegssl.corpus.preprocessing.source_files import Source
from eegssl.io.bids_names import BidsPlace, bids_place, bids_stem
from eegssl.io.tables.event_trees import SUFFIX, table_name

TASK = "szMonitoring"
"""The task of recordings that are searched for seizures, as SzCORE names it."""
_LONGEST_BYTES = 200
"""Of 255: an ending is added to a name, and more while it is written."""
_CODE = re.compile(r"[A-Za-z]{0,4}[0-9]{1,4}")
"""Ours: a longer label of a subject may be a name, a date of birth or a hospital's number."""
_INDEX = re.compile(r"[0-9]{1,4}")
_NO_CODE = (
    "their subject or session is no short code, of four letters and four digits at most, and may "
    "name a person"
)
_NO_INDEX = "their run is no number"
_ALIKE = "another would have the same subject, session and run"


@dataclass(frozen=True)
class OutputNames:
    """Names of what is written of each file.

    ``stems``: id of a file -> where its outputs lie, and how their names begin. ``bids`` counts
    files that are called by their place in a BIDS data set, ``withheld`` those that could have
    been, by the reason why not.
    """

    stems: Mapping[str, str]
    bids: int = 0
    withheld: Mapping[str, int] = field(default_factory=dict)

    def notes(self) -> Iterator[str]:
        """Sentences about names that were not kept."""
        for reason, n in self.withheld.items():
            yield (
                f"{n} file(s) of a BIDS data set are called by ids: {reason} (--keep-names keeps "
                "their names)"
            )


def output_names(
    sources: Sequence[Source], subjects: Mapping[str, str], *, keep_names: bool, task: str = ""
) -> OutputNames:
    """Name the outputs of each file that has a subject.

    With ``keep_names`` as the file lies below the folder that was given, without the suffix of
    BIDS (``_eeg.edf``). Where two would have one name (in any case: other systems tell none apart)
    its ending is kept, else its id.

    Without it by ids in the form of BIDS (``sub-ID/ses-01/eeg/FILE``), or, where the file lies in a
    BIDS data set and its labels are short codes, by subject, session and run, with ``task``: other
    entities are dropped, since they may hold any words.
    """
    if keep_names:
        return OutputNames(_as_the_files(sources))
    stems = {id_: table_name(who, id_).removesuffix(SUFFIX) for id_, who in subjects.items()}
    places = {one.id: place for one in sources if (place := bids_place(one.path))}
    named = {id_: _stem(place, task) for id_, place in places.items()}
    counts = Counter(stem.casefold() for stem in named.values())
    withheld: Counter[str] = Counter()
    mine = {id_: place for id_, place in places.items() if id_ in subjects}
    for id_, place in mine.items():
        reason = _withheld(place) or (counts[named[id_].casefold()] > 1 and _ALIKE)
        if reason:
            withheld[reason] += 1
        else:
            stems[id_] = named[id_]
    return OutputNames(stems, len(mine) - withheld.total(), withheld)


def _withheld(place: BidsPlace) -> str:
    """Why a file is not called by its place; empty where it may be."""
    if not all(_CODE.fullmatch(label) for label in (place.subject, place.session or "1")):
        return _NO_CODE
    return "" if _INDEX.fullmatch(place.run or "1") else _NO_INDEX


def _stem(place: BidsPlace, task: str) -> str:
    folders = [f"sub-{place.subject}", *([f"ses-{place.session}"] if place.session else [])]
    more = (("task", task), ("run", place.run))
    name = "_".join((*folders, *(f"{key}-{value}" for key, value in more if value)))
    return "/".join((*folders, place.folder, name))


def _as_the_files(sources: Sequence[Source]) -> dict[str, str]:
    options = {one.id: _options(PurePosixPath(one.relative), one.id) for one in sources}
    counts = Counter(stem.casefold() for some in options.values() for stem in some)
    return {
        id_: next((stem for stem in some if counts[stem.casefold()] == 1 and _fits(stem)), some[-1])
        for id_, some in options.items()
    }


def _options(path: PurePosixPath, id_: str) -> tuple[str, str, str]:
    """A file's name without its ending, with it, and its id; what no table can hold is ``_``."""
    names = (bids_stem(path) or path.stem, path.name.replace(".", "_"), id_)
    place = path.parent.as_posix()
    first, second, last = (_writable(f"{place}/{name}".removeprefix("./")) for name in names)
    return first, second, last


def _writable(text: str) -> str:
    """A path without line breaks, tabs, and letters of another encoding than the system's."""
    return "".join("_" if category(letter) in ("Cc", "Cs") else letter for letter in text)


def _fits(stem: str) -> bool:
    """Whether what is added to a name leaves it one that file systems take."""
    return len(PurePosixPath(stem).name.encode()) <= _LONGEST_BYTES

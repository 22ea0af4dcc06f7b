"""Name what is written of each new file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from unicodedata import category

from eegssl.corpus.preprocessing.source_files import Source
from eegssl.io.bids_names import bids_stem
from eegssl.io.tables.event_trees import SUFFIX, table_name

_LONGEST_BYTES = 200
"""Of 255: an ending is added to a name, and more while it is written."""


def output_stems(
    sources: Sequence[Source], subjects: Mapping[str, str], *, keep_names: bool
) -> dict[str, str]:
    """Id of a file -> where its outputs lie, and how their names begin.

    By ids in the form of BIDS (``sub-ID/ses-01/eeg/FILE``); with ``keep_names`` as the file lies
    below the folder that was given, without the suffix of BIDS (``_eeg.edf``). Where two would
    have one name (in any case: other systems tell none apart) its ending is kept, else its id.
    """
    if not keep_names:
        return {id_: table_name(who, id_).removesuffix(SUFFIX) for id_, who in subjects.items()}
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

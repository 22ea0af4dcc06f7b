"""Name what is written of each new file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from eegssl.corpus.preprocessing.source_files import Source
from eegssl.io.bids_names import bids_stem
from eegssl.io.tables.event_trees import SUFFIX, table_name


def output_stems(
    sources: Sequence[Source], subjects: Mapping[str, str], *, keep_names: bool
) -> dict[str, str]:
    """Id of a file -> where its outputs lie, and how their names begin.

    By ids in the form of BIDS (``sub-ID/ses-01/eeg/FILE``); with ``keep_names`` as the file lies
    below the folder that was given, without the suffix of BIDS (``_eeg.edf``).
    """
    if not keep_names:
        return {id_: table_name(who, id_).removesuffix(SUFFIX) for id_, who in subjects.items()}
    stems = {one.id: _stem(PurePosixPath(one.relative)) for one in sources}
    counts = Counter(stems.values())
    return {
        one.id: stems[one.id] if counts[stems[one.id]] == 1 else one.relative.replace(".", "_")
        for one in sources
    }


def _stem(path: PurePosixPath) -> str:
    return str(path.with_name(bids_stem(path) or path.stem))

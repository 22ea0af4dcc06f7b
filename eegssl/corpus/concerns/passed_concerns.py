"""Find files passed over: other formats and names, tables of samples."""

from collections import Counter
from collections.abc import Sequence

from eegssl.corpus.concerns.concern import Concern, Looked, of_lines
from eegssl.corpus.preprocessing.source_files import listed
from eegssl.io.sample_tables import HINT


def other_formats(looked: Looked) -> Sequence[Concern]:
    """Files in formats of EEG that are not read."""
    counts = looked.passed_over.other_formats
    if not counts:
        return []
    text = f"file(s) in formats that eegssl does not read ({listed(counts)}) were passed over"
    return [Concern("other-formats", sum(counts.values()), text, "convert them to EDF")]


def misnamed(looked: Looked) -> Sequence[Concern]:
    """Files that begin as EDF or BDF does, under another name."""
    endings = looked.passed_over.misnamed
    names = listed(dict(sorted(Counter(endings.values()).items())))
    text = f"file(s) begin as EDF or BDF does and are named otherwise ({names}): they were not read"
    return of_lines("misnamed", text, "rename them to .edf or .bdf", sorted(endings.items()))


def sample_tables(looked: Looked) -> Sequence[Concern]:
    """Tables of samples, which say neither rate nor unit."""
    endings = looked.passed_over.samples
    names = listed(dict(sorted(Counter(endings.values()).items())))
    text = f"file(s) look like tables of samples ({names}): they were not read"
    return of_lines("sample-tables", text, HINT, sorted(endings.items()))

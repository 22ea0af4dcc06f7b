"""Take each file once, however often it was given."""

from collections.abc import Sequence
from pathlib import Path

from eegssl.corpus.preprocessing.source_files import Source


def distinct_files(sources: Sequence[Source]) -> list[Source]:
    """Each file by the longest path of those that it was given by; in the same order.

    A file given by itself, and again with the folder that it lies in, has two paths and so two
    ids. The longer one says more of whose it is. Links of other names stay files of their own.
    """
    longest: dict[Path, Source] = {}
    for source in sources:
        place = _place(source)
        if place not in longest or len(source.relative) > len(longest[place].relative):
            longest[place] = source
    return [source for source in sources if longest[_place(source)] is source]


def _place(source: Source) -> Path:
    """Where a file lies, without links among the folders on the way to it."""
    return source.path.parent.resolve() / source.path.name

"""Find names in bytes, however spelled and however joined."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import tee, zip_longest

from eegssl.io.private.find_bytes import Finder
from eegssl.io.private.spellings import fold, folded, joined, transliterations


class NameFinder:
    """Counts strings in bytes as they stand, and their words in any order and joined anyhow.

    ``Anna Maas`` is found as Maas, Anna, as anna_maas, Maas^Anna, AnnaMaas and over the end of a
    line. Raises ValueError for a string of fewer than 4 characters.
    """

    def __init__(self, strings: Collection[str]) -> None:
        self._plain = Finder(strings, _spelled)
        self._folded = Finder(strings, _folded, ("utf-8", "latin-1"))

    def count(self, chunks: Iterable[bytes]) -> Counter[str]:
        """Count each string in the chunks, taken as one stream; by the way that finds most."""
        plain, loose = Counter[str](), Counter[str]()
        as_they_are, to_fold = tee(chunks)
        scans: Iterator[tuple[Counter[str], Counter[str]]] = zip_longest(
            self._plain.scan(as_they_are), self._folded.scan(fold(to_fold)), fillvalue=Counter()
        )
        for more, more_loose in scans:
            plain += more
            loose += more_loose
        return plain | loose


def _spelled(string: str) -> set[str]:
    return {s for text in (string, *joined(string)) for s in transliterations(text)}


def _folded(string: str) -> set[str]:
    return {s for text in folded(string) for s in transliterations(text)}

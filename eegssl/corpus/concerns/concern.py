"""Describe a concern about a corpus, and write all of them down."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from eegssl.artifacts.context import Context
from eegssl.artifacts.json_parts import HASHED_ID
from eegssl.artifacts.table_parts import ANY, MISSING, Cells
from eegssl.corpus.preprocessing.file_scan import FileScan
from eegssl.corpus.preprocessing.recording_tables import Tables
from eegssl.corpus.preprocessing.source_files import PassedOver
from eegssl.io.tables.tsv import format_tsv

CONCERNS = "concerns.tsv"
NO_ID = MISSING
CONCERNS_CELLS: Cells = {"kind": "[a-z-]+", "id": f"{MISSING}|{HASHED_ID}", "detail": ANY}
_IDS_TOLD, _IDS_IN_FACTS = 3, 20


@dataclass(frozen=True)
class Concern:
    """A kind of concern: how many of what, which ones, and the setting or command that cures it.

    ``text`` follows the number. ``which`` pairs the id of a recording, file or subject with a
    detail of it; neither holds a word out of a file, its name or its path.
    """

    kind: str
    n: int
    text: str
    cure: str
    which: tuple[tuple[str, str], ...] = ()

    @property
    def ids(self) -> list[str]:
        """Ids of what it is about, each once."""
        return list(dict.fromkeys(id_ for id_, _ in self.which))

    @property
    def sentence(self) -> str:
        """The concern in one line: how many of what, which ones, what to do."""
        more = " …" if len(self.ids) > _IDS_TOLD else ""
        ids = f" ({', '.join(self.ids[:_IDS_TOLD])}{more})" if self.ids else ""
        return f"{self.n} {self.text}{ids}" + (f"; {self.cure}" if self.cure else "")


@dataclass(frozen=True)
class Looked:
    """Result of looking at all files before any is cleaned, and what was passed over."""

    scan: FileScan
    passed_over: PassedOver


Concerns = Sequence[Concern]
OfLooked = Callable[[Looked], Concerns]
"""Finds concerns in what a look at all files gave."""
OfTables = Callable[[Tables], Concerns]
"""Finds concerns in the tables of the recordings that were made."""


def of_lines(
    kind: str, text: str, cure: str, which: Iterable[tuple[str, str]], n: int | None = None
) -> list[Concern]:
    """The concern about these ids and details, or none where there are none; ``n`` of them."""
    pairs = tuple(which)
    count = len({id_ for id_, _ in pairs}) if n is None else n
    return [Concern(kind, count, text, cure, pairs)] if count else []


def tell(concerns: Concerns, context: Context) -> Concerns:
    """Warn of each concern; returns them."""
    for concern in concerns:
        context.warn(concern.sentence)
    return concerns


def as_table(concerns: Concerns) -> str:
    """The table ``concerns.tsv``: a row for each id of each kind."""
    rows = [(c.kind, *pair) for c in concerns for pair in c.which or ((NO_ID, ""),)]
    return format_tsv(
        list(CONCERNS_CELLS), [(kind, id_, detail or NO_ID) for kind, id_, detail in rows]
    )


def as_facts(concerns: Concerns) -> dict[str, dict[str, Any]]:
    """The same for a manifest: by kind the number, the words, the cure and the first ids."""
    return {
        c.kind: {"n": c.n, "text": c.text, "cure": c.cure, "ids": c.ids[:_IDS_IN_FACTS]}
        for c in concerns
    }

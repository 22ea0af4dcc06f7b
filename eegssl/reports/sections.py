"""Describe a page as plain values: sections of text, tables, figures."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from eegssl import __version__

Pairs = tuple[tuple[str, str], ...]
Tile = tuple[str, str, str]
"""A number that a reader looks for first: its name, its value, and what it counts."""


@dataclass(frozen=True)
class Banner:
    """A sentence that must not be missed: "synthetic data", "within-subject", "labels permuted"."""

    text: str
    kind: Literal["note", "warning"] = "note"


@dataclass(frozen=True)
class Text:
    """A paragraph; ``small`` for remarks."""

    words: str
    small: bool = False
    title: str = ""
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    sentences: tuple[str, ...]
    title: str = ""
    kind: ClassVar[str] = "bullets"


@dataclass(frozen=True)
class Glossary:
    """Terms, each with what it means."""

    rows: Pairs
    title: str = ""
    kind: ClassVar[str] = "glossary"


@dataclass(frozen=True)
class Counts:
    """Names, each with how many there are."""

    rows: Pairs
    title: str = ""
    kind: ClassVar[str] = "counts"


@dataclass(frozen=True)
class Lineage:
    """The artifacts that a result was made from, in order: kind, id (a hash), and words of each."""

    steps: tuple[tuple[str, str, str], ...]
    title: str = ""
    kind: ClassVar[str] = "lineage"


@dataclass(frozen=True)
class ReportFigure:
    """A figure as a data URI (``embed.svg_uri``, ``embed.png_uri``), with its words.

    A ``narrow`` one takes half the width. Raises ValueError for any other address.
    """

    title: str
    caption: str
    alt: str
    uri: str
    narrow: bool = False
    kind: ClassVar[str] = "figure"

    def __post_init__(self) -> None:
        if not self.uri.startswith(("data:image/svg+xml;base64,", "data:image/png;base64,")):
            raise ValueError("got a figure that is no embedded SVG or PNG image.")


@dataclass(frozen=True)
class Column:
    """A table column; numbers stand at the right."""

    name: str
    numeric: bool = True


@dataclass(frozen=True)
class Cell:
    """One entry; ``mark`` is the letter of a footnote, ``strong`` the best of its column.

    ``link`` is the file name of a page in the same folder; ValueError for any other address.
    """

    text: str
    mark: str = ""
    small: str = ""
    strong: bool = False
    link: str = ""

    def __post_init__(self) -> None:
        if self.link and not re.fullmatch(r"[\w-]+\.html", self.link):
            raise ValueError(f"the link '{self.link}' is no page of this folder.")


@dataclass(frozen=True)
class Table:
    """A table with a caption, and footnotes as (letter, text)."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    footnotes: Pairs = ()
    kind: ClassVar[str] = "table"

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"the table '{self.title}' has rows of another length than its head.")


Part = Text | Bullets | Glossary | Counts | Lineage | ReportFigure | Table


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; a part's title that repeats the heading is not shown."""

    title: str
    parts: tuple[Part, ...]


def section(title: str, *parts: Part | None) -> Section:
    """A section of the parts that there are."""
    return Section(title, tuple(part for part in parts if part is not None))


@dataclass(frozen=True)
class Page:
    """All that a page shows; a section without parts is left out.

    ``kicker`` is the small line above the title, ``lead`` the sentence below it; ``back`` is
    another page of the same folder as (words, file name).
    """

    kicker: str
    title: str
    lead: str
    sections: tuple[Section, ...]
    banners: tuple[Banner, ...] = ()
    tiles: tuple[Tile, ...] = ()
    counts: Pairs = ()
    back: tuple[str, str] | None = None
    version: str = __version__


def inserted(page: Page, added: Section, before: Sequence[str]) -> Page:
    """The page with one more section before the first whose title is among these; else last."""
    titles = [one.title for one in page.sections]
    place = next((k for k, title in enumerate(titles) if title in before), len(titles))
    return replace(page, sections=(*page.sections[:place], added, *page.sections[place:]))

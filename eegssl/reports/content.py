"""What a page shows, as plain values: figures, tables, notes. Pages turn these into HTML."""

from dataclasses import dataclass, field
from typing import Literal

NOT_AVAILABLE = "n/a"
RESEARCH_USE = "Research use only. Not a medical device; not for diagnosis or treatment."


@dataclass(frozen=True)
class Banner:
    """A sentence that must not be missed: "synthetic data", "within-subject", "labels permuted"."""

    text: str
    kind: Literal["note", "warning"] = "note"


@dataclass(frozen=True)
class ReportFigure:
    """A figure as a data URI (``embed.svg_uri``, ``embed.png_uri``), with its words."""

    title: str
    caption: str
    alt: str
    uri: str

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
    """One entry; ``mark`` is the letter of a footnote, ``strong`` the best of its column."""

    text: str
    mark: str = ""
    small: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """A table with a caption, and footnotes as (letter, text)."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    footnotes: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"the table '{self.title}' has rows of another length than its head.")


@dataclass(frozen=True)
class LineageStep:
    """One artifact on the way to the result: its kind, its id (a hash), and what it is in words."""

    kind: str
    identifier: str
    words: str


@dataclass
class Footnotes:
    """Reasons met while a table is filled; the same reason gets the same letter."""

    letters: dict[str, str] = field(default_factory=dict)

    def mark(self, reason: str) -> str:
        """The letter of ``reason``, a new one at its first use."""
        return self.letters.setdefault(reason, _letter(len(self.letters)))

    def listed(self) -> tuple[tuple[str, str], ...]:
        """All as (letter, reason), in order of first use."""
        return tuple((letter, reason) for reason, letter in self.letters.items())


def number_cell(
    value: float | None, notes: Footnotes, reason: str = "", digits: int = 3, small: str = ""
) -> Cell:
    """A number with ``digits`` decimals, or ``n/a`` with a footnote that says why."""
    if value is None:
        return Cell(NOT_AVAILABLE, mark=notes.mark(reason) if reason else "")
    return Cell(f"{value:.{digits}f}", small=small)


def count_cell(value: int) -> Cell:
    """A whole number with thousands set apart."""
    return Cell(f"{value:,}")


def counted(n: int, noun: str) -> str:
    """A number with its noun, which takes an s unless it is one."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def hours(seconds: float) -> str:
    """A duration in words: hours, or minutes below two hours."""
    return f"{seconds / 3600:,.1f} h" if seconds >= 7200 else f"{seconds / 60:,.1f} min"


def _letter(index: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    head = _letter(index // 26 - 1) if index >= 26 else ""
    return head + chr(ord("a") + index % 26)


def banners(
    synthetic: bool, within_subject: bool, permuted: bool, facts: dict[str, object]
) -> tuple[Banner, ...]:
    """What must not be missed when a number of this result is quoted."""
    shown = [
        (synthetic, "Synthetic data: these recordings were simulated; nothing here was measured "
         "on a patient."),
        (within_subject, "Within-subject: recordings of one subject are in training and test; "
         "this says nothing of new patients."),
        (permuted, "Labels permuted: a control, whose scores should be at chance."),
        (bool(facts.get("leaks")), "Leak: something upstream was fitted on data that is scored "
         "here, and was allowed to be; these numbers say nothing of other data."),
        (facts.get("encoder_weights") == "random", "Random encoder: a control; its weights were "
         "not pretrained."),
    ]  # fmt: skip
    return tuple(Banner(text, "warning") for applies, text in shown if applies)


def limits(n: int) -> tuple[str, ...]:
    """What so few subjects can't show."""
    said = [f"{n} test subject(s): with so few, another draw of subjects may score otherwise."]
    if n >= 20:
        said = []
    return (*said, "Scores of windows say little of events; read both.")

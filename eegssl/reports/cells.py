"""Fill cells of tables: decimals, n/a with its reason, the best."""

from dataclasses import dataclass, field, replace

from eegssl.reports.sections import Cell, Column
from eegssl.scoring.statistics.intervals import Interval

NOT_AVAILABLE = "n/a"
NO_INTERVAL = "no interval: "
NBSP = "\u00a0"


@dataclass
class Footnotes:
    """Reasons met while a table is filled; the same reason gets the same letter."""

    letters: dict[str, str] = field(default_factory=dict)

    def mark(self, reason: str) -> str:
        """The letter of ``reason``, a new one at its first use; none for an empty reason."""
        return self.letters.setdefault(reason, _letter(len(self.letters))) if reason else ""

    def listed(self) -> tuple[tuple[str, str], ...]:
        """All as (letter, text), in order of first use: why n/a, or why there is no interval."""
        return tuple(
            (letter, reason if reason.startswith(NO_INTERVAL) else f"{NOT_AVAILABLE}: {reason}")
            for reason, letter in self.letters.items()
        )


def heads(words: tuple[str, ...], *numbers: str) -> tuple[Column, ...]:
    """The columns of a table: those of words, then those of numbers."""
    return (*(Column(name, numeric=False) for name in words), *map(Column, numbers))


def number_text(value: float | None, digits: int = 3, sign: str = "") -> str:
    """A number with ``digits`` decimals, ``sign`` "+" to show it always; or ``n/a``."""
    return NOT_AVAILABLE if value is None else f"{value:{sign}.{digits}f}"


def number_cell(
    value: float | None,
    notes: Footnotes,
    reason: str = "",
    digits: int = 3,
    small: str = "",
    *,
    strong: bool = False,
) -> Cell:
    """A number with ``digits`` decimals, or ``n/a`` with a footnote that says why."""
    if value is None:
        return Cell(NOT_AVAILABLE, mark=notes.mark(reason))
    return Cell(number_text(value, digits), small=small, strong=strong)


def interval_text(low: float | None, high: float | None, digits: int = 3, sign: str = "") -> str:
    """``0.612 to 0.923``, which never breaks over lines; "" where there is no interval."""
    if low is None or high is None:
        return ""
    return f"{low:{sign}.{digits}f}{NBSP}to{NBSP}{high:{sign}.{digits}f}"


def bootstrap_cell(
    value: float | None,
    intervals: dict[str, Interval] | None,
    notes: Footnotes,
    reason: str = "",
    digits: int = 3,
    *more: str,
) -> Cell:
    """A score with its interval and ``more`` in small print; or why there is none.

    The interval is BCa, or percentile, and said to be, where there is no other.
    """
    text = ""
    if intervals:
        bca, percentile = (
            interval_text(intervals[name].low, intervals[name].high, digits)
            for name in ("bca", "percentile")
        )
        text = bca or (f"{percentile} (percentile)" if percentile else "")
    small = "; ".join(filter(None, (text, *more)))
    cell = number_cell(value, notes, reason, digits, small)
    if value is None or text or intervals is None:
        return cell
    return replace(cell, mark=notes.mark(f"{NO_INTERVAL}{intervals['bca'].reason}"))


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

"""Show methods side by side, and one against the others."""

from collections.abc import Mapping, Sequence
from typing import Any

from eegssl.reports.cells import (
    NO_INTERVAL,
    NOT_AVAILABLE,
    Footnotes,
    count_cell,
    heads,
    interval_text,
    number_cell,
    number_text,
)
from eegssl.reports.sections import Cell, Table


def score_cells(
    values: Sequence[float | None],
    notes: Footnotes,
    *,
    digits: int = 3,
    higher: bool = False,
    smalls: Sequence[str] = (),
    reasons: Sequence[str] = (),
    bold: bool = True,
) -> list[Cell]:
    """Show one score of several methods, the best in ``bold`` unless all look alike."""
    known = {round(value, digits) for value in values if value is not None}
    best = (max if higher else min)(known) if bold and len(known) > 1 else None
    return [
        number_cell(
            value,
            notes,
            reasons[k] if reasons else "",
            digits,
            smalls[k] if smalls else "",
            strong=value is not None and round(value, digits) == best,
        )
        for k, value in enumerate(values)
    ]


def difference_table(
    title: str,
    words: tuple[str, ...],
    unit: str,
    rows: Sequence[tuple[tuple[str, ...], int, Mapping[str, Any]]],
    caption: str,
    digits: int = 3,
) -> Table:
    """Show differences, a row each: what is compared, units, size, interval and p.

    Each is given as words, number of units, and ``PairedDifference.statistics()``.
    """
    notes, cells = Footnotes(), []
    for labels, n, one in rows:
        interval = interval_text(one["low"], one["high"], digits, "+")
        reason = f"no {unit} has both scores"
        missing = f"{NO_INTERVAL}{one['note']}" if one["note"] else ""
        cells.append(
            (
                *map(Cell, labels),
                count_cell(n),
                Cell(number_text(one["difference"], digits, "+")),
                Cell(interval or NOT_AVAILABLE, mark=notes.mark(missing)),
                number_cell(one["p"], notes, reason),
                number_cell(one["p_holm"], notes, reason),
            )
        )
    numbers = (f"{unit.capitalize()}s", "Difference", "95 % interval", "p", "p, Holm")
    return Table(title, heads(words, *numbers), tuple(cells), caption, notes.listed())

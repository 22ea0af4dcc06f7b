"""Show what pretraining gains on corrupted recordings."""

from collections.abc import Mapping, Sequence

from eegssl.reports.cells import NO_INTERVAL, NOT_AVAILABLE, Footnotes, heads
from eegssl.reports.sections import Cell, Table
from eegssl.scoring.corrupted.gains import Gain
from eegssl.scoring.corrupted.robustness import AREA

Names = tuple[str, str, str]
"""A system, the one it is compared with, and what that is."""


def gain_table(
    gains: Mapping[Names, Sequence[Gain]], kind: str, words: str, over: str, metric: str
) -> Table:
    """A row for each pair: the relative gain at each severity, and in the mean over them."""
    rows, notes = [], Footnotes()
    severities: list[str] = []
    for names, some in gains.items():
        own = {one.severity: one for one in some if (one.kind, one.metric) == (kind, metric)}
        severities = sorted(own.keys() - {AREA})
        cells = (_cell(own[severity], notes) for severity in (*severities, AREA))
        rows.append((*_names(names), *cells))
    numbers = ("clean" if s == "0" else s for s in severities)
    return Table(
        f"Gain of pretraining by severity, {over}: {words}",
        heads(("System", "Over"), *numbers, "Mean"),
        tuple(rows),
        f"{words} of a system less that of the other, in percent of the other's. In small print "
        "95 % intervals: percentiles of a bootstrap over subjects, of which both systems get the "
        "same draws. Nothing was tuned on corrupted recordings.",
        notes.listed(),
    )


def gains_by_kind(
    gains: Mapping[Names, Sequence[Gain]], titles: Mapping[str, str], words: str, metric: str
) -> Table:
    """A row for each kind of corruption: the gain in the mean over severities, by pair."""
    notes = Footnotes()
    rows = []
    for kind, title in titles.items():
        for names, some in gains.items():
            own = [o for o in some if (o.kind, o.severity, o.metric) == (kind, AREA, metric)]
            if own:
                rows.append((Cell(title), *_names(names), *(_cell(one, notes) for one in own)))
    return Table(
        f"Gain of pretraining by corruption: {words}",
        heads(("Corruption", "System", "Over"), "Gain"),
        tuple(rows),
        f"In the mean over severities of {words}, the clean recordings included.",
        notes.listed(),
    )


def _names(names: Names) -> tuple[Cell, Cell]:
    system, against, relation = names
    return Cell(system), Cell(against, small=relation)


def _cell(one: Gain, notes: Footnotes) -> Cell:
    if one.gain is None:
        return Cell(NOT_AVAILABLE, mark=notes.mark("one of both has no score, or the other's is 0"))
    text = f"{100 * one.gain:+.1f} %"
    if one.low is None or one.high is None:
        return Cell(text, mark=notes.mark(f"{NO_INTERVAL}{one.note}"))
    return Cell(text, small=f"{100 * one.low:+.1f} to {100 * one.high:+.1f}")

"""Scores of events, recordings, patients and of numbers, as tables."""

from collections.abc import Mapping

from eegssl.reports.content import Cell, Column, Footnotes, Table, count_cell, counted, number_cell
from eegssl.reports.glossary import NUMBER_WORDS, WINDOW_WORDS
from eegssl.scoring.hierarchy import ONSET, TYPE
from eegssl.scoring.statistics.uncertainty import Intervals
from eegssl.scoring.window_scores import Scores
from eegssl.tasks.labels.sections.event_tables import interval_words, why_no_interval
from eegssl.tasks.labels.sections.unit_scores import LevelScores, UnitScores

_METRICS = (
    *("balanced_accuracy", "auroc", "auc_pr", "f1"),
    *("sensitivity", "specificity", "brier", "macro_f1"),
)
_LEVELS = {ONSET: "Focal or generalised", TYPE: "Class of the task"}


def unit_tables(units: UnitScores) -> tuple[Table, ...]:
    """A table of scores, a column a level, and who was taken for whom at the finest level."""
    finest = units.finest
    if not finest.classes:
        assert finest.scores is not None
        return (number_table(finest.scores, finest.intervals, {}, units.name),)
    return (_level_table(units), *([_confusion_table(finest, units.name)] if finest.scores else []))


def number_table(
    scores: Scores,
    intervals: Mapping[str, Intervals],
    means: Mapping[str, Scores],
    unit: str = "window",
) -> Table:
    """Scores of numbers: pooled with their interval, and as the mean over subjects."""
    notes = Footnotes()
    rows = []
    for metric, (name, meaning) in NUMBER_WORDS.items():
        row = [Cell(name, small=meaning), _cell(scores, metric, intervals, notes)]
        if means:
            mean = means[metric]
            small = f"n = {mean['n_subjects']}"
            row.append(number_cell(mean["mean"], notes, "undefined for every subject", small=small))
        rows.append(tuple(row))
    columns = [Column("Score", numeric=False), Column(f"All {unit}s")]
    columns += [Column("Mean over subjects")] if means else []
    return Table(
        title="Numbers",
        columns=tuple(columns),
        rows=tuple(rows),
        caption=f"Of {counted(scores['n'], unit)}; the true numbers have the mean "
        f"{scores['mean_truth']:.4g}. In small print: the 95 % interval over subjects (BCa).",
        footnotes=notes.listed(),
    )


def _level_table(units: UnitScores) -> Table:
    notes = Footnotes()
    head = [Column("Score", numeric=False)]
    head += [Column(_LEVELS.get(name, name.capitalize())) for name in units.levels]
    rows = [("Scored", [count_cell(_n(level)) for level in units.levels.values()])]
    unknown = [level.n_unknown for level in units.levels.values()]
    if any(unknown):
        rows.append(("Left out: the label says too little", [count_cell(n) for n in unknown]))
    for metric in _METRICS:
        cells = [
            _cell(level.scores or {"undefined": {}}, metric, level.intervals, notes)
            for level in units.levels.values()
        ]
        rows.append((WINDOW_WORDS[metric][0], cells))
    return Table(
        title=f"Scores of {units.name}s",
        columns=tuple(head),
        rows=tuple((Cell(name), *cells) for name, cells in rows),
        caption=f"Each {units.name} counts once, with the mean probability of its windows; a group "
        "of classes has the sum of theirs. In small print: the 95 % interval over subjects (BCa).",
        footnotes=notes.listed(),
    )


def _confusion_table(level: LevelScores, unit: str) -> Table:
    rows = [
        (Cell(name), *(Cell(f"{int(n):,}", strong=j == k) for j, n in enumerate(counts)))
        for k, (name, counts) in enumerate(zip(level.classes, level.confusion, strict=True))
    ]
    return Table(
        title="True and decided",
        columns=(Column("True", numeric=False), *(Column(name) for name in level.classes)),
        rows=tuple(rows),
        caption=f"{unit.capitalize()}s by their true class (row) and the one decided (column).",
    )


def _n(level: LevelScores) -> int:
    return level.scores["n"] if level.scores else 0


def _cell(
    scores: Scores, metric: str, intervals: Mapping[str, Intervals], notes: Footnotes
) -> Cell:
    """A score with its interval in small print; or why there is no score, or no interval."""
    value = scores.get(metric)
    own = intervals.get(metric)
    if value is None:
        reason = scores["undefined"].get(metric, "no label decides at this level")
        return number_cell(None, notes, reason)
    if own is None:
        return Cell(f"{value:.3f}")
    missing = why_no_interval(own)
    mark = notes.mark(missing) if missing else ""
    return Cell(f"{value:.3f}", mark=mark, small=interval_words(own))

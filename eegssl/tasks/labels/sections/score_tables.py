"""Show scores of windows, units and subjects as tables."""

from collections.abc import Mapping

from eegssl.reports.cells import (
    NOT_AVAILABLE,
    Footnotes,
    bootstrap_cell,
    count_cell,
    counted,
    heads,
    hours,
    number_cell,
)
from eegssl.reports.glossary import NUMBER_WORDS, WINDOW_WORDS
from eegssl.reports.sections import Cell, Table
from eegssl.scoring.events.event_scores import EventScores
from eegssl.scoring.hierarchy import ONSET, TYPE
from eegssl.scoring.number_scores import NUMBER_METRICS
from eegssl.scoring.statistics.uncertainty import Intervals
from eegssl.scoring.window_scores import METRICS, Scores, subject_means
from eegssl.tasks.labels.measures.unit_scores import LevelScores, UnitScores

_SUBJECT_METRICS = ("auroc", "auc_pr", "balanced_accuracy", "sensitivity", "specificity")
_UNIT_METRICS = (
    *("balanced_accuracy", "auroc", "auc_pr", "f1"),
    *("sensitivity", "specificity", "brier", "macro_f1"),
)
_LEVELS = {ONSET: "Focal or generalised", TYPE: "Class of the task"}
_SMALL_PRINT = "In small print: the 95 % interval over subjects (BCa)."


def score_table(
    title: str,
    scores: Scores,
    intervals: Mapping[str, Intervals],
    subjects: Mapping[str, Scores],
    unit: str = "window",
) -> Table:
    """Scores of classes or of numbers: of all units together, and as the mean over subjects."""
    numbers = "mae" in scores
    means = subject_means(subjects, NUMBER_METRICS if numbers else METRICS) if subjects else {}
    notes, rows = Footnotes(), []
    for metric, (name, meaning) in (NUMBER_WORDS if numbers else WINDOW_WORDS).items():
        if metric == "ece":
            meaning += f" {scores['ece_bins']} equally wide bins."
        reason = scores["undefined"].get(metric, "")
        row = [
            Cell(name, small=meaning),
            bootstrap_cell(scores[metric], intervals.get(metric), notes, reason),
        ]
        if means:
            mean = means[metric]
            spread = f"SD {mean['sd']:.3f}, " if mean["sd"] is not None else ""
            small = f"{spread}n = {mean['n_subjects']}"
            row.append(number_cell(mean["mean"], notes, "undefined for every subject", small=small))
        rows.append(tuple(row))
    columns = (f"All {unit}s", *(("Mean over subjects",) if means else ()))
    caption = _SMALL_PRINT
    if numbers:
        caption = (
            f"Of {counted(scores['n'], unit)}; the true numbers have the mean "
            f"{scores['mean_truth']:.4g}. {caption}"
        )
    return Table(title, heads(("Score",), *columns), tuple(rows), caption, notes.listed())


def subject_table(
    subjects: Mapping[str, Scores], events: EventScores | None, positive: str | None
) -> Table:
    """One row per subject: counts, window scores, and event scores where there are any.

    ``positive`` is the name of the positive class of two; None for three or more classes.
    """
    notes, rows = Footnotes(), []
    names = ["Windows", *([f"{positive} windows"] if positive else [])]
    names += [WINDOW_WORDS[metric][0] for metric in _SUBJECT_METRICS]
    names += ["Recorded", "Events", "Found", "False alarms / 24 h"] if events else []
    for subject, scores in subjects.items():
        row = [Cell(subject), count_cell(scores["n"])]
        row += [count_cell(scores["n_per_class"][positive])] if positive else []
        for metric in _SUBJECT_METRICS:
            row.append(number_cell(scores[metric], notes, scores["undefined"].get(metric, "")))
        if events is not None:
            row += _subject_event_cells(subject, events, notes)
        rows.append(tuple(row))
    return Table("Subject by subject", heads(("Subject",), *names), tuple(rows), "", notes.listed())


def _subject_event_cells(subject: str, events: EventScores, notes: Footnotes) -> list[Cell]:
    """Recorded time, events, events found and false alarms of one subject."""
    counts = events.event.per_subject.get(subject)
    if counts is None:
        mark = notes.mark(f"no recording of at least {events.shortest_s / 60:g} minutes")
        return [Cell(NOT_AVAILABLE, mark=mark)] * 4
    return [
        Cell(hours(counts.duration_s)),
        count_cell(round(counts.n_reference)),
        count_cell(round(counts.tp)),
        number_cell(counts.fp_per_day, notes, digits=2),
    ]


def unit_tables(units: UnitScores) -> tuple[Table, ...]:
    """A table of scores, a column a level, and which class was taken for which at the finest."""
    finest = units.finest
    if not finest.classes:
        assert finest.scores is not None
        return (score_table("Numbers", finest.scores, finest.intervals, {}, units.name),)
    return (_level_table(units), *([_confusion_table(finest, units.name)] if finest.scores else []))


def _level_table(units: UnitScores) -> Table:
    notes, levels = Footnotes(), units.levels
    rows = [("Scored", [count_cell(_n(level)) for level in levels.values()])]
    unknown = [level.n_unknown for level in levels.values()]
    if any(unknown):
        rows.append(("Left out: the label says too little", [count_cell(n) for n in unknown]))
    for metric in _UNIT_METRICS:
        cells = []
        for level in levels.values():
            scores = level.scores or {"undefined": {}}
            reason = scores["undefined"].get(metric, "no label decides at this level")
            interval = level.intervals.get(metric)
            cells.append(bootstrap_cell(scores.get(metric), interval, notes, reason))
        rows.append((WINDOW_WORDS[metric][0], cells))
    names = [_LEVELS.get(name, name.capitalize()) for name in levels]
    return Table(
        f"Scores of {units.name}s",
        heads(("Score",), *names),
        tuple((Cell(name), *cells) for name, cells in rows),
        f"Each {units.name} counts once, with the mean probability of its windows; a group of "
        f"classes has the sum of theirs. {_SMALL_PRINT}",
        notes.listed(),
    )


def _confusion_table(level: LevelScores, unit: str) -> Table:
    rows = [
        (Cell(name), *(Cell(f"{int(n):,}", strong=j == k) for j, n in enumerate(counts)))
        for k, (name, counts) in enumerate(zip(level.classes, level.confusion, strict=True))
    ]
    return Table(
        "True class and predicted class",
        heads(("True",), *level.classes),
        tuple(rows),
        f"{unit.capitalize()}s by their true class (row) and by the class that the model chose "
        "(column).",
    )


def _n(level: LevelScores) -> int:
    return level.scores["n"] if level.scores else 0

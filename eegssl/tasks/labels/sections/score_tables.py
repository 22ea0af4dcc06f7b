"""Scores as tables: three decimals, what they mean beside them, n/a with its reason below."""

from collections.abc import Mapping

from eegssl.reports.content import (
    NOT_AVAILABLE,
    Cell,
    Column,
    Footnotes,
    Table,
    count_cell,
    hours,
    number_cell,
)
from eegssl.reports.glossary import WINDOW_WORDS
from eegssl.scoring.events.event_scores import EventScores
from eegssl.scoring.statistics.uncertainty import Intervals
from eegssl.scoring.window_scores import Scores
from eegssl.tasks.labels.sections.event_tables import interval_words, why_no_interval

_SUBJECT_METRICS = ("auroc", "auc_pr", "balanced_accuracy", "sensitivity", "specificity")


def window_table(
    scores: Scores,
    intervals: Mapping[str, Intervals],
    means: Mapping[str, Scores],
    beside: Mapping[str, Scores],
) -> Table:
    """Window scores: all windows, mean over subjects, and other systems on the same windows."""
    notes = Footnotes()
    rows = []
    for metric, (name, meaning) in WINDOW_WORDS.items():
        mean = means.get(metric, {"mean": None, "sd": None, "n_subjects": 0})
        if metric == "ece":
            meaning += f" {scores['ece_bins']} equally wide bins."
        spread = f"n = {mean['n_subjects']}"
        if mean["sd"] is not None:
            spread = f"SD {mean['sd']:.3f}, {spread}"
        row = [
            Cell(name, small=meaning),
            _with_interval(scores, metric, intervals.get(metric), notes),
            number_cell(mean["mean"], notes, "undefined for every subject", small=spread),
        ]
        for other in beside.values():
            row.append(number_cell(other[metric], notes, other["undefined"].get(metric, "")))
        rows.append(tuple(row))
    columns = [Column("Score", numeric=False), Column("Model, all windows")]
    columns += [Column("Model, mean over subjects")]
    columns += [Column(name) for name in beside]
    caption = "In small print beside all windows: the 95 % interval over subjects (BCa)."
    if beside:
        caption += " On the right, for comparison: other systems on all of the same windows."
    return Table(
        title="Window scores",
        columns=tuple(columns),
        rows=tuple(rows),
        caption=caption,
        footnotes=notes.listed(),
    )


def subject_table(
    subjects: Mapping[str, Scores], events: EventScores | None, positive: str | None
) -> Table:
    """One row per subject: counts, window scores, and event scores where there are any.

    ``positive`` is the name of the positive class of two; None for three or more classes.
    """
    notes = Footnotes()
    columns = [Column("Subject", numeric=False), Column("Windows")]
    columns += [Column(f"{positive} windows")] if positive else []
    columns += [Column(WINDOW_WORDS[metric][0]) for metric in _SUBJECT_METRICS]
    if events is not None:
        columns += [Column(name) for name in ("Recorded", "Events", "Found", "False alarms / 24 h")]
    rows = []
    for subject, scores in subjects.items():
        row = [Cell(subject), count_cell(scores["n"])]
        row += [count_cell(scores["n_per_class"][positive])] if positive else []
        for metric in _SUBJECT_METRICS:
            row.append(number_cell(scores[metric], notes, scores["undefined"].get(metric, "")))
        if events is not None:
            row += _subject_event_cells(subject, events, notes)
        rows.append(tuple(row))
    return Table(
        title="Per subject",
        columns=tuple(columns),
        rows=tuple(rows),
        footnotes=notes.listed(),
    )


def _with_interval(
    scores: Scores, metric: str, intervals: Intervals | None, notes: Footnotes
) -> Cell:
    """A pooled score, with its bootstrap interval in small print or the reason for none."""
    value = scores[metric]
    if value is None or intervals is None:
        return number_cell(value, notes, scores["undefined"].get(metric, ""))
    missing = why_no_interval(intervals)
    mark = notes.mark(missing) if missing else ""
    return Cell(f"{value:.3f}", mark=mark, small=interval_words(intervals))


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

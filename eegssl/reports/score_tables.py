"""Scores as tables: three decimals, what they mean beside them, n/a with its reason below."""

from collections.abc import Mapping

from eegssl.reports.content import (
    NOT_AVAILABLE,
    Cell,
    Column,
    Footnotes,
    Table,
    count_cell,
    counted,
    hours,
    number_cell,
)
from eegssl.reports.words import EVENT_WORDS, POLICY_WORDS, WINDOW_WORDS
from eegssl.scoring.counts import SubjectMean
from eegssl.scoring.events import EventScores
from eegssl.scoring.windows import Scores

_SUBJECT_METRICS = ("auroc", "auc_pr", "balanced_accuracy", "sensitivity", "specificity")


def window_table(
    scores: Scores, means: Mapping[str, Scores], beside: Mapping[str, Scores]
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
            number_cell(scores[metric], notes, scores["undefined"].get(metric, "")),
            number_cell(mean["mean"], notes, "undefined for every subject", small=spread),
        ]
        for other in beside.values():
            row.append(number_cell(other[metric], notes, other["undefined"].get(metric, "")))
        rows.append(tuple(row))
    columns = [Column("Score", numeric=False), Column("Model, all windows")]
    columns += [Column("Model, mean over subjects")]
    columns += [Column(name) for name in beside]
    caption = "On the right, for comparison: other systems on all of the same windows."
    return Table(
        title="Window scores",
        columns=tuple(columns),
        rows=tuple(rows),
        caption=caption if beside else "",
        footnotes=notes.listed(),
    )


def event_table(scores: EventScores) -> Table:
    """SzCORE scores by events and by seconds: mean over subjects, and pooled."""
    notes = Footnotes()
    empty = scores.reason_if_empty
    rows = []
    for metric, (name, meaning) in EVENT_WORDS.items():
        row = [Cell(name, small=meaning)]
        digits = 2 if metric == "fp_per_day" else 3
        for level in (scores.event, scores.sample):
            if level is scores.sample and metric == "fp_per_day":
                # Wrong seconds in a day are no alarms; the standard gives them, nobody reads them.
                row += [Cell("–"), Cell("–")]
                continue
            mean = level.subject_mean[metric]
            reason = empty or "undefined for every subject"
            row.append(number_cell(mean.mean, notes, reason, digits, small=_spread(mean, digits)))
            pooled = getattr(level.pooled, metric)
            row.append(number_cell(pooled, notes, empty or _why_undefined(metric), digits))
        rows.append(tuple(row))
    head = [
        f"{unit}, {how}"
        for unit in ("Events", "Seconds")
        for how in ("mean over subjects", "pooled")
    ]
    return Table(
        title="Event scores",
        columns=(Column("Score", numeric=False), *(Column(name) for name in head)),
        rows=tuple(rows),
        caption=_event_caption(scores),
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


def _subject_event_cells(subject: str, events: EventScores, notes: Footnotes) -> list[Cell]:
    """Recorded time, events, events found and false alarms of one subject."""
    counts = events.event.per_subject.get(subject)
    if counts is None:
        mark = notes.mark(f"no recording of at least {events.shortest_s / 60:g} minutes")
        return [Cell(NOT_AVAILABLE, mark=mark)] * 4
    return [
        Cell(hours(counts.duration_s)),
        count_cell(counts.n_reference),
        count_cell(counts.tp),
        number_cell(counts.fp_per_day, notes, digits=2),
    ]


def _spread(mean: SubjectMean, digits: int) -> str:
    """Standard deviation over subjects and their number, in small print."""
    count = f"n = {mean.n_subjects}"
    return count if mean.sd is None else f"SD {mean.sd:.{digits}f}, {count}"


def _why_undefined(metric: str) -> str:
    """Why a pooled event score has no value."""
    return {
        "sensitivity": "no reference event",
        "precision": "no detection",
        "f1": "neither a reference event nor a detection",
    }.get(metric, "nothing recorded")


def _event_caption(scores: EventScores) -> str:
    """The counts behind the event scores and every choice that moves them."""
    pooled, scored = scores.event.pooled, len(scores.event.per_recording)
    words = [
        f"Scored: {scored:,} of {counted(scores.n_recordings, 'recording')}, from "
        f"{counted(scores.n_subjects, 'subject')}, {hours(pooled.duration_s)} in all; "
        f"{counted(pooled.n_reference, 'reference event')}, {pooled.tp:,} found, "
        f"{counted(pooled.fp, 'false alarm')}.",
        POLICY_WORDS[scores.nan_policy],
    ]
    if scores.too_short:
        words.append(
            f"Without event score: {counted(len(scores.too_short), 'recording')} under "
            f"{scores.shortest_s / 60:g} minutes, because one alarm in a clip is no rate per day."
        )
    outside = scores.n_outside["reference"]
    if outside:
        words.append(f"Left out: {outside:,} of the reference outside its recording.")
    return " ".join(words)

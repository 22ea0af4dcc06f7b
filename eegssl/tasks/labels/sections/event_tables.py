"""Show scores of events as tables: scorers, alarm rates, subgroups."""

from collections.abc import Sequence

from eegssl.reports.cells import (
    NBSP,
    NOT_AVAILABLE,
    Footnotes,
    bootstrap_cell,
    count_cell,
    counted,
    heads,
    hours,
    number_cell,
)
from eegssl.reports.glossary import EVENT_WORDS, NUMBER_WORDS, POLICY_WORDS, WINDOW_WORDS
from eegssl.reports.sections import Cell, Table
from eegssl.scoring.events.alarm_curve import RATES, AlarmCurve
from eegssl.scoring.events.event_scorers import SCORERS
from eegssl.scoring.events.event_scores import EventScores
from eegssl.scoring.events.latency import Latencies
from eegssl.scoring.subgroups import StratumScores
from eegssl.tasks.labels.measures.event_report import EventReport
from eegssl.tasks.labels.measures.strata import NUMBER_SCORES

_STRATUM_COLUMNS = {
    "auroc": WINDOW_WORDS["auroc"][0],
    "balanced_accuracy": WINDOW_WORDS["balanced_accuracy"][0],
    "sensitivity": "Window sensitivity",
    "specificity": "Window specificity",
    **{name: NUMBER_WORDS[name][0] for name in NUMBER_SCORES},
    "event_sensitivity": "Event sensitivity",
    "event_fp_per_day": EVENT_WORDS["fp_per_day"][0],
}


def scorer_table(report: EventReport) -> Table:
    """One row a scorer: mean over subjects with its interval, the pooled score in small print."""
    notes, rows = Footnotes(), []
    for name, level in report.scorers.items():
        scorer, pooled = SCORERS[name], level.pooled
        in_seconds = scorer.unit == "s"
        row = [Cell(scorer.title, small=scorer.rule)]
        row += [_amount(n, in_seconds) for n in (pooled.n_reference, pooled.tp, pooled.fp)]
        row += [_score_cell(metric, name, report, notes) for metric in EVENT_WORDS]
        rows.append(tuple(row))
    names = ("Reference", "Found", "False", *(words for words, _ in EVENT_WORDS.values()))
    return Table(
        "Events by every scorer",
        heads(("Scorer",), *names),
        tuple(rows),
        _caption(report.szcore),
        notes.listed(),
    )


def alarm_table(curve: AlarmCurve) -> Table:
    """Sensitivity at so many false alarms per 24 h, at most."""
    rows = []
    for rate in RATES:
        cells = [Cell(f"at most {rate:g}")]
        for level in ("subject_mean", "pooled"):
            point = curve.at(rate, level)
            if point is None or (reached := getattr(point, level)).sensitivity is None:
                cells.append(Cell(NOT_AVAILABLE))
                continue
            small = f"at {reached.fp_per_day:.2f} a day; in alarm {point.alarm_share:.0%} of time"
            cells.append(Cell(f"{reached.sensitivity:.3f}", small=small))
        rows.append(tuple(cells))
    return Table(
        "Sensitivity at given rates of false alarms",
        heads(("False alarms per 24 h",), "Sensitivity, mean over subjects", "Sensitivity, pooled"),
        tuple(rows),
        f"{curve.n_with_seizures} of {counted(curve.n_subjects, 'subject')} have seizures. These "
        "thresholds are read from the test recordings themselves: the table describes how well "
        "the model ranks, and no threshold may be chosen by it. Smoothing, joining and the "
        "shortest duration stay as they were fixed on validation data. One long alarm finds every "
        "event and counts as no false alarm while it holds one: read the time in alarm too.",
    )


def latency_words(latencies: Latencies, reach: str = "", n_too_short: int = 0) -> str:
    """Describe when seizures were detected, and why some were before their onset.

    ``reach`` says how far windows and smoothing reach back, where that is known; ``n_too_short``
    events of the reference are in recordings without a score.
    """
    n = len(latencies.seconds) + latencies.n_missed
    if not n and n_too_short:
        events = counted(n_too_short, "event")
        return f"No event of the reference is scored: {events} in recordings that are too short."
    if not n:
        return "What is scored holds no event of the reference: there was none to find or to miss."
    if latencies.quartiles_s is None:
        return f"Of {counted(n, 'event')} of the reference none was found."
    low, middle, high = latencies.quartiles_s
    early = sum(1 for seconds in latencies.seconds if seconds < 0)
    words = (
        f"Of {counted(n, 'event')} of the reference {len(latencies.seconds):,} were found and "
        f"{latencies.n_missed:,} missed. Alarm less onset: {middle:.1f} s (median; quartiles "
        f"{low:.1f} to {high:.1f} s)."
    )
    if early:
        words += (
            f" {early:,} of the alarms began before the onset, which foresees nothing: "
            f"{reach or 'windows and smoothing reach back'}, and SzCORE counts an alarm that "
            "sounds up to 30 s before."
        )
    return words


def subgroup_table(strata: Sequence[StratumScores]) -> Table:
    """One row a stratum, with its counts; few patients are said to be few."""
    notes, rows = Footnotes(), []
    metrics = list(strata[0].scores) if strata else []
    for one in strata:
        stratum = one.stratum
        row = [
            Cell(stratum.by),
            Cell(stratum.name, small=stratum.small),
            count_cell(stratum.n_patients),
        ]
        row += [count_cell(stratum.n_seizures), Cell(hours(stratum.hours * 3600))]
        for metric in metrics:
            digits = 2 if metric == "event_fp_per_day" else 3
            row.append(number_cell(one.scores[metric], notes, "undefined here", digits))
        rows.append(tuple(row))
    names = ["Patients", "Events", "Recorded", *(_STRATUM_COLUMNS[metric] for metric in metrics)]
    return Table(
        "Scores by subgroup",
        heads(("Subgroup by", ""), *names),
        tuple(rows),
        "Windows are pooled within the subgroup; event scores are means over its subjects "
        "(SzCORE). By kind of seizure, a recording counts as a whole, with its other seizures.",
        notes.listed(),
    )


def _score_cell(metric: str, scorer: str, report: EventReport, notes: Footnotes) -> Cell:
    """A score's mean over subjects; its interval and the pooled score in small print."""
    level = report.scorers[scorer]
    if metric == "fp_per_day" and SCORERS[scorer].unit == "s":
        return Cell("–")  # wrong seconds in a day are no alarms
    digits = 2 if metric == "fp_per_day" else 3
    mean, pooled = level.subject_mean[metric], getattr(level.pooled, metric)
    more = [f"n{NBSP}={NBSP}{mean.n_subjects}"]
    more += [f"pooled{NBSP}{pooled:.{digits}f}"] if pooled is not None else []
    reason = report.szcore.reason_if_empty or "undefined for every subject"
    interval = report.intervals[scorer][metric]["subject_mean"]
    return bootstrap_cell(mean.mean, interval, notes, reason, digits, *more)


def _amount(value: float, in_seconds: bool) -> Cell:
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    return Cell(f"{text} s" if in_seconds else text)


def _caption(scores: EventScores) -> str:
    """The counts behind the event scores and every choice that moves them."""
    pooled, scored = scores.event.pooled, len(scores.event.per_recording)
    words = [
        f"Scored: {scored:,} of {counted(scores.n_recordings, 'recording')}, from "
        f"{counted(scores.n_subjects, 'subject')}, {hours(pooled.duration_s)} in all.",
        "Scores are means over n subjects; in small print their 95 % interval (BCa), and the score "
        "of all events together.",
        POLICY_WORDS[scores.nan_policy],
    ]
    for what, of in (("reference", "the reference"), ("hypothesis", "the detections")):
        if n := scores.n_outside[what]:
            words.append(f"Left out: {n:,} of {of} outside their recording.")
    return " ".join(words)

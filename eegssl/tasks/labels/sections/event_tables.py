"""Tables of event scores: all scorers side by side, alarms at given rates, strata."""

from collections.abc import Mapping, Sequence

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
from eegssl.reports.glossary import EVENT_WORDS, NUMBER_WORDS, POLICY_WORDS, WINDOW_WORDS
from eegssl.scoring.events.alarm_curve import RATES, AlarmCurve
from eegssl.scoring.events.counts import ScoringLevel
from eegssl.scoring.events.event_scorers import SCORERS
from eegssl.scoring.events.event_scores import EventScores
from eegssl.scoring.events.latency import Latencies
from eegssl.scoring.statistics.uncertainty import Intervals
from eegssl.scoring.subgroups import StratumScores
from eegssl.tasks.labels.sections.event_report import EventReport
from eegssl.tasks.labels.sections.strata import NUMBER_SCORES

_NBSP = "\u00a0"
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
    notes = Footnotes()
    rows = []
    for name, level in report.scorers.items():
        scorer = SCORERS[name]
        pooled = level.pooled
        in_seconds = scorer.unit == "s"
        row = [
            Cell(scorer.title, small=scorer.rule),
            *(_amount(n, in_seconds) for n in (pooled.n_reference, pooled.tp, pooled.fp)),
        ]
        row += [
            _score_cell(metric, level, report.intervals[name][metric], in_seconds, notes, report)
            for metric in EVENT_WORDS
        ]
        rows.append(tuple(row))
    heads = ["Scorer", "Reference", "Found", "False"]
    columns = [Column(head, numeric=head != "Scorer") for head in heads]
    columns += [Column(words[0]) for words in EVENT_WORDS.values()]
    return Table(
        title="Events by every scorer",
        columns=tuple(columns),
        rows=tuple(rows),
        caption=_caption(report.szcore),
        footnotes=notes.listed(),
    )


def interval_words(intervals: Intervals, digits: int = 3) -> str:
    """The BCa interval (percentile, and said so, where there is none); "" without either."""
    for method, name in (("bca", ""), ("percentile", " (percentile)")):
        found = intervals[method]
        if found.low is not None and found.high is not None:
            return f"{found.low:.{digits}f}{_NBSP}to{_NBSP}{found.high:.{digits}f}{name}"
    return ""


def why_no_interval(intervals: Intervals) -> str:
    """The reason why there is no bootstrap interval; "" where there is one."""
    return "" if interval_words(intervals) else f"no interval: {intervals['bca'].reason}"


def alarm_table(curve: AlarmCurve) -> Table:
    """Sensitivity at so many false alarms per 24 h, at most."""
    rows = []
    for rate in RATES:
        cells = [Cell(f"at most {rate:g}")]
        for level in ("subject_mean", "pooled"):
            point = curve.at(rate, level)
            reached = point and getattr(point, level)
            if not reached or reached.sensitivity is None:
                cells.append(Cell(NOT_AVAILABLE))
                continue
            small = f"at {reached.fp_per_day:.2f} a day"
            cells.append(Cell(f"{reached.sensitivity:.3f}", small=small))
        rows.append(tuple(cells))
    return Table(
        title="Sensitivity at given rates of false alarms",
        columns=(
            Column("False alarms per 24 h", numeric=False),
            Column("Sensitivity, mean over subjects"),
            Column("Sensitivity, pooled"),
        ),
        rows=tuple(rows),
        caption=(
            f"{curve.n_with_seizures} of {counted(curve.n_subjects, 'subject')} have seizures. "
            "Thresholds are read off these very recordings: this describes the ranking, and no "
            "threshold may be chosen by it. Smoothing, joining and shortest duration stay locked."
        ),
    )


def latency_words(found: Latencies) -> str:
    """How long after onset seizures were detected."""
    if found.quartiles_s is None:
        return f"No seizure was found; {found.n_missed:,} missed."
    low, middle, high = found.quartiles_s
    early = sum(1 for seconds in found.seconds if seconds < 0)
    return (
        f"Of {counted(len(found.seconds) + found.n_missed, 'seizure')}, "
        f"{len(found.seconds):,} were found, {middle:.1f} s after onset (median; quartiles "
        f"{low:.1f} to {high:.1f} s), {early:,} of them before it; {found.n_missed:,} were missed."
    )


def subgroup_table(strata: Sequence[StratumScores]) -> Table:
    """One row a stratum, with its counts; few patients are said to be few."""
    notes = Footnotes()
    metrics = list(strata[0].scores) if strata else []
    rows = []
    for one in strata:
        own = one.stratum
        row = [Cell(own.by), Cell(own.name, small=own.small), count_cell(own.n_patients)]
        row += [count_cell(own.n_seizures), Cell(hours(own.hours * 3600))]
        for metric in metrics:
            digits = 2 if metric == "event_fp_per_day" else 3
            row.append(number_cell(one.scores[metric], notes, "undefined here", digits))
        rows.append(tuple(row))
    heads = ["Stratum by", "", "Patients", "Events", "Recorded"]
    columns = [Column(head, numeric=k > 1) for k, head in enumerate(heads)]
    columns += [Column(_STRATUM_COLUMNS[metric]) for metric in metrics]
    return Table(
        title="Subgroups",
        columns=tuple(columns),
        rows=tuple(rows),
        caption=(
            "Windows pooled within the stratum; events as the mean over its subjects (SzCORE). By "
            "kind of seizure a recording counts whole, its other seizures included."
        ),
        footnotes=notes.listed(),
    )


def _score_cell(
    metric: str,
    level: ScoringLevel,
    intervals: Mapping[str, Intervals],
    in_seconds: bool,
    notes: Footnotes,
    report: EventReport,
) -> Cell:
    """A score's mean over subjects; its interval and the pooled score in small print."""
    if metric == "fp_per_day" and in_seconds:
        return Cell("–")  # wrong seconds in a day are no alarms
    digits = 2 if metric == "fp_per_day" else 3
    mean, pooled = level.subject_mean[metric], getattr(level.pooled, metric)
    reason = report.szcore.reason_if_empty or "undefined for every subject"
    own = intervals["subject_mean"]
    said = [interval_words(own, digits), f"n{_NBSP}={_NBSP}{mean.n_subjects}"]
    if pooled is not None:
        said.append(f"pooled{_NBSP}{pooled:.{digits}f}")
    cell = number_cell(mean.mean, notes, reason, digits, small="; ".join(filter(None, said)))
    missing = why_no_interval(own)
    if mean.mean is None or not missing:
        return cell
    return Cell(cell.text, mark=notes.mark(missing), small=cell.small)


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
    if scores.too_short:
        words.append(
            f"Without event score: {counted(len(scores.too_short), 'recording')} under "
            f"{scores.shortest_s / 60:g} minutes, because one alarm in a clip is no rate per day."
        )
    outside = scores.n_outside["reference"]
    if outside:
        words.append(f"Left out: {outside:,} of the reference outside its recording.")
    return " ".join(words)

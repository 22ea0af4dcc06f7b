"""The page of an evaluation: what a clinician reads, and a reviewer checks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from eegssl.reports.content import (
    NOT_AVAILABLE,
    RESEARCH_USE,
    Banner,
    LineageStep,
    ReportFigure,
    counted,
)
from eegssl.reports.glossary import HOW_TO_READ, INTERVAL_WORDS, SCORER_WORDS
from eegssl.reports.html import render
from eegssl.scoring.events.postprocess import Postprocess
from eegssl.scoring.hierarchy import TYPE
from eegssl.scoring.number_scores import NUMBER_METRICS
from eegssl.scoring.statistics.uncertainty import Intervals
from eegssl.scoring.subgroups import StratumScores
from eegssl.scoring.threshold import Threshold
from eegssl.scoring.window_scores import Scores, subject_means
from eegssl.tasks.labels.sections.event_report import EventReport
from eegssl.tasks.labels.sections.event_tables import (
    alarm_table,
    latency_words,
    scorer_table,
    subgroup_table,
)
from eegssl.tasks.labels.sections.score_tables import subject_table, window_table
from eegssl.tasks.labels.sections.unit_scores import UnitScores
from eegssl.tasks.labels.sections.unit_tables import number_table, unit_tables

Tile = tuple[str, str, str]
"""Name, value, and what it counts."""
_UNIT_TILES = (("balanced_accuracy", "Balanced accuracy"), ("macro_f1", "Macro F1"))
_NUMBER_TILES = (("mae", "Mean absolute error"), ("spearman", "Spearman's ρ"))


@dataclass(frozen=True)
class EvaluationContent:
    """All that the page shows; ``window_scores`` is None where only events or numbers are known.

    ``counts`` are (what, how much) pairs such as ("Test subjects", "4"). ``event_scores`` is
    None where a task has no events, and ``event_note`` says so. ``beside`` holds window scores of
    other systems on the same windows. ``limits`` are sentences on what the numbers can't show.
    """

    title: str
    task: str
    banners: tuple[Banner, ...]
    counts: tuple[tuple[str, str], ...]
    classes: tuple[str, ...]
    window_scores: Scores | None
    number_scores: Scores | None = None
    unit_scores: UnitScores | None = None
    window_intervals: Mapping[str, Intervals] = field(default_factory=dict)
    subject_scores: Mapping[str, Scores] = field(default_factory=dict)
    event_scores: EventReport | None = None
    event_note: str = ""
    subgroups: tuple[StratumScores, ...] = ()
    threshold: Threshold | None = None
    postprocess: Postprocess | None = None
    event_figures: tuple[ReportFigure, ...] = ()
    beside: Mapping[str, Scores] = field(default_factory=dict)
    lineage: tuple[LineageStep, ...] = ()
    score_figures: tuple[ReportFigure, ...] = ()
    trace_figures: tuple[ReportFigure, ...] = ()
    subject_figures: tuple[ReportFigure, ...] = ()
    training_figures: tuple[ReportFigure, ...] = ()
    limits: tuple[str, ...] = ()
    version: str = ""


def render_evaluation(content: EvaluationContent) -> str:
    """The evaluation as one self-contained HTML page; same content, same bytes."""
    positive = content.classes[1] if len(content.classes) == 2 else None
    units = content.unit_scores
    events, windows = content.event_scores, content.window_scores
    curve = events.curve if events else None
    return render(
        "evaluation.html.j2",
        content=content,
        research_use=RESEARCH_USE,
        tiles=(_unit_tiles(units) if units else _window_tiles(content))
        + (_event_tiles(events) if events else []),
        window_table=windows
        and window_table(
            windows,
            content.window_intervals,
            subject_means(content.subject_scores),
            content.beside,
        ),
        number_table=content.number_scores
        and number_table(
            content.number_scores,
            content.window_intervals,
            subject_means(content.subject_scores, NUMBER_METRICS),
        ),
        unit_tables=unit_tables(units) if units else (),
        scorer_table=events and scorer_table(events),
        alarm_table=curve and alarm_table(curve),
        latency_words=events and latency_words(events.latency),
        agreement_words=events and _agreement_words(events),
        subgroup_table=subgroup_table(content.subgroups) if content.subgroups else None,
        subject_table=subject_table(
            content.subject_scores, events.szcore if events else None, positive
        )
        if content.subject_scores and windows
        else None,
        scorer_words=SCORER_WORDS,
        interval_words=INTERVAL_WORDS,
        threshold_words=_threshold_words(content) if windows else "",
        postprocess_words=_postprocess_words(content.postprocess),
        how_to_read=HOW_TO_READ,
    )


def _window_tiles(content: EvaluationContent) -> list[Tile]:
    """The window scores that a reader looks for first."""
    scores = content.window_scores
    if scores is None:
        return []
    metrics = [("auroc", "AUROC"), ("balanced_accuracy", "Balanced accuracy")]
    if content.event_scores is None:
        metrics += [("sensitivity", "Sensitivity"), ("specificity", "Specificity")]
    basis = f"{scores['n']:,} windows"
    return [(name, _three_decimals(scores[metric]), basis) for metric, name in metrics]


def _unit_tiles(units: UnitScores) -> list[Tile]:
    """The scores of events, recordings or patients that a reader looks for first."""
    tiles = []
    for name, level in units.levels.items():
        if level.scores is None:
            continue
        of = "" if name == TYPE else f", {name}"
        basis = counted(level.scores["n"], units.name) + of
        shown = _UNIT_TILES if level.classes else _NUMBER_TILES
        tiles += [(words, _three_decimals(level.scores[key]), basis) for key, words in shown]
    return tiles


def _event_tiles(events: EventReport) -> list[Tile]:
    """The event scores that a reader looks for first."""
    level = events.scorers["szcore-event"]
    found, alarms = level.subject_mean["sensitivity"], level.subject_mean["fp_per_day"]
    rate = NOT_AVAILABLE if alarms.mean is None else f"{alarms.mean:.1f}"
    scored, rated = (
        f"SzCORE, mean of {counted(mean.n_subjects, 'subject')}" for mean in (found, alarms)
    )
    return [
        ("Event sensitivity", _three_decimals(found.mean), scored),
        ("False alarms per 24 h", rate, rated),
    ]


def _agreement_words(events: EventReport) -> str:
    """NEDC's inter-rater agreement in a sentence."""
    kappa = events.agreement.pooled.multi_class
    value = "n/a" if kappa is None else f"{kappa:.3f}"
    return f"NEDC inter-rater agreement (IRA), pooled over slices of 0.25 s: κ {value}."


def _postprocess_words(rule: Postprocess | None) -> str:
    """From windows to detections, in words, and where the rule came from."""
    if rule is None:
        return ""
    steps = [f"probability at least {rule.threshold:.4f}"]
    if rule.smooth > 1:
        steps.insert(0, f"moving mean over {rule.smooth} windows")
    if rule.merge_gap_s:
        steps.append(f"detections closer than {rule.merge_gap_s:g} s joined")
    if rule.min_duration_s:
        steps.append(f"those shorter than {rule.min_duration_s:g} s dropped")
    words = f"Detections: {', '.join(steps)}."
    if rule.score is None:
        return f"{words} Not chosen on validation recordings: the windows' threshold as it is."
    return (
        f"{words} Chosen to maximise {rule.criterion.replace('_', ' ')} of "
        f"{counted(rule.n_subjects, 'validation subject')} "
        f"({counted(rule.n_recordings, 'recording')}), where it reached {rule.score:.3f}; not "
        "changed since."
    )


def _three_decimals(value: float | None) -> str:
    return NOT_AVAILABLE if value is None else f"{value:.3f}"


def _threshold_words(content: EvaluationContent) -> str:
    """Where the threshold came from."""
    chosen = content.threshold
    if chosen is None or chosen.score is None:
        return f"Decision: {(content.window_scores or {}).get('decision', 'n/a')}."
    criterion = chosen.criterion.replace("_", " ")
    return (
        f"{chosen.value:.4f}: a window counts as {content.classes[1]} if its probability is at "
        f"least this. Chosen to maximise {criterion} on {chosen.n_windows:,} validation windows "
        f"({chosen.n_positive:,} of them {content.classes[1]}), where it reached "
        f"{chosen.score:.3f}; not changed since."
    )

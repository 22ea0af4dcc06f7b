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
from eegssl.reports.page import render
from eegssl.reports.score_tables import event_table, subject_table, window_table
from eegssl.reports.words import HOW_TO_READ, SZCORE_WORDS
from eegssl.scoring.events import EventScores
from eegssl.scoring.threshold import Threshold
from eegssl.scoring.windows import Scores, subject_means


@dataclass(frozen=True)
class EvaluationContent:
    """All that the page shows.

    ``counts`` are (what, how much) pairs such as ("Test subjects", "4"). ``event_scores`` is
    None where a task has no events, and ``event_note`` says so. ``beside`` holds window scores of
    other systems on the same windows. ``limits`` are sentences on what the numbers can't show.
    """

    title: str
    task: str
    banners: tuple[Banner, ...]
    counts: tuple[tuple[str, str], ...]
    classes: tuple[str, ...]
    window_scores: Scores
    subject_scores: Mapping[str, Scores]
    event_scores: EventScores | None = None
    event_note: str = ""
    threshold: Threshold | None = None
    threshold_note: str = ""
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
    events = content.event_scores
    return render(
        "evaluation.html.j2",
        content=content,
        research_use=RESEARCH_USE,
        tiles=_tiles(content),
        window_table=window_table(
            content.window_scores, subject_means(content.subject_scores), content.beside
        ),
        event_table=event_table(events) if events is not None else None,
        subject_table=subject_table(content.subject_scores, events, positive),
        szcore_words=SZCORE_WORDS,
        threshold_words=_threshold_words(content),
        how_to_read=HOW_TO_READ,
    )


def _tiles(content: EvaluationContent) -> list[tuple[str, str, str]]:
    """The numbers that a reader looks for first: (name, value, what it counts)."""
    scores, tiles = content.window_scores, []
    windows = f"{scores['n']:,} windows"
    for metric, name in (("auroc", "AUROC"), ("balanced_accuracy", "Balanced accuracy")):
        tiles.append((name, _three_decimals(scores[metric]), windows))
    if content.event_scores is None:
        for metric, name in (("sensitivity", "Sensitivity"), ("specificity", "Specificity")):
            tiles.append((name, _three_decimals(scores[metric]), windows))
        return tiles
    level = content.event_scores.event
    found, alarms = level.subject_mean["sensitivity"], level.subject_mean["fp_per_day"]
    scored = f"events, mean of {counted(found.n_subjects, 'subject')}"
    tiles.append(("Event sensitivity", _three_decimals(found.mean), scored))
    rate = NOT_AVAILABLE if alarms.mean is None else f"{alarms.mean:.1f}"
    tiles.append(
        ("False alarms per 24 h", rate, f"events, mean of {counted(alarms.n_subjects, 'subject')}")
    )
    return tiles


def _three_decimals(value: float | None) -> str:
    return NOT_AVAILABLE if value is None else f"{value:.3f}"


def _threshold_words(content: EvaluationContent) -> str:
    """Where the threshold came from."""
    chosen = content.threshold
    if chosen is None:
        return f"Decision: {content.window_scores['decision']}. {content.threshold_note}".strip()
    criterion = chosen.criterion.replace("_", " ")
    return (
        f"{chosen.value:.4f}: a window counts as {content.classes[1]} if its probability is at "
        f"least this. Chosen to maximise {criterion} on {chosen.n_windows:,} validation windows "
        f"({chosen.n_positive:,} of them {content.classes[1]}), where it reached "
        f"{chosen.score:.3f}; not changed since. {content.threshold_note}"
    ).strip()

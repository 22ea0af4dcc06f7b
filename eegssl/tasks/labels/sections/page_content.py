"""From predictions and their scores to what the evaluation page shows."""

from collections.abc import Mapping
from typing import Any

from eegssl import __version__
from eegssl.reports.content import ReportFigure, banners, limits
from eegssl.reports.curves import probability_histogram, roc_and_precision_recall
from eegssl.reports.embed import svg_uri
from eegssl.reports.score_forest import per_subject_bars
from eegssl.scoring.hierarchy import UNKNOWN
from eegssl.scoring.threshold import Threshold
from eegssl.tasks.labels.page import EvaluationContent
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import AllScores, one_threshold, rule_of
from eegssl.tasks.labels.sections.alarm_figure import alarm_figure
from eegssl.tasks.labels.sections.event_report import EventReport


def page_of(predictions: Predictions, scores: AllScores) -> EvaluationContent:
    """The page of predictions and their scores; nothing but these two is needed."""
    about = predictions.about
    chosen, numbers = about["threshold"], about.get("target") == "number"
    return EvaluationContent(
        title=_title(about),
        task=about["task"],
        banners=banners(about["synthetic"], about["within_subject"], about["permuted"], about),
        counts=_counts(predictions),
        classes=predictions.classes,
        window_scores=None if numbers else scores.windows,
        number_scores=scores.windows if numbers else None,
        unit_scores=scores.units,
        window_intervals=scores.intervals,
        subject_scores=scores.per_subject,
        event_scores=scores.events,
        event_note=_event_note(about),
        subgroups=tuple(scores.subgroups),
        threshold=Threshold(**chosen) if chosen else None,
        postprocess=rule_of(predictions),
        score_figures=_score_figures(predictions, one_threshold(predictions)),
        event_figures=event_figures(scores.events),
        subject_figures=_subject_figures(scores, about),
        limits=limits(len(scores.per_subject)),
        version=__version__,
    )


def _title(about: Mapping[str, Any]) -> str:
    if "folds" in about:
        return f"Cross-validation: {about['task']}, {about['folds']} folds"
    return f"Evaluation: {about['task']}"


def events_page(events: EventReport, title: str) -> EvaluationContent:
    """The page of detections alone, without probabilities or windows."""
    return EvaluationContent(
        title=title,
        task="Detections of another system against a reference",
        banners=(),
        counts=(
            ("Subjects", str(events.szcore.n_subjects)),
            ("Recordings", str(events.szcore.n_recordings)),
            ("Hours", f"{events.szcore.event.pooled.duration_s / 3600:,.2f}"),
        ),
        classes=("background", "seizure"),
        window_scores=None,
        event_scores=events,
        limits=limits(events.szcore.n_subjects),
        version=__version__,
    )


def _counts(predictions: Predictions) -> tuple[tuple[str, str], ...]:
    used = set(predictions.recording)
    rows_are = "Seconds" if predictions.about.get("unit") == "second" else "Windows"
    seconds = sum(r.duration_s for r in predictions.references if r.recording in used)
    rows = [
        ("Test subjects", str(len(set(predictions.subject)))),
        ("Test recordings", str(len(used))),
        ("Hours", f"{seconds / 3600:.2f}"),
        (rows_are, f"{len(predictions.truth):,}"),
    ]
    if "folds" in predictions.about:
        rows.insert(0, ("Folds", str(predictions.about["folds"])))
    for k, name in enumerate(predictions.classes):
        rows.append((f"{rows_are} of {name}", f"{int((predictions.truth == k).sum()):,}"))
    return tuple(rows)


def _event_note(about: Mapping[str, Any]) -> str:
    if about["labels"] != "events":
        return "This task has labels from a table, not events."
    if about.get("unit") == "event":
        return "This task is given the events and asked for their type: there is none to find."
    if about["permuted"]:
        return "Events are not scored, since labels were permuted."
    if "folds" in about:
        return (
            "There is no curve of sensitivity against false alarms: each fold's model has a "
            "threshold and a post-processing of its own, so that no one threshold is moved for all."
        )
    return ""


def event_figures(events: EventReport | None) -> tuple[ReportFigure, ...]:
    """The curve of sensitivity against false alarms, where there are probabilities."""
    if events is None or events.curve is None:
        return ()
    return (
        ReportFigure(
            "Sensitivity against false alarms",
            "SzCORE events at every threshold, with the rest of the post-processing as it is "
            "locked. The dots are the locked threshold.",
            "Curve of event sensitivity against false alarms per 24 hours",
            svg_uri(alarm_figure(events.curve)),
        ),
    )


def _score_figures(predictions: Predictions, threshold: float | None) -> tuple[ReportFigure, ...]:
    if len(predictions.classes) != 2 or not {0, 1} <= set(predictions.truth.tolist()):
        return ()
    predictions = predictions.subset(predictions.truth != UNKNOWN)
    truth, p = predictions.truth, predictions.probabilities[:, 1]
    positive = predictions.classes[1]
    dot = "The dot is the locked threshold."
    if threshold is None:
        dot = (
            "No dot: each fold's model has a threshold of its own."
            if "folds" in predictions.about
            else "No dot: no threshold was locked."
        )
    return (
        ReportFigure(
            "How well windows are ranked",
            f"Left: sensitivity against the share of false alarms. Right: precision against "
            f"sensitivity. Positive: {positive}. {dot}",
            "ROC and precision-recall curves",
            svg_uri(roc_and_precision_recall(truth, p, threshold)),
        ),
        ReportFigure(
            "Probabilities",
            "Left: the probabilities that windows of each class were given. Right: whether a "
            "probability means what it says.",
            "Histogram of probabilities and calibration curve",
            svg_uri(probability_histogram(truth, p, threshold, predictions.classes)),
        ),
    )


def _subject_figures(scores: AllScores, about: Mapping[str, Any]) -> tuple[ReportFigure, ...]:
    subjects = list(scores.per_subject)
    decided = "at the locked threshold"
    if len(scores.windows.get("n_per_class", ())) != 2:
        decided = "by the most probable class"
    elif "folds" in about:
        decided = "at the locked threshold of the fold that tests the subject"
    if "balanced_accuracy" not in scores.windows:
        return ()
    return (
        ReportFigure(
            "Balanced accuracy by subject",
            f"Each subject's windows, decided {decided}. Dashed: mean; dotted: chance.",
            "Bars of balanced accuracy by subject",
            svg_uri(
                per_subject_bars(
                    subjects,
                    [scores.per_subject[s]["balanced_accuracy"] for s in subjects],
                    "Balanced accuracy",
                    1.0 / max(2, len(scores.windows["n_per_class"])),
                )
            ),
        ),
    )

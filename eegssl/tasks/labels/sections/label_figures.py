"""Draw the figures of an evaluation of labels: ranking, alarms, subjects, traces."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eegssl.corpus.store import Corpus
from eegssl.reports.curves import probability_histogram, roc_and_precision_recall
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.score_forest import score_forest, subject_rows
from eegssl.reports.sections import ReportFigure
from eegssl.reports.style import INK, MODEL, SECOND, house_style, new_figure, with_grid
from eegssl.reports.trace_figure import traces_with_predictions
from eegssl.scoring.events.alarm_curve import RATES, AlarmCurve, Level
from eegssl.scoring.hierarchy import UNKNOWN
from eegssl.tasks.labels.predictions import Predictions, Reference
from eegssl.tasks.labels.scores import AllScores, one_threshold

_LEVELS: tuple[tuple[Level, str, str], ...] = (
    ("subject_mean", "mean over subjects", MODEL),
    ("pooled", "pooled", SECOND),
)
_LEAD_S = 10.0  # of background before an event that is drawn


def ranking_figures(predictions: Predictions) -> tuple[ReportFigure, ...]:
    """ROC and precision-recall curves and probabilities; none but for two classes that occur."""
    if len(predictions.classes) != 2 or not {0, 1} <= set(predictions.truth.tolist()):
        return ()
    threshold = one_threshold(predictions)
    known = predictions.subset(predictions.truth != UNKNOWN)
    truth, p = known.truth, known.probabilities[:, 1]
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
            "Left: sensitivity against the share of false alarms. Right: precision against "
            f"sensitivity. Positive: {predictions.classes[1]}. {dot}",
            "ROC and precision-recall curves",
            svg_uri(roc_and_precision_recall(truth, p, threshold)),
        ),
        ReportFigure(
            "Probabilities",
            "Left: the probabilities that windows of each class got. Right: calibration. On the "
            "dotted line a probability of 0.3 is right in 30 % of the windows.",
            "Histogram of probabilities and calibration curve",
            svg_uri(probability_histogram(truth, p, threshold, predictions.classes)),
        ),
    )


def subject_figures(scores: AllScores, about: Mapping[str, Any]) -> tuple[ReportFigure, ...]:
    """The balanced accuracy of each subject; none for a task of numbers."""
    if "balanced_accuracy" not in scores.windows:
        return ()
    n_classes = len(scores.windows["n_per_class"])
    decision = "at the locked threshold"
    if n_classes != 2:
        decision = "by the most probable class"
    elif "folds" in about:
        decision = "at the locked threshold of the fold that tests the subject"
    values = [own["balanced_accuracy"] for own in scores.per_subject.values()]
    rows = subject_rows(list(scores.per_subject), values)
    chance = 1.0 / max(2, n_classes)
    return (
        ReportFigure(
            "Balanced accuracy by subject",
            f"Each subject's windows, decided {decision}. Dashed: mean; dotted: chance.",
            "Balanced accuracy of each subject",
            svg_uri(score_forest(rows, "Balanced accuracy", chance=chance, whole=True, mean=True)),
        ),
    )


def trace_figures(
    corpus: Corpus, predictions: Predictions, count: int, seconds: float
) -> tuple[ReportFigure, ...]:
    """The beginning of some recordings, or their first event, for tasks that detect none.

    With two classes: beneath the traces stands the probability of one of them.
    """
    if len(predictions.classes) != 2:
        return ()
    names = np.array(predictions.recording)
    recordings = {recording.id: recording for recording in corpus.recordings}
    figures = []
    for reference in _shown_first(predictions)[:count]:
        recording, spans = recordings[reference.recording], sorted(reference.spans)
        start_s = max(0.0, spans[0][0] - _LEAD_S) if spans else 0.0
        first = round(start_s * corpus.sfreq_hz)
        last = min(recording.n_samples, first + round(seconds * corpus.sfreq_hz))
        rows = names == recording.id
        figure = traces_with_predictions(
            corpus.read_uv(recording, first, last),
            recording.channels,
            corpus.sfreq_hz,
            start_s,
            predictions.start_s[rows],
            predictions.duration_s[rows],
            predictions.probabilities[rows, 1],
            spans,
            one_threshold(predictions),
            predictions.classes[1],
        )
        figures.append(
            ReportFigure(
                f"Recording {recording.id}, subject {recording.subject}",
                "Traces with the reference shaded; below, the model's probability by window.",
                f"EEG traces of recording {recording.id} with predictions",
                png_uri(figure, dpi=110, colours=128),
            )
        )
    return tuple(figures)


def _shown_first(predictions: Predictions) -> list[Reference]:
    """Recordings with events first, one of each subject before a second of any."""
    used, ranked = set(predictions.recording), []
    seen: dict[tuple[bool, str], int] = {}
    for reference in (r for r in predictions.references if r.recording in used):
        key = (not reference.events, reference.subject)
        seen[key] = seen.get(key, 0) + 1
        ranked.append((key[0], seen[key], reference.recording, reference))
    return [entry[-1] for entry in sorted(ranked, key=lambda e: e[:3])]


def alarm_report(curve: AlarmCurve) -> ReportFigure:
    """The curve of sensitivity against false alarms, with its words."""
    return ReportFigure(
        "Sensitivity against false alarms",
        "SzCORE events at every threshold; the other steps of post-processing stay as they were "
        "fixed on validation data. The dots are the locked threshold.",
        "Curve of event sensitivity against false alarms per 24 hours",
        svg_uri(alarm_figure(curve)),
    )


@house_style()
def alarm_figure(curve: AlarmCurve) -> Figure:
    """The curve by both averages; the dots are the locked threshold."""
    figure = new_figure(3.4)
    ax = figure.subplots()
    for level, name, colour in _LEVELS:
        _draw(ax, curve, level, name, colour)
    ax.set_xscale("symlog", linthresh=0.5, linscale=0.4)
    ax.set_xticks([0, *RATES, 50, 100, 500], [f"{r:g}" for r in (0, *RATES, 50, 100, 500)])
    ax.minorticks_off()
    ax.set_xlabel("False alarms per 24 h")
    ax.set_ylabel("Sensitivity to events")
    ax.set_ylim(-0.03, 1.03)
    with_grid(ax)
    ax.legend(loc="lower right")
    return figure


def _draw(ax: Axes, curve: AlarmCurve, level: Level, name: str, colour: str) -> None:
    """One average: points in the order of thresholds, and the locked one."""
    points = [getattr(point, level) for point in curve.points]
    known = [p for p in points if p.sensitivity is not None and p.fp_per_day is not None]
    ax.plot(
        [p.fp_per_day for p in known],
        [p.sensitivity for p in known],
        color=colour,
        lw=1.6,
        label=name,
    )
    locked = getattr(curve.locked, level)
    if locked.sensitivity is not None and locked.fp_per_day is not None:
        ax.plot(locked.fp_per_day, locked.sensitivity, "o", color=colour, mec=INK, ms=7)

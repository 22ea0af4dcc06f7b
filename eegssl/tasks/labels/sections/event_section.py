"""Show scores of events by every scorer, with latency and alarm rates."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from eegssl.reports.cells import counted, number_text
from eegssl.reports.glossary import INTERVAL_WORDS, SCORER_WORDS
from eegssl.reports.sections import Section, Text, Tile, section
from eegssl.tasks.labels.measures.detected import Detections
from eegssl.tasks.labels.measures.event_report import EventReport
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import rule_of
from eegssl.tasks.labels.sections.event_tables import alarm_table, latency_words, scorer_table
from eegssl.tasks.labels.sections.label_figures import alarm_report

EVENTS = "Events found and missed"


def event_tiles(events: EventReport | None) -> tuple[Tile, ...]:
    """The event scores that a reader looks for first."""
    if events is None:
        return ()
    level = events.scorers["szcore-event"]
    shown = (("sensitivity", "Event sensitivity", 3), ("fp_per_day", "False alarms per 24 h", 1))
    means = [(level.subject_mean[metric], words, digits) for metric, words, digits in shown]
    return tuple(
        (
            words,
            number_text(mean.mean, digits),
            f"SzCORE, mean of {counted(mean.n_subjects, 'subject')}",
        )
        for mean, words, digits in means
    )


def event_counts(detections: Detections) -> tuple[tuple[str, str], ...]:
    """Events of the reference and detections, each by itself."""
    n = sum(len(one.reference) for one in detections.recordings)
    return (("Events of the reference", f"{n:,}"), ("Detections", f"{detections.n:,}"))


def event_section(events: EventReport | None, note: str, reach: str = "") -> Section:
    """Every scorer's table, latency, and the curve of alarms; or why there is none."""
    if events is None:
        return section(EVENTS, Text(f"No event scores. {note}"))
    words = latency_words(events.latency, reach, events.szcore.n_seizures_too_short)
    kappa = events.agreement.pooled.multi_class
    curve = events.curve
    return section(
        EVENTS,
        Text(f"{left_out}.") if (left_out := events.szcore.left_out) else None,
        Text(SCORER_WORDS),
        scorer_table(events),
        Text(
            f"{words} NEDC inter-rater agreement (IRA), pooled over "
            f"slices of 0.25 s: κ {number_text(kappa)}."
        ),
        Text(INTERVAL_WORDS, small=True),
        Text(
            f"This test set {events.phase}: {counted(events.n_seizures, 'event')} of "
            f"{counted(events.n_subjects_with_seizures, 'subject')}.",
            small=True,
        ),
        *((alarm_report(curve), alarm_table(curve)) if curve else ()),
        Text(note, small=True) if note else None,
    )


def event_note(about: Mapping[str, Any]) -> str:
    """The reason why events, or their curve, have no score; "" where they have."""
    if about["labels"] != "events":
        return "This task has labels from a table, not events."
    if about.get("unit") == "event":
        return "In this task the events are known, and their type is asked: there is none to find."
    if about["permuted"]:
        return "Events are not scored, since labels were permuted."
    if "folds" in about:
        return (
            "There is no curve of sensitivity against false alarms: each fold's model has its own "
            "threshold and post-processing, so there is no single threshold to vary."
        )
    return ""


def reach_words(predictions: Predictions) -> str:
    """How far back one window of a detection, and the moving mean over several, can reach."""
    rule = rule_of(predictions)
    if rule is None or not len(predictions.duration_s):
        return ""
    window_s = float(np.median(predictions.duration_s))
    words = f"a window of {window_s:g} s counts from its beginning"
    if rule.smooth > 1:
        words += f", the moving mean over {rule.smooth} of them hears {rule.smooth // 2} ahead"
    return words

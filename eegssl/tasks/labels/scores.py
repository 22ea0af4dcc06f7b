"""Every score of one table of predictions: windows, subjects, units, events, intervals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.event_lists import clean_events
from eegssl.scoring.events.event_scores import RecordingEvents
from eegssl.scoring.events.postprocess import Postprocess, Probabilities, detections
from eegssl.scoring.hierarchy import UNKNOWN
from eegssl.scoring.number_scores import NUMBER_METRICS, number_intervals, number_scores
from eegssl.scoring.statistics.uncertainty import Intervals, as_plain, window_intervals
from eegssl.scoring.subgroups import StratumScores
from eegssl.scoring.window_scores import (
    METRICS,
    Scores,
    Thresholds,
    no_scores,
    per_subject,
    subject_means,
    window_scores,
)
from eegssl.tasks.labels.measures.detected import Detections, detected_in
from eegssl.tasks.labels.measures.event_report import EventReport, event_report
from eegssl.tasks.labels.measures.strata import subgroups
from eegssl.tasks.labels.measures.unit_scores import UnitScores, unit_facts, unit_scores
from eegssl.tasks.labels.predictions import Predictions, Reference

NO_LABELS = "no labels: nothing can be scored"
"""The reason why what was detected in recordings without labels has no score."""
_COVERED, _ROUNDING_S = 0.9, 1e-6
_WINDOW_FACTS = ("auroc", "auc_pr", "balanced_accuracy", "sensitivity", "specificity")


@dataclass(frozen=True)
class AllScores:
    """Scores at every level; None where a level means nothing for the task.

    Windows whose label does not decide between the classes are in no score of windows.
    """

    windows: Scores
    intervals: dict[str, Intervals]
    """Window metric -> intervals of the pooled score, by the bootstrap over subjects."""
    per_subject: dict[str, Scores]
    units: UnitScores | None
    events: EventReport | None
    subgroups: list[StratumScores]
    detections: Detections | None = None
    """What was detected, whether or not there is a reference to score it by."""

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        metrics = METRICS if "auroc" in self.windows else NUMBER_METRICS
        return {
            "windows": self.windows,
            "window_intervals": as_plain(self.intervals),
            "subject_means": subject_means(self.per_subject, metrics),
            "per_subject": self.per_subject,
            "units": self.units.as_dict() if self.units else None,
            "events": self.events.as_dict() if self.events else None,
            "detections": self.detections.as_dict() if self.detections else None,
            "subgroups": [stratum.as_dict() for stratum in self.subgroups],
        }


def score(predictions: Predictions, config: ScoringConfig, seed: int) -> AllScores:
    """Score a table of predictions; nothing but the table is read.

    Events are scored for tasks with event labels, unless labels were permuted: then no event is
    where the reference says. Where no recording has labels, nothing is scored. Events of a type,
    recordings and patients are scored as units, by the mean over their windows. Raises InputError
    for numbers of which none is known.
    """
    about = predictions.about
    if about.get("target") == "number" and none_labelled(predictions):
        raise InputError(f"{NO_LABELS}; these are predictions of files whose numbers nobody gave")
    units = unit_scores(predictions, threshold_of(predictions), config, seed)
    if about.get("target") == "number":
        return _of_numbers(predictions, units, config, seed)
    detected = detections_of(predictions, config)
    if none_labelled(predictions):
        nothing = no_scores(threshold_of(predictions), predictions.classes, NO_LABELS, config)
        return AllScores(nothing, {}, {}, None, None, [], detected)
    known = predictions.subset(predictions.truth != UNKNOWN)
    truth, p, threshold = known.truth, known.probabilities, threshold_of(known)
    events, lists = None, detected_events(predictions)
    if lists is not None:
        lines = event_lines(predictions)
        events = event_report(lists, config, seed, lines, rule_of(predictions))
    return AllScores(
        windows=window_scores(truth, p, threshold, predictions.classes, config),
        intervals=window_intervals(
            known.subject,
            truth,
            p,
            threshold,
            seed=seed,
            n_resamples=config.bootstrap_resamples,
        ),
        per_subject=per_subject(known.subject, truth, p, threshold, predictions.classes, config),
        units=units,
        events=events,
        subgroups=subgroups(known, lists, threshold, config),
        detections=detected,
    )


def none_labelled(predictions: Predictions) -> bool:
    """Whether nobody said of any recording where its events are, so that nothing can be scored."""
    references = predictions.references
    return bool(references) and not any(one.labelled for one in references)


def detections_of(predictions: Predictions, config: ScoringConfig) -> Detections | None:
    """What the locked rules detect in each recording; None for a task that detects nothing.

    Nor do models of permuted labels: no event is where their labels say.
    """
    if not _detects(predictions):
        return None
    rules = rules_of(predictions)
    labelled = {r.recording: r.labelled for r in predictions.references}
    lines = event_lines(predictions)
    return Detections(
        tuple(
            detected_in(one, rules[one.recording], labelled=labelled[one.recording])
            for one in lines
        ),
        config.shortest_event_recording_s,
    )


def detected_events(predictions: Predictions) -> list[RecordingEvents] | None:
    """Reference and detections of each recording, where a task detects; else None."""
    if not _detects(predictions):
        return None
    rules = rules_of(predictions)
    return [_detected(one, rules[one.recording]) for one in event_lines(predictions)]


def _detects(predictions: Predictions) -> bool:
    about = predictions.about
    if about["labels"] != "events" or about["permuted"]:
        return False
    return bool(rules_of(predictions))


def concerns(predictions: Predictions) -> list[str]:
    """Warnings of windows that leave time out, overlap, or contradict events."""
    about = predictions.about
    if about["labels"] != "events" or about["permuted"] or about.get("unit") == "event":
        return []
    recording = np.array(predictions.recording)
    n_partly = n_overlapping = n_wrong = 0
    for reference in predictions.references:
        mine = np.flatnonzero(recording == reference.recording)
        mine = mine[np.argsort(predictions.start_s[mine])]
        starts, lengths = predictions.start_s[mine], predictions.duration_s[mine]
        n_overlapping += int((starts[1:] < (starts + lengths)[:-1] - _ROUNDING_S).sum())
        covered_s = np.minimum(lengths, np.diff(starts, append=np.inf)).sum()
        n_partly += int(0 < covered_s < _COVERED * reference.duration_s)
        share, truth = _share_of_events(reference, starts, lengths), predictions.truth[mine]
        n_wrong += int(((share > 1 - _ROUNDING_S) & (truth == 0)).sum())
        n_wrong += int(((share <= 0) & (truth == 1)).sum())
    if about.get("step_s"):  # as the task asks
        n_overlapping = 0
    counts = {
        f"windows cover less than {_COVERED:.0%} of {n_partly} recording(s): what lies in the rest "
        "can't be detected, and counts as missed": n_partly,
        f"{n_overlapping} windows overlap another one: scores of windows count both": n_overlapping,
        f"the truth of {n_wrong} windows contradicts the reference events that stand beside "
        "them": n_wrong,
    }
    return [words for words, n in counts.items() if n]


def _share_of_events(
    reference: Reference, start_s: NDArray[np.float64], length_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The share of each window [n] that lies in the reference events."""
    share = np.zeros(len(start_s))
    for onset, end in clean_events(reference.spans, reference.duration_s).events:
        inside = np.minimum(start_s + length_s, end) - np.maximum(start_s, onset)
        share += np.clip(inside, 0.0, None) / length_s
    return share


def _of_numbers(
    predictions: Predictions, units: UnitScores | None, config: ScoringConfig, seed: int
) -> AllScores:
    """The scores of a task of numbers."""
    true, predicted = predictions.truth_value, predictions.value
    assert true is not None
    assert predicted is not None
    names = np.array(predictions.subject)
    return AllScores(
        windows=number_scores(true, predicted),
        intervals=number_intervals(
            predictions.subject, true, predicted, seed=seed, n_resamples=config.bootstrap_resamples
        ),
        per_subject={
            str(name): number_scores(true[names == name], predicted[names == name])
            for name in np.unique(names)
        },
        units=units,
        events=None,
        subgroups=subgroups(predictions, None, None, config),
    )


def score_facts(predictions: Predictions, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The scores in short, for a manifest, of `AllScores.as_dict`."""
    units, events, about = metrics["units"], metrics["events"], predictions.about
    of_classes = about.get("target") != "number"
    named, counts = NUMBER_METRICS, {"n": metrics["windows"]["n"]}
    if of_classes:
        named, counts = _WINDOW_FACTS, _counted(predictions)
    return {
        "windows": counts | {name: metrics["windows"][name] for name in named},
        "units": unit_facts(units) if units else None,
        "events": _event_facts(events) if events else None,
        "detections": metrics["detections"],
        "subjects": sorted(metrics["per_subject"]),
        "split_hash": predictions.split_hash,
        "within_subject": about["within_subject"],
        "synthetic": about["synthetic"],
        "leaks": about["leaks"],
    }


def _counted(predictions: Predictions) -> dict[str, Any]:
    """Windows that are scored, in all and of each class."""
    truth, names = predictions.truth, predictions.classes
    if none_labelled(predictions):
        truth = truth[:0]
    numbers = np.bincount(truth[truth != UNKNOWN], minlength=len(names))
    per_class = {name: int(n) for name, n in zip(names, numbers, strict=True)}
    return {"n": sum(per_class.values()), "n_per_class": per_class}


def tree_facts(events: EventReport, detections: Detections) -> dict[str, Any]:
    """The scores of events alone in short, for a manifest."""
    return {
        "events": _event_facts(events.as_dict()),
        "detections": detections.as_dict(),
        "recordings": events.szcore.n_recordings,
        "hours": round(events.szcore.event.pooled.duration_s / 3600, 2),
        "subjects": sorted(events.szcore.event.per_subject),
    }


def _event_facts(events: Mapping[str, Any]) -> dict[str, Any]:
    level = events["scorers"]["szcore-event"]
    counts = ("recordings_too_short", "seizures_too_short", "detections_too_short")
    means = {name: mean["mean"] for name, mean in level["subject_mean"].items()}
    of_level = {"scored_subjects": len(level["per_subject"])}
    return of_level | {name: events[f"n_{name}"] for name in counts} | means


def threshold_of(predictions: Predictions) -> Thresholds:
    """The locked threshold of windows (one, or [n] of several folds' models).

    None where the most probable class is taken.
    """
    if predictions.thresholds is not None:
        return predictions.thresholds
    chosen = predictions.about["threshold"]
    return None if chosen is None else float(chosen["value"])


def one_threshold(predictions: Predictions) -> float | None:
    """The one locked threshold, to be drawn; None where there are several, or none."""
    chosen = threshold_of(predictions)
    return None if isinstance(chosen, np.ndarray) else chosen


def rule_of(predictions: Predictions) -> Postprocess | None:
    """The one locked post-processing; None for a task without events, and for several folds."""
    chosen = predictions.about["postprocess"]
    return None if chosen is None else Postprocess.from_dict(chosen)


def rules_of(predictions: Predictions) -> dict[str, Postprocess]:
    """The locked post-processing of each recording; of none for a task without events."""
    one = rule_of(predictions)
    rules = {}
    for reference in predictions.references:
        if reference.postprocess is not None:
            rules[reference.recording] = Postprocess.from_dict(reference.postprocess)
        elif one is not None:
            rules[reference.recording] = one
    return rules


def event_lines(predictions: Predictions) -> list[Probabilities]:
    """The windows of each recording that has some, with its reference events."""
    names, owner = np.unique(np.array(predictions.recording), return_inverse=True)
    rows = np.argsort(owner, kind="stable")
    of_each = np.split(rows, np.searchsorted(owner[rows], np.arange(1, len(names))))
    mine = dict(zip(names.tolist(), of_each, strict=False))  # without rows one empty part
    return [
        Probabilities(
            subject=reference.subject,
            recording=reference.recording,
            duration_s=reference.duration_s,
            start_s=predictions.start_s[mine[reference.recording]],
            duration=predictions.duration_s[mine[reference.recording]],
            p=predictions.probabilities[mine[reference.recording], 1],
            reference=reference.spans,
        )
        for reference in predictions.references
        if reference.recording in mine
    ]


def _detected(one: Probabilities, rule: Postprocess) -> RecordingEvents:
    detected = detections(one.start_s, one.duration, one.p, rule)
    return RecordingEvents(one.subject, one.recording, one.duration_s, one.reference, detected)

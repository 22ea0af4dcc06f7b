"""Scores of strata: age, sex, kind of seizure, length of the recording."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.event_scores import RecordingEvents, szcore_scores
from eegssl.scoring.number_scores import number_scores
from eegssl.scoring.subgroups import StratumScores, Traits, score_strata
from eegssl.scoring.window_scores import Thresholds, thresholds_at, window_scores
from eegssl.tasks.labels.predictions import Predictions

NUMBER_SCORES = ("mae", "rmse", "spearman")
WINDOW_SCORES = ("auroc", "balanced_accuracy", "sensitivity", "specificity")
EVENT_SCORES = ("sensitivity", "fp_per_day")


def subgroups(
    predictions: Predictions,
    events: Sequence[RecordingEvents] | None,
    threshold: Thresholds,
    config: ScoringConfig,
) -> list[StratumScores]:
    """Pooled window scores of each stratum, and SzCORE's event scores as means over its subjects.

    Of a task of numbers they are scores of numbers. By kind of seizure a recording counts whole,
    its seizures of other kinds included. ``events`` are those detected, None for a task that
    detects none; the seizures that are counted are the references', unless labels come from a
    table: then nobody looked for any.
    """
    with_events = predictions.about["labels"] == "events"
    by_recording = {one.recording: one for one in events or ()}
    references = [r for r in predictions.references if r.recording in set(predictions.recording)]
    traits = [
        Traits(
            r.subject,
            r.duration_s,
            r.age_years,
            r.sex,
            tuple(kind for _, _, kind in r.events) if with_events else None,
        )
        for r in references
    ]
    owner = np.array(predictions.recording)

    def scores(places: NDArray[np.int64]) -> Mapping[str, float | None]:
        rows = np.isin(owner, [references[k].recording for k in places])
        if predictions.value is not None and predictions.truth_value is not None:
            numbers = number_scores(predictions.truth_value[rows], predictions.value[rows])
            return {name: numbers[name] for name in NUMBER_SCORES}
        scores = window_scores(
            predictions.truth[rows],
            predictions.probabilities[rows],
            thresholds_at(threshold, rows),
            predictions.classes,
            config,
        )
        shown: dict[str, float | None] = {name: scores[name] for name in WINDOW_SCORES}
        if events is None:
            return shown
        level = szcore_scores([by_recording[references[k].recording] for k in places], config).event
        return shown | {f"event_{n}": level.subject_mean[n].mean for n in EVENT_SCORES}

    return score_strata(traits, scores)

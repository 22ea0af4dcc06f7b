"""Score events, recordings and patients, level by level of types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from eegssl.corpus.labelled import Unit
from eegssl.errors import InputError
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.hierarchy import TYPE, UNKNOWN, group_probabilities, group_truth, levels
from eegssl.scoring.means import means_by_unit
from eegssl.scoring.number_scores import number_intervals, number_scores
from eegssl.scoring.statistics.uncertainty import Intervals, as_plain, window_intervals
from eegssl.scoring.window_scores import Scores, Thresholds, decide, thresholds_at, window_scores
from eegssl.tasks.labels.predictions import Predictions

POOLED = ("event", "recording", "patient")
"""Units that are more than a window."""
SHOWN = ("balanced_accuracy", "auroc", "macro_f1")


@dataclass(frozen=True)
class LevelScores:
    """Scores of units at one level: its classes or groups of them, and who decided right.

    ``scores`` are None where no unit's class is known; ``n_unknown`` units are left out because
    their label says too little. ``confusion`` [G, G]: true classes by row, decided ones by column.
    """

    classes: tuple[str, ...]
    scores: Scores | None
    intervals: dict[str, Intervals]
    n_unknown: int
    confusion: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return {
            "classes": list(self.classes),
            "scores": self.scores,
            "intervals": as_plain(self.intervals),
            "n_unknown": self.n_unknown,
            "confusion": self.confusion.tolist(),
        }


@dataclass(frozen=True)
class UnitScores:
    """Scores of units, whose ``name`` is event, recording or patient.

    ``levels`` are coarse to fine; a task without a hierarchy has one, `TYPE`.
    """

    name: str
    n: int
    levels: dict[str, LevelScores]

    @property
    def finest(self) -> LevelScores:
        """The level of the task's own classes (or numbers)."""
        return self.levels[TYPE]

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON: the finest level, and every level by name."""
        every = {name: level.as_dict() for name, level in self.levels.items()}
        return {"name": self.name, "n": self.n} | every[TYPE] | {"levels": every}


def unit_facts(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The scores in short, for a manifest, of `UnitScores.as_dict`."""
    return {name: stored[name] for name in ("name", "n", "n_unknown")} | {
        "levels": {name: _in_short(level["scores"]) for name, level in stored["levels"].items()}
    }


def unit_scores(
    predictions: Predictions, threshold: Thresholds, config: ScoringConfig, seed: int
) -> UnitScores | None:
    """Scores of units, each with the mean over its windows; None where windows are the units.

    The locked ``threshold`` decides between the two classes of a task, the larger probability
    between groups.
    """
    name = predictions.about.get("unit", "window")
    if name not in POOLED:
        return None
    row_of = first_rows(predictions)
    of_id = {unit.id: unit for unit in predictions.units}  # new files of one patient repeat it
    units = [unit for id_, unit in of_id.items() if id_ in row_of]
    place = {unit.id: k for k, unit in enumerate(units)}
    owner = np.array([place[id_] for id_ in predictions.unit])
    rows = np.array([row_of[unit.id] for unit in units])
    resampling = {"seed": seed, "n_resamples": config.bootstrap_resamples}
    if predictions.value is not None and predictions.truth_value is not None:
        true, predicted = predictions.truth_value[rows], means_by_unit(predictions.value, owner)
        level = LevelScores(
            (),
            number_scores(true, predicted),
            number_intervals([u.subject for u in units], true, predicted, **resampling),
            0,
        )
        return UnitScores(name, len(units), {TYPE: level})
    p, truth = means_by_unit(predictions.probabilities, owner), predictions.truth[rows]
    typed = predictions.about["labels"] == "events"
    scores = {}
    by_level = levels(predictions.classes) if typed else {TYPE: predictions.classes}
    for level_name, groups in by_level.items():
        is_finest = level_name == TYPE
        scores[level_name] = level_scores(
            units,
            truth if is_finest else group_truth([u.kind for u in units], groups),
            p if is_finest else group_probabilities(p, predictions.classes, groups),
            groups,
            thresholds_at(threshold, rows) if is_finest else None,
            config,
            seed,
        )
    return UnitScores(name, len(units), scores)


def level_scores(
    units: Sequence[Unit],
    truth: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    classes: tuple[str, ...],
    threshold: Thresholds,
    config: ScoringConfig,
    seed: int,
) -> LevelScores:
    """Scores of the units whose class at this level is known, with intervals over patients."""
    known = np.flatnonzero(truth != UNKNOWN)
    n_unknown = len(truth) - len(known)
    if not len(known):
        return LevelScores(classes, None, {}, n_unknown)
    truth, p = truth[known], probabilities[known]
    threshold = thresholds_at(threshold, known)
    decided = decide(p, threshold)
    scores = window_scores(truth, p, threshold, classes, config)
    return LevelScores(
        classes,
        scores,
        window_intervals(
            [units[k].subject for k in known.tolist()],
            truth,
            p,
            threshold,
            seed=seed,
            n_resamples=config.bootstrap_resamples,
        ),
        n_unknown,
        confusion_matrix(truth, decided, labels=np.arange(len(classes))),
    )


def first_rows(predictions: Predictions) -> dict[str, int]:
    """Each unit's first row; raises InputError for a row of a unit that nothing is known of."""
    rows: dict[str, int] = {}
    for k, id_ in enumerate(predictions.unit):
        rows.setdefault(id_, k)
    undescribed = rows.keys() - {unit.id for unit in predictions.units}
    if undescribed:
        raise InputError(
            f"{len(undescribed)} of {len(rows)} units in the predictions are not described in the "
            "file; write tables of predictions with eegssl, or keep their metadata"
        )
    return rows


def _in_short(scores: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if scores is None:
        return None
    names = SHOWN if "auroc" in scores else ("mae", "rmse", "r2", "pearson", "spearman")
    shown = {name: scores[name] for name in names}
    if len(scores.get("n_per_class", ())) == 2:
        shown |= {name: scores[name] for name in ("auc_pr", "sensitivity", "specificity")}
    return {"n": scores["n"]} | shown

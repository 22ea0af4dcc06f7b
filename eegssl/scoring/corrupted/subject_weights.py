"""Score a system's answers under weights of subjects.

Scores are of pooled units; those of events are means over subjects, as SzCORE's are. As each is a
function of the subjects' weights, one draw of subjects gives curves, areas under them and
differences of systems together.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.corrupted.system_answers import EventAnswers, SystemAnswers
from eegssl.scoring.number_scores import weighted_spearman
from eegssl.scoring.statistics.weighted import patient_curves
from eegssl.scoring.unit_effects import UnitAnswers

Floats = NDArray[np.float64]
Weights = NDArray[np.int64]
Score = Callable[[Weights], Floats]
"""Scores [R] of weights [R, S] of the subjects; NaN where there is none."""
LOWER_IS_BETTER = frozenset({"mae", "event_fp_per_day"})
RANKING = ("auroc", "mae")
"""The score of each target that comes first."""


def scores_of(answers: SystemAnswers, subjects: Sequence[str]) -> dict[str, Score]:
    """AUROC and balanced accuracy of classes, or error and rank correlation of numbers; of events.

    ``subjects`` are those that weights are of, in order; some may have no unit here.
    """
    place = {name: k for k, name in enumerate(subjects)}
    of_units = _of_units(answers.units, place)
    return of_units | (_of_events(answers.events, place) if answers.events else {})


def _of_units(answers: UnitAnswers, place: Mapping[str, int]) -> dict[str, Score]:
    owner = np.array([place[name] for name in answers.subjects], dtype=np.int64)
    if answers.decided is None:
        return _of_numbers(answers, owner, len(place))
    return {
        "auroc": _auroc(answers, owner, len(place)),
        "balanced_accuracy": _balanced_accuracy(answers, answers.decided, owner, len(place)),
    }


def _of_events(events: EventAnswers, place: Mapping[str, int]) -> dict[str, Score]:
    """Means over the subjects that have a score."""
    own = [place[name] for name in events.subjects]

    def mean_of(values: Floats) -> Score:
        known = np.isfinite(values).astype(np.int64)
        filled = np.where(known, values, 0.0)
        return lambda weights: _over(weights[:, own] @ filled, weights[:, own] @ known)

    return {metric: mean_of(values) for metric, values in events.values.items()}


def deciding(answers: Iterable[UnitAnswers]) -> int:
    """The subjects with a unit of the class that fewest have; of numbers, all."""
    having: dict[Hashable, set[str]] = {}
    for one in answers:
        of_class = np.zeros(len(one.ids)) if one.decided is None else one.truth
        for k, subject in zip(of_class.tolist(), one.subjects, strict=True):
            having.setdefault(k, set()).add(subject)
    return min(map(len, having.values()))


def _auroc(answers: UnitAnswers, owner: NDArray[np.int64], n: int) -> Score:
    """Of more than two classes the mean over those that occur, each against the others."""
    binary = answers.answers.shape[1] == 2
    classes = [1] if binary else np.unique(answers.truth).tolist()
    curves = [
        patient_curves((answers.truth == k).astype(np.int64), answers.answers[:, k], owner, n)
        for k in classes
    ]

    def score(weights: Weights) -> Floats:
        return _mean([curve.auroc(weights) for curve in curves])

    return score


def _balanced_accuracy(
    answers: UnitAnswers, decided: NDArray[np.int64], owner: NDArray[np.int64], n: int
) -> Score:
    counts = []
    for k in np.unique(answers.truth):
        mine = answers.truth == k
        right = np.bincount(owner[mine], decided[mine] == k, n)
        counts.append((right, np.bincount(owner[mine], minlength=n)))

    def score(weights: Weights) -> Floats:
        return _mean([_over(weights @ right, weights @ total) for right, total in counts])

    return score


def _of_numbers(answers: UnitAnswers, owner: NDArray[np.int64], n: int) -> dict[str, Score]:
    truth = np.asarray(answers.truth, dtype=np.float64)
    error, total = np.abs(answers.answers - truth), np.bincount(owner, minlength=n)
    errors = np.bincount(owner, error, n)

    def spearman(weights: Weights) -> Floats:
        return weighted_spearman(truth, answers.answers, (row[owner] for row in weights))

    return {"mae": lambda w: _over(w @ errors, w @ total), "spearman": spearman}


def _mean(parts: list[Floats]) -> Floats:
    """The mean over classes [R] of those that have a score."""
    stacked = np.stack(parts)
    known = np.isfinite(stacked)
    return _over(np.where(known, stacked, 0).sum(axis=0), known.sum(axis=0))


def _over(above: NDArray[np.generic], below: NDArray[np.generic]) -> Floats:
    top, bottom = np.asarray(above, np.float64), np.asarray(below, np.float64)
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)

"""Compute AUROC and average precision of pooled windows for drawn patients.

Windows are sorted once. A patient who is drawn twice counts twice, so a draw of patients is a
weight for each. The AUROC of a draw is then a quadratic form of the weights, and the average
precision follows from each patient's counts above every threshold: thousands of draws are a few
matrix products. Both are exact, ties included, and scikit-learn's numbers.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError

Floats = NDArray[np.float64]

_BLOCK = 2048  # thresholds at a time: bounds the memory at about 100 MB for 2,000 draws


@dataclass(frozen=True)
class PatientCurves:
    """Windows of n patients, sorted: their ranking scores for any weights of the patients.

    ``above`` [n, n]: pairs of a positive window of the row's patient and a negative one of the
    column's in the right order, ties one half. ``positives`` and ``alarms`` hold, per patient, the
    place of each positive and of every window among the thresholds, in ascending order.
    """

    n_thresholds: int
    n_positive: NDArray[np.int64]
    n_negative: NDArray[np.int64]
    above: Floats = field(repr=False)
    positives: tuple[NDArray[np.int64], ...] = field(repr=False)
    alarms: tuple[NDArray[np.int64], ...] = field(repr=False)

    @property
    def n_with_positives(self) -> int:
        """Patients with a positive window: those that a pooled curve stands on."""
        return int(np.sum(self.n_positive > 0))

    def auroc(self, weights: NDArray[np.integer]) -> Floats:
        """AUROC [R] of pooled windows under weights [R, n]; NaN where a class is missing."""
        w = np.asarray(weights, dtype=np.float64)
        right = np.einsum("rp,rp->r", w @ self.above, w)
        return _ratio(right, (w @ self.n_positive) * (w @ self.n_negative))

    def average_precision(self, weights: NDArray[np.integer]) -> Floats:
        """Average precision [R] of pooled windows under weights [R, n]; NaN without positives."""
        w = np.asarray(weights, dtype=np.float64)
        area = np.zeros(len(w))
        before = np.zeros((len(w), 1))
        for start in range(0, self.n_thresholds, _BLOCK):
            places = np.arange(start, min(start + _BLOCK, self.n_thresholds))
            hits = w @ _counts_up_to(self.positives, places)
            alarms = w @ _counts_up_to(self.alarms, places)
            gained = np.diff(hits, axis=1, prepend=before)
            before = hits[:, -1:].copy()
            np.divide(hits, alarms, out=hits, where=alarms > 0)  # gained is 0 where alarms are
            area += np.einsum("rk,rk->r", gained, hits)
        return _ratio(area, w @ self.n_positive)


def patient_curves(
    truth: NDArray[np.integer],
    score: NDArray[np.floating],
    patient: NDArray[np.integer],
    n_patients: int,
) -> PatientCurves:
    """Sort windows [n] of patients 0 ... n_patients - 1 once, for any number of draws."""
    positive, score = _checked(truth, score)
    patient = np.asarray(patient)
    if patient.shape != score.shape or (patient.size and not patient.min() >= 0):
        raise InputError(f"got patients {patient.shape} for {score.shape} windows; expected [n].")
    if patient.size and patient.max() >= n_patients:
        raise InputError(f"got patient {patient.max()}; expected less than {n_patients}.")
    order = np.lexsort((score, patient))
    edges = np.searchsorted(patient[order], np.arange(n_patients + 1))
    sorted_windows = [order[a:b] for a, b in pairwise(edges)]  # ascending scores
    pos = [score[k[positive[k]]] for k in sorted_windows]
    neg = [score[k[~positive[k]]] for k in sorted_windows]
    # Only a score that a positive window has can be a step of the precision-recall curve.
    thresholds = np.unique(score[positive])[::-1]
    return PatientCurves(
        n_thresholds=len(thresholds),
        n_positive=np.array([len(s) for s in pos], dtype=np.int64),
        n_negative=np.array([len(s) for s in neg], dtype=np.int64),
        above=_pairs_in_order(pos, neg),
        positives=tuple(_place(score[k[positive[k]]], thresholds) for k in sorted_windows),
        alarms=tuple(_place(score[k], thresholds) for k in sorted_windows),
    )


def _place(ascending: Floats, thresholds: Floats) -> NDArray[np.int64]:
    """For each score, the first of the descending thresholds that it reaches; ascending."""
    places = len(thresholds) - np.searchsorted(thresholds[::-1], ascending[::-1], side="right")
    return places.astype(np.int64)


def _counts_up_to(places: tuple[NDArray[np.int64], ...], of: NDArray[np.int64]) -> Floats:
    """Number of each patient's windows that reach the thresholds ``of``: [n, K]."""
    counts = [np.searchsorted(row, of, side="right") for row in places]
    return np.array(counts, dtype=np.float64).reshape(len(places), len(of))


def _pairs_in_order(pos: list[Floats], neg: list[Floats]) -> Floats:
    """Pairs [n, n] with the positive above the negative, ties one half; lists hold sorted scores.

    The smaller class is looked up in the larger one, patient by patient.
    """
    if sum(map(len, pos)) > sum(map(len, neg)):
        flipped = _pairs_in_order([-s[::-1] for s in neg], [-s[::-1] for s in pos])
        return flipped.T
    owner = np.repeat(np.arange(len(pos)), [len(s) for s in pos])
    every = np.concatenate(pos) if pos else np.empty(0)
    columns = []
    for scores in neg:
        below = np.searchsorted(scores, every, "left") + np.searchsorted(scores, every, "right")
        columns.append(np.bincount(owner, weights=below / 2, minlength=len(pos)))
    return np.stack(columns, axis=1) if columns else np.empty((0, 0))


def _checked(
    truth: NDArray[np.integer], score: NDArray[np.floating]
) -> tuple[NDArray[np.bool_], Floats]:
    """Marks of positive windows, and their scores."""
    truth, values = np.asarray(truth), np.asarray(score, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != values.shape or not np.all(np.isin(truth, (0, 1))):
        raise InputError("got labels and scores that do not fit; expected 0 or 1 and a score each.")
    if not np.all(np.isfinite(values)):
        raise InputError("got a score that is not finite; expected finite ones.")
    return truth == 1, values


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)

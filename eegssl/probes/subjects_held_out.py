"""Ask linear probes for numbers and classes of held-out subjects.

Subjects are dealt out to folds; each fold is answered by a probe of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from eegssl.probes.told_apart import fitted, has_converged

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

CLASS_PENALTY = 1e-2
"""Ours: of the mean loss of a window, on features of deviation 1."""
FOLDS = 5
PENALTIES = np.logspace(-6, 2, 17)
"""Ours: of the squared weights beside the mean error of a row, on features of deviation 1."""
STRONG = PENALTIES[PENALTIES > 0.05]
"""Those for rows that are hardly more than features, such as one a subject."""
_TINY = 1e-12


@dataclass(frozen=True)
class Explained:
    """Squared errors of held-out answers, and of the mean of what was learned from."""

    errors: Floats
    """[S, K], summed over the windows of each of S subjects."""
    errors_of_mean: Floats
    """[S, K]"""

    def r2(self, weights: NDArray[np.int64], k: int) -> Floats:
        """R² [R] of number ``k`` where subjects count by ``weights`` [R, S]."""
        return np.asarray(1 - (weights @ self.errors[:, k]) / (weights @ self.errors_of_mean[:, k]))


def explained(
    features: Floats, targets: Floats, subject: Integers, penalties: Floats = PENALTIES
) -> Explained | None:
    """Explain numbers [n, K] of windows by ridge regression from features [n, D].

    The penalty is chosen within what is learned from, by subjects held out there. Errors are
    compared with those of the mean that was learned, so that 0 is what no features reach. None
    below three subjects.
    """
    names, number = np.unique(subject, return_inverse=True)
    if len(names) < 3:
        return None
    errors, errors_of_mean = np.zeros((2, len(names), targets.shape[1]))
    for asked in dealt(number):
        answer = _ridge_answers(features, targets, number, asked, penalties)
        mean = targets[~asked].mean(axis=0)
        np.add.at(errors, number[asked], (targets[asked] - answer) ** 2)
        np.add.at(errors_of_mean, number[asked], (targets[asked] - mean) ** 2)
    return Explained(errors, errors_of_mean)


def _ridge_answers(
    features: Floats, targets: Floats, group: Integers, asked: Flags, penalties: Floats
) -> Floats:
    """Answers [m, K] to what is asked, by ridge regression on the rest.

    Of ``penalties`` the one is taken by which groups held out among the rest are answered best, all
    numbers together.
    """
    x, y, groups = (
        features[~asked],
        targets[~asked],
        np.unique(group[~asked], return_inverse=True)[1],
    )
    errors = np.zeros(len(penalties))
    for inner in dealt(groups) if groups.max() else []:
        answers = _ridge(x[~inner], y[~inner], x[inner], penalties)
        errors += ((answers - y[inner]) ** 2 / y.var(axis=0).clip(_TINY)).sum(axis=(1, 2))
    best = penalties[errors.argmin() : errors.argmin() + 1]
    return _ridge(x, y, features[asked], best)[0]


def _ridge(x: Floats, y: Floats, asked: Floats, penalties: Floats) -> Floats:
    """Answers [A, m, K] of ridge regression at each of A penalties, on standardised features."""
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    deviation[deviation <= _TINY * np.abs(mean).clip(1)] = 1.0
    left, values, right = np.linalg.svd((x - mean) / deviation, full_matrices=False)
    gains = values / (values**2 + len(x) * penalties[:, None])
    turned = (asked - mean) / deviation @ right.T
    return (turned[None] * gains[:, None]) @ (left.T @ (y - y.mean(axis=0))) + y.mean(axis=0)


@dataclass(frozen=True)
class ClassProbe:
    """How probes rank windows of two classes in subjects that they have not learned from."""

    subjects: Integers
    """[S], those with windows of both classes."""
    auroc: Floats
    """[S], within each."""
    auroc_changed: tuple[Floats, ...]
    """[S] each, of the same probes on other features of the same windows."""
    n_windows: int
    converged: bool


def class_probe(
    features: Floats, positive: Flags, subject: Integers, changed: Sequence[Floats] = ()
) -> ClassProbe | None:
    """Probe for ``positive`` windows [n] by logistic regression from features [n, D].

    ``changed``, [n, D] each, are features of the same windows of which the same probes are asked
    too. None below two subjects with windows of both classes.
    """
    both = np.intersect1d(subject[positive], subject[~positive])
    if len(both) < 2:
        return None
    spaces, converged = (features, *changed), True
    values = np.zeros((len(spaces), len(subject)))
    for asked in dealt(np.searchsorted(both, subject)):
        probe = fitted(features[~asked], positive[~asked].astype(np.int64), CLASS_PENALTY)
        values[:, asked] = [probe.decision_function(space[asked]) for space in spaces]
        converged &= has_converged(probe)
    mine = [subject == k for k in both]
    auroc, *others = (np.array([_auroc(positive[m], v[m]) for m in mine]) for v in values)
    n_windows = int(np.isin(subject, both).sum())
    return ClassProbe(both, auroc, tuple(others), n_windows, converged)


def subject_values(features: Floats, positive: Flags) -> tuple[Floats, bool]:
    """Held-out values [S] for the class of subjects, one row of features [S, D] each.

    Each class is dealt out by itself, so that every fold has the shares of all.
    """
    place = np.zeros(len(positive), np.int64)
    for of_class in (positive, ~positive):
        place[of_class] = np.arange(of_class.sum())
    values, converged = np.zeros(len(positive)), True
    for asked in dealt(place):
        probe = fitted(features[~asked], positive[~asked].astype(np.int64), CLASS_PENALTY)
        values[asked] = probe.decision_function(features[asked])
        converged &= has_converged(probe)
    return values, converged


def _auroc(positive: Flags, values: Floats) -> float:
    """The share of pairs of a positive and another window in the right order, ties one half."""
    n = int(positive.sum())
    above = rankdata(values)[positive].sum() - n * (n + 1) / 2
    return float(above / (n * (len(values) - n)))


def dealt(number: Integers) -> list[Flags]:
    """The rows [n] of each fold: numbers are dealt out in turn, so equal ones stay together."""
    fold = number % min(FOLDS, len(np.unique(number)))
    return [fold == k for k in np.unique(fold)]

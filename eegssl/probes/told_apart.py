"""Tell subjects, or the recordings of one subject, apart by linear probes.

Windows of a recording that follow each other are alike, so what is asked never lies between what
is learned from: of each recording the earlier half of its windows is learned from and the later
half asked, and then the other way round.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

NAME_PENALTY = 1e-3
"""Ours: of the mean loss of a window, on features of deviation 1."""
_MOST_STEPS = 5000


@dataclass(frozen=True)
class ToldApart:
    """Of each of K names the share of its windows that were named rightly."""

    shares: Floats
    """[K]"""
    names: Integers
    """[K]"""
    n_windows: int
    converged: bool

    @property
    def chance(self) -> float:
        """The share that guessing among the names would name rightly."""
        return 1 / len(self.names)


def told_apart(features: Floats, name: Integers, late: Flags) -> ToldApart | None:
    """How well features [n, D] tell apart names [n] with windows in both halves; None below two.

    ``late`` [n] tells which half of its recording a window lies in.
    """
    names = np.intersect1d(name[late], name[~late])
    if len(names) < 2:
        return None
    kept = np.isin(name, names)
    right, converged = np.zeros(len(name), np.bool_), True
    for learned in (kept & ~late, kept & late):
        asked = kept & ~learned
        probe = fitted(features[learned], name[learned], NAME_PENALTY)
        right[asked] = probe.predict(features[asked]) == name[asked]
        converged &= has_converged(probe)
    shares = np.array([right[name == k].mean() for k in names])
    return ToldApart(shares, names, int(kept.sum()), converged)


@dataclass(frozen=True)
class AcrossFiles:
    """Of each of K subjects with several recordings the share of windows named rightly, in the
    recording that was learned from and in others."""

    same: Floats
    """[K], of the later half of the recording that was learned from."""
    other: Floats
    """[K], of the later halves of the subject's other recordings."""
    n_windows: int
    converged: bool


def across_files(
    features: Floats, subject: Integers, file: Integers, late: Flags
) -> AcrossFiles | None:
    """How a probe that has learned subjects from one recording each names them in others.

    Learned from the earlier half of one recording of each subject, in two rounds, each of another
    recording; None where fewer than two subjects have two recordings with windows in both halves.
    """
    whole = np.intersect1d(file[late], file[~late])
    of_each = {int(k): np.intersect1d(file[subject == k], whole) for k in np.unique(subject)}
    several = {k: files for k, files in of_each.items() if len(files) > 1}
    if len(several) < 2:
        return None
    shares, n_windows, converged = [], 0, True
    for turn in (0, 1):
        chosen = np.array([files[turn] for files in several.values()])
        others = np.array([f for files in several.values() for f in files if f not in chosen])
        learned = np.isin(file, chosen) & ~late
        probe = fitted(features[learned], subject[learned], NAME_PENALTY)
        converged &= has_converged(probe)
        pair = []
        for asked in (np.isin(file, chosen) & late, np.isin(file, others) & late):
            right = probe.predict(features[asked]) == subject[asked]
            pair.append([right[subject[asked] == k].mean() for k in several])
            n_windows += int(asked.sum())
        shares.append(pair)
    same, other = np.mean(shares, axis=0)
    return AcrossFiles(same, other, n_windows, converged)


def fitted(features: Floats, labels: Integers, penalty: float) -> Pipeline:
    """Logistic regression on standardised features [n, D], classes counting alike, to convergence.

    ``penalty`` is that of the squared weights beside the mean loss of a window.
    """
    model = LogisticRegression(
        C=1 / (penalty * len(labels)), class_weight="balanced", max_iter=_MOST_STEPS
    )
    with warnings.catch_warnings(), config_context(skip_parameter_validation=True):
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is told by `has_converged`
        return make_pipeline(StandardScaler(), model).fit(features, labels)


def has_converged(probe: Pipeline) -> bool:
    """Whether a fitted probe ended before its last step."""
    return int(probe[-1].n_iter_.max()) < _MOST_STEPS

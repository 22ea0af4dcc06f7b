"""Take pooled scores of two systems apart into shares of subjects.

A patient has one outcome, so that no AUROC is of one patient: units (patients, recordings, events)
are compared by the score of all of them together. Were two systems alike, their answers for the
units of a subject could be swapped; every score here is then a sum over subjects whose sign flips
with the swap, exactly, so that the permutation of signs is the test. Of an AUROC answers are
replaced by their ranks, as systems have scales of their own (Venkatraman & Begg, Biometrika 1996;
Bandos et al., Stat Med 2005). Intervals draw subjects with all their units.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from eegssl.scoring.compare import SAME
from eegssl.scoring.number_scores import weighted_spearman
from eegssl.scoring.statistics.weighted import patient_curves

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class UnitAnswers:
    """The answers of a system for units ``ids`` [U] of ``subjects`` [U], named by ``unit``.

    ``truth`` [U] are classes 0 ... K - 1 with probabilities ``answers`` [U, K] and ``decided`` [U];
    or numbers, with ``answers`` [U] and nothing decided.
    """

    unit: str
    ids: tuple[str, ...]
    subjects: tuple[str, ...]
    truth: NDArray[np.int64] | Floats
    answers: Floats
    decided: NDArray[np.int64] | None = None


Runs = Mapping[Hashable, UnitAnswers]
"""Draw, seed and fold -> the answers for the units that were tested there."""


@dataclass(frozen=True)
class Effect:
    """One score of a system less that of another, over ``n`` units that both were tested on.

    ``gaps`` [S] are shares of the ``n_subjects``, whose mean is the difference; empty where there
    is no score, and ``undefined`` says why. ``score`` gives differences [R] under weights [R, S] of
    the subjects. ``n_deciding`` subjects have a unit of the class that fewest have.
    """

    n: int
    n_subjects: int
    gaps: Floats
    score: Callable[[NDArray[np.int64]], Floats] = field(repr=False)
    n_deciding: int
    undefined: str


@dataclass(frozen=True)
class _Pair:
    """One run of both: the same units in the same order, whose ``subject`` [U] is a place."""

    subject: NDArray[np.int64]
    truth: NDArray[np.int64] | Floats
    ours: Floats
    theirs: Floats
    right: Floats
    """[U], 1 where ours decided right and theirs did not, -1 the other way round."""


def unit_effects(ours: Runs, theirs: Runs) -> dict[str, Effect]:
    """Differences by the name of the score: AUROC and balanced accuracy, or error and rank ρ.

    Only runs that both have are compared; units are ranked among those of their run.
    """
    shared = [run for run in ours if run in theirs]
    ids = sorted({id_ for run in shared for id_ in {*ours[run].ids} & {*theirs[run].ids}})
    if not ids:
        return {}
    subject_of = {i: s for r in shared for i, s in zip(ours[r].ids, ours[r].subjects, strict=True)}
    names = sorted({subject_of[id_] for id_ in ids})
    place = {id_: names.index(subject_of[id_]) for id_ in ids}
    pairs = [_paired(ours[run], theirs[run], place) for run in shared]
    if ours[shared[0]].decided is None:
        return {
            "mae": _error(pairs, len(ids), len(names)),
            "spearman": _rank_correlation(pairs, len(ids), len(names)),
        }
    return {
        "auroc": _auroc(pairs, len(ids), len(names)),
        "balanced_accuracy": _balanced_accuracy(pairs, len(ids), len(names)),
    }


def _paired(ours: UnitAnswers, theirs: UnitAnswers, place: Mapping[str, int]) -> _Pair:
    mine, other = ({id_: k for k, id_ in enumerate(one.ids)} for one in (ours, theirs))
    ids = [id_ for id_ in ours.ids if id_ in other]
    a, b = [mine[id_] for id_ in ids], [other[id_] for id_ in ids]
    truth, right = ours.truth[a], np.zeros(len(ids))
    if ours.decided is not None and theirs.decided is not None:
        right = (ours.decided[a] == truth).astype(float) - (theirs.decided[b] == truth)
    first, second = ours.answers[a], theirs.answers[b]
    same = np.abs(first - second) < SAME * np.abs(second)  # rounding alone sets them apart
    subject = np.array([place[id_] for id_ in ids], dtype=np.int64)
    return _Pair(subject, truth, np.where(same, second, first), second, right)


def _auroc(pairs: list[_Pair], n: int, n_subjects: int) -> Effect:
    """Of two classes the AUROC; of more its mean over classes, each against the others."""
    several = max(pair.ours.shape[1] for pair in pairs) > 2
    classes = range(pairs[0].ours.shape[1]) if several else (1,)
    parts = [_rank_sums(pairs, k, n_subjects) for k in classes]
    parts = [part for part in parts if part[2].sum() > 0]

    def score(weights: NDArray[np.int64]) -> Floats:
        w = weights.astype(np.float64)
        ratios = [
            _over(np.einsum("rs,rs->r", w @ kept, w), np.einsum("rs,rs->r", w @ counts, w))
            for kept, _, counts in parts
        ]
        return _mean(ratios, len(w))

    gaps = [
        n_subjects * ((kept - swapped).sum(axis=1) + (kept + swapped).sum(axis=0)) / 2 / c.sum()
        for kept, swapped, c in parts
    ]
    rare = [int(min((c.sum(axis=axis) > 0).sum() for axis in (0, 1))) for _, _, c in parts]
    return Effect(
        n,
        n_subjects,
        _mean(gaps, 0),
        score,
        n_subjects if several else min(rare, default=0),
        "no two units of different classes were tested together",
    )


def _rank_sums(pairs: list[_Pair], k: int, n_subjects: int) -> tuple[Floats, Floats, Floats]:
    """Pairs of a unit of class k (row: its subject) and another one (column), [S, S] each.

    In the right order by ours less by theirs, where nobody's answers are swapped; the same where
    the row's alone are swapped; and their number.
    """
    kept, swapped, counts = (np.zeros((n_subjects, n_subjects)) for _ in range(3))
    for pair in pairs:
        positive = pair.truth == k
        a, b = rankdata(pair.ours[:, k]), rankdata(pair.theirs[:, k])

        def above(
            of_row: Floats,
            of_column: Floats,
            positive: NDArray[np.bool_] = positive,
            subject: NDArray[np.int64] = pair.subject,
        ) -> Floats:
            ranks = np.where(positive, of_row, of_column)
            curves = patient_curves(positive.astype(np.int64), ranks, subject, n_subjects)
            return curves.above

        kept += above(a, a) - above(b, b)
        swapped += above(b, a) - above(a, b)
        of_class = np.bincount(pair.subject, positive, n_subjects)
        counts += np.outer(of_class, np.bincount(pair.subject, ~positive, n_subjects))
    return kept, swapped, counts


def _balanced_accuracy(pairs: list[_Pair], n: int, n_subjects: int) -> Effect:
    """The mean over classes of the share that is decided right."""
    sums: list[tuple[Floats, Floats]] = []
    for k in range(pairs[0].ours.shape[1]):
        right, total = np.zeros(n_subjects), np.zeros(n_subjects)
        for pair in pairs:
            of_class = pair.truth == k
            right += np.bincount(pair.subject, pair.right * of_class, n_subjects)
            total += np.bincount(pair.subject, of_class, n_subjects)
        sums += [(right, total)] if total.any() else []
    if len(sums) < 2:
        sums = []
    gaps = [n_subjects * right / total.sum() for right, total in sums]
    rarest = min((int((total > 0).sum()) for _, total in sums), default=0)
    return Effect(
        n,
        n_subjects,
        _mean(gaps, 0),
        lambda w: _mean([_over(w @ right, w @ total) for right, total in sums], len(w)),
        n_subjects if len(sums) > 2 else rarest,
        "all units are of one class",
    )


def _error(pairs: list[_Pair], n: int, n_subjects: int) -> Effect:
    """The mean absolute error."""
    worse, total = np.zeros(n_subjects), np.zeros(n_subjects)
    for pair in pairs:
        ours, theirs = (np.abs(one - pair.truth) for one in (pair.ours, pair.theirs))
        worse += np.bincount(pair.subject, ours - theirs, n_subjects)
        total += np.bincount(pair.subject, minlength=n_subjects)
    gaps = n_subjects * worse / total.sum()
    return Effect(n, n_subjects, gaps, lambda w: _over(w @ worse, w @ total), n_subjects, "")


def _rank_correlation(pairs: list[_Pair], n: int, n_subjects: int) -> Effect:
    """Spearman's correlation; runs in which one of both has none are left out."""
    known = [p for p in pairs if all(np.ptp(x) > 0 for x in (p.truth, p.ours, p.theirs))]
    total = sum(len(pair.truth) for pair in known)

    def score(weights: NDArray[np.int64]) -> Floats:
        change = np.zeros(len(weights))
        for p in known:
            ours, theirs = (
                weighted_spearman(p.truth.astype(float), x, (row[p.subject] for row in weights))
                for x in (p.ours, p.theirs)
            )
            change += len(p.truth) * (ours - theirs)
        return change / total if total else np.full(len(weights), np.nan)

    gaps = np.zeros(n_subjects if total else 0)
    for p in known:
        true, ours, theirs = (_standard_ranks(x) for x in (p.truth, p.ours, p.theirs))
        gaps += np.bincount(p.subject, true * (ours - theirs), n_subjects) * n_subjects / total
    undefined = "one of both gave the same number to all units of a run"
    return Effect(n, n_subjects, gaps, score, n_subjects, undefined)


def _standard_ranks(x: NDArray[np.floating] | NDArray[np.integer]) -> Floats:
    ranks = np.asarray(rankdata(x), dtype=np.float64)
    return np.asarray((ranks - ranks.mean()) / ranks.std())


def _mean(parts: list[Floats], n: int) -> Floats:
    """The mean over classes of values [n], those of a class that has none left out."""
    if not parts:
        return np.full(n, np.nan)
    stacked = np.stack(parts)
    known = np.isfinite(stacked)
    return _over(np.where(known, stacked, 0.0).sum(axis=0), known.sum(axis=0).astype(float))


def _over(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)

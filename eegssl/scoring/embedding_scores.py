"""Score embeddings in a moment: effective rank, and what linear probes read.

They tell on the first day of a pretraining whether embeddings collapse, and whether they tell
people apart rather than brain states.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

Floats = NDArray[np.float64]

FEWEST_SUBJECTS = 2
RIDGE_SHARE = 0.1
"""Ours: the penalty of a probe, as a share of its windows; features have deviation 1."""
_NOISE = 1e-12  # of the largest eigenvalue: below it lies rounding


def effective_rank(embeddings: NDArray[np.floating]) -> float:
    """The number of directions that embeddings [n, D] use, between 1 and min(n - 1, D).

    It is exp(H) of the normalised singular values' entropy H (Roy & Vetterli, 2007; RankMe, Garrido
    et al., 2023), here of the embeddings less their mean, so that an offset that all windows share
    counts for nothing. 1 where all embeddings are the same.
    """
    centred = np.asarray(embeddings, dtype=np.float64)
    centred = centred - centred.mean(axis=0)
    n, width = centred.shape
    gram = centred.T @ centred if width <= n else centred @ centred.T
    values = np.linalg.eigvalsh(gram)
    values = values[values > _NOISE * max(values.max(initial=0.0), np.finfo(np.float64).tiny)]
    if not len(values):
        return 1.0
    share = np.sqrt(values) / np.sqrt(values).sum()
    return float(np.exp(-np.sum(share * np.log(share))))


def subject_probe(
    embeddings: NDArray[np.floating], subjects: NDArray[np.integer]
) -> tuple[float, float] | None:
    """How well a linear probe tells subjects apart by embeddings [n, D], and what chance would.

    Of each subject's windows, in the order given, the first half is learned from and the second
    half told apart; ``subjects`` [n] are numbers. The score is the mean over subjects of the share
    of their windows that are named rightly; chance is one in their number. Subjects with one
    window are left out; None where fewer than two remain.
    """
    _, numbers, counts = np.unique(subjects, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(counts >= 2)
    if len(kept) < FEWEST_SUBJECTS:
        return None
    places = [np.flatnonzero(numbers == k) for k in kept]
    learned = np.concatenate([p[: (len(p) + 1) // 2] for p in places])
    asked = np.concatenate([p[(len(p) + 1) // 2 :] for p in places])
    truth = numbers[learned][:, None] == kept
    weights = 1 / truth.sum(axis=0)[truth.argmax(axis=1)]
    scores = _ridge(embeddings[learned], truth.astype(np.float64), weights, embeddings[asked])
    right = kept[scores.argmax(axis=1)] == numbers[asked]
    shares = [right[numbers[asked] == k].mean() for k in kept]
    return float(np.mean(shares)), 1 / len(kept)


def label_probe(
    embeddings: NDArray[np.floating],
    positive: NDArray[np.bool_],
    subjects: NDArray[np.integer],
) -> float | None:
    """The AUROC of a linear probe for ``positive`` [n] windows of subjects that it has not seen.

    Subjects with positive windows take turns in two halves; each half is scored by the probe of
    the other, and the halves' scores are averaged. None where a half has one class only.
    """
    scores = []
    for half in _halves(positive, subjects):
        truth, rest = positive[half], positive[~half]
        if not (truth.any() and rest.any()) or truth.all() or rest.all():
            return None
        shares = np.where(rest, rest.mean(), 1 - rest.mean())
        signs = np.where(rest, 1.0, -1.0)[:, None]
        values = _ridge(embeddings[~half], signs, 0.5 / shares, embeddings[half])
        scores.append(float(roc_auc_score(truth, values[:, 0])))
    return float(np.mean(scores)) if scores else None


def _halves(
    positive: NDArray[np.bool_], subjects: NDArray[np.integer]
) -> Iterator[NDArray[np.bool_]]:
    """The windows of either half of the subjects; none where fewer than two have both halves."""
    with_positive = np.unique(subjects[positive])
    if len(with_positive) < FEWEST_SUBJECTS:
        return
    others = np.setdiff1d(subjects, with_positive)
    first = np.concatenate([with_positive[::2], others[::2]])
    half = np.isin(subjects, first)
    yield half
    yield ~half


def _ridge(
    learned: NDArray[np.floating], targets: Floats, weights: Floats, asked: NDArray[np.floating]
) -> Floats:
    """Predict ``targets`` [n, K] of ``learned`` [n, D] by ridge regression in ``asked``: [m, K].

    Windows count by ``weights`` [n]; features are standardised, the constant is not shrunk.
    """
    x, y = (np.asarray(values, dtype=np.float64) for values in (learned, asked))
    share = (weights / weights.sum())[:, None]
    mean = (share * x).sum(axis=0)
    deviation = np.sqrt((share * (x - mean) ** 2).sum(axis=0))
    deviation[deviation <= _NOISE * max(float(np.abs(x).max(initial=0.0)), 1.0)] = 1.0
    x, y = (x - mean) / deviation, (y - mean) / deviation
    offset = (share * targets).sum(axis=0)
    root = np.sqrt(share)
    scaled, wanted = root * x, root * (targets - offset)
    if x.shape[1] <= len(x):
        gram = scaled.T @ scaled + RIDGE_SHARE * np.eye(x.shape[1])
        return y @ np.linalg.solve(gram, scaled.T @ wanted) + offset
    gram = scaled @ scaled.T + RIDGE_SHARE * np.eye(len(x))
    return y @ (scaled.T @ np.linalg.solve(gram, wanted)) + offset

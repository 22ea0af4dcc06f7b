"""Units are compared by their pooled score, and the test is the one of swapped subjects."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from eegssl.scoring.paired_units import compare_units
from eegssl.scoring.unit_effects import UnitAnswers, unit_effects


def answers(truth, scores, subjects=None, threshold=0.5):
    """Units u0, u1, ... with a probability of class 1 each, or with those of all classes."""
    p = np.asarray(scores, dtype=float)
    p = np.stack([1 - p, p], axis=1) if p.ndim == 1 else p
    ids = tuple(f"u{k}" for k in range(len(truth)))
    decided = (p[:, 1] >= threshold).astype(int) if p.shape[1] == 2 else p.argmax(axis=1)
    return UnitAnswers("patient", ids, tuple(subjects or ids), np.asarray(truth), p, decided)


def numbers(truth, values, subjects=None):
    ids = tuple(f"u{k}" for k in range(len(truth)))
    return UnitAnswers(
        "recording", ids, tuple(subjects or ids), np.asarray(truth), np.asarray(values, float)
    )


def two_systems(seed, n=10, n_classes=2):
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % n_classes
    return truth, *(rng.dirichlet(np.ones(n_classes), n) for _ in range(2))


def compared(ours, theirs, resamples=100):
    found = compare_units({"": (ours, theirs)}, seed=0, n_resamples=resamples)
    return {metric: of_pairs[""] for metric, of_pairs in found.items()}


@pytest.mark.parametrize("subjects", [None, list("aabbccdd")])
@pytest.mark.parametrize("seed", range(2))
def test_the_p_of_an_auroc_is_that_of_all_swaps_of_ranks_within_subjects(seed, subjects):
    truth, a, b = two_systems(seed, 8)
    runs = [{0: answers(truth, one[:, 1], subjects)} for one in (a, b)]
    n, got = compared(*runs)["auroc"]
    ranks = [rankdata(one[:, 1]) for one in (a, b)]
    owner = np.unique(subjects or np.arange(8), return_inverse=True)[1]
    differences = []
    for swaps in product((False, True), repeat=owner.max() + 1):
        swapped = np.array(swaps)[owner]
        ours, theirs = np.where(swapped, ranks[::-1], ranks)
        differences.append(roc_auc_score(truth, ours) - roc_auc_score(truth, theirs))
    assert (n, got.n) == (8, owner.max() + 1)
    assert got.difference == pytest.approx(differences[0])
    as_far = np.abs(differences) >= abs(differences[0]) - 1e-12
    assert got.p == pytest.approx(as_far.mean())


def test_classes_and_numbers_differ_by_the_scores_that_pages_show():
    truth, a, b = two_systems(0, 12, 3)
    found = compared({0: answers(truth, a)}, {0: answers(truth, b)})
    macro = [np.mean([roc_auc_score(truth == k, one[:, k]) for k in range(3)]) for one in (a, b)]
    balanced = [balanced_accuracy_score(truth, one.argmax(axis=1)) for one in (a, b)]
    assert found["auroc"][1].difference == pytest.approx(macro[0] - macro[1])
    assert found["balanced_accuracy"][1].difference == pytest.approx(balanced[0] - balanced[1])
    true, ours, theirs = np.random.default_rng(1).normal(size=(3, 12))
    found = compared({0: numbers(true, ours)}, {0: numbers(true, theirs)})
    error = np.abs(ours - true).mean() - np.abs(theirs - true).mean()
    rank = spearmanr(true, ours).statistic - spearmanr(true, theirs).statistic
    assert found["mae"][1].difference == pytest.approx(error)
    assert found["spearman"][1].difference == pytest.approx(rank)


def test_runs_are_averaged_and_only_units_tested_together_are_ranked():
    """Two seeds of one fold, and one fold more: what a run of its own scale says is kept apart."""
    truth, a, b = two_systems(2, 12)
    whole, other = (answers(truth, one[:, 1]) for one in (a, b))

    def part(of, rows, shift=0.0):
        return UnitAnswers(
            of.unit,
            tuple(of.ids[k] for k in rows),
            tuple(of.subjects[k] for k in rows),
            of.truth[rows],
            of.answers[rows] + shift,
            of.decided[rows],
        )

    first, second = np.arange(6), np.arange(6, 12)
    ours = {
        (0, 0): part(whole, first),
        (0, 1): part(whole, second, 5.0),
        (1, 0): part(other, first),
    }
    theirs = {(0, 0): part(other, first), (0, 1): part(other, second), (1, 0): part(other, first)}
    gaps = [
        roc_auc_score(truth[rows], a[rows, 1]) - roc_auc_score(truth[rows], b[rows, 1])
        for rows in (first, second)
    ]
    n, got = compared(ours, theirs)["auroc"]
    assert n == 12
    assert got.difference == pytest.approx((gaps[0] + gaps[1] + 0.0) / 3)
    theirs[2, 0] = part(whole, first)  # a run that ours lacks
    assert compared(ours, theirs)["auroc"][1].difference == pytest.approx(got.difference)


def test_a_system_does_not_differ_from_itself_nor_from_its_rounding():
    truth, a, _ = two_systems(3, 14)
    ours = answers(truth, a[:, 1])
    for other in (ours, replace(ours, answers=ours.answers * (1 - 1e-8))):
        for n, got in compared({0: ours}, {0: other}).values():
            assert (n, got.difference, got.p, got.p_holm) == (14, 0.0, 1.0, 1.0)


def test_units_that_are_never_tested_with_another_class_have_no_auroc_and_say_so():
    truth, a, b = two_systems(4, 6)
    ours, theirs = (
        {
            k: UnitAnswers("patient", (f"u{k}",), (f"u{k}",), truth[[k]], p[[k]], truth[[k]])
            for k in range(6)
        }
        for p in (a, b)
    )
    n, got = compared(ours, theirs)["auroc"]
    assert (n, got.difference, got.p, got.low) == (6, None, None, None)
    assert "tested together" in got.note
    assert compared(ours, theirs)["balanced_accuracy"][1].difference == 0.0
    assert unit_effects(ours, {}) == {}


def test_holm_is_over_the_systems_and_intervals_hold_what_the_difference_is():
    rng = np.random.default_rng(5)
    truth = np.arange(40) % 2
    base = rng.normal(size=40)
    systems = {"good": base + 2.0 * truth, "same": base + rng.normal(0, 0.01, 40)}
    pairs = {
        name: ({0: answers(truth, rankdata(x) / 41)}, {0: answers(truth, rankdata(base) / 41)})
        for name, x in systems.items()
    }
    found = compare_units(pairs, seed=0, n_resamples=500)["auroc"]
    good, same = found["good"][1], found["same"][1]
    assert 0 < good.low < good.difference < good.high < 1
    assert good.p_holm == pytest.approx(2 * good.p)
    assert same.low <= 0 <= same.high


@pytest.mark.parametrize("apart", [0.0, 1.5])
def test_systems_that_are_equally_good_are_rarely_told_apart(apart):
    """Two noisy views of 12 patients: p below .05 in about 5 % of cohorts, and not in far more."""
    truth, below = np.arange(12) % 2, 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        signal = apart * truth + rng.normal(size=12)
        ours, theirs = (rankdata(signal + rng.normal(size=12)) / 13 for _ in range(2))
        got = compare_units(
            {0: ({0: answers(truth, ours)}, {0: answers(truth, theirs)})}, seed=0, n_resamples=1
        )
        below += got["auroc"][0][1].p < 0.05
    assert below <= 18  # of 200, 10 are expected: more than 18 have a chance of .5 %

"""Odds ratios of codes: the textbook's numbers, honest intervals, few false discoveries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from eegssl.scoring.statistics.odds import (
    MIN_SUBJECTS,
    false_discovery,
    odds_ratios,
    robins_breslow_greenland,
)

Counts = tuple[NDArray[np.int64], NDArray[np.int64]]


def tables(rows: list[tuple[int, int, int, int]]) -> Counts:
    """Two codes, the one asked about and all others, from (a, b, c, d) of each subject."""
    a, b, c, d = np.array(rows, dtype=np.int64).T
    return np.stack([a, b], axis=1), np.stack([c, d], axis=1)


def test_a_hand_worked_example() -> None:
    """Two strata of 100: (10, 20; 30, 40) and (5, 15; 20, 60).

    R = 10*40/100 + 5*60/100 = 7, S = 20*30/100 + 15*20/100 = 9, ratio 7/9. Robins, Breslow and
    Greenland: P = .5, .65; Q = .5, .35; sum PR = 3.95, PS + QR = 4.95 + 3.05 = 8, QS = 4.05;
    variance = 3.95/98 + 8/126 + 4.05/162.
    """
    rows = [(10, 20, 30, 40), (5, 15, 20, 60)]
    found = odds_ratios(*tables(rows))
    assert found.log_odds_ratio[0] == pytest.approx(np.log(7 / 9), abs=1e-12)
    assert found.log_odds_ratio[1] == pytest.approx(-np.log(7 / 9), abs=1e-12)
    for_, against, agree = np.array([4.0, 3.0]), np.array([6.0, 3.0]), np.array([0.5, 0.65])
    got = robins_breslow_greenland(for_[:, None], against[:, None], agree[:, None])
    assert got == pytest.approx(3.95 / 98 + 8 / 126 + 4.05 / 162, abs=1e-12)


def test_simpson_is_seen_through() -> None:
    """In each subject there is no difference; pooled over patches there would be a great one."""
    rows = [(90, 10, 900, 100), (1, 99, 10, 990)] * 4
    rows[::2] = [(900, 100, 90, 10)] * 4
    found = odds_ratios(*tables(rows))
    assert found.log_odds_ratio[0] == pytest.approx(0, abs=1e-12)
    assert found.p[0] == pytest.approx(1)


def test_one_class_says_nothing_and_is_counted() -> None:
    rows = [(10, 20, 30, 400), (5, 15, 20, 60)]
    with_more = [*rows, (0, 0, 500, 1), (7, 0, 0, 0), (0, 0, 0, 0)]
    one, more = odds_ratios(*tables(rows)), odds_ratios(*tables(with_more))
    assert one.log_odds_ratio == pytest.approx(more.log_odds_ratio, abs=1e-12)
    assert (more.n_both, more.n_one_class) == (2, 2)


@pytest.mark.parametrize("n", [MIN_SUBJECTS - 1, MIN_SUBJECTS])
def test_few_subjects_get_no_interval(n: int) -> None:
    rows = [(10 + k, 20, 30, 400) for k in range(n)] + [(0, 30, 0, 400)] * 9
    found = odds_ratios(*tables(rows))
    assert np.isfinite(found.log_odds_ratio[0])
    assert found.n_informative[0] == n
    for values in (found.ci_low, found.ci_high, found.p, found.q):
        assert np.isfinite(values[0]) == (n >= MIN_SUBJECTS)


def test_one_subject_with_all_the_patches_is_no_proof() -> None:
    """Thousands of patches of one person beside a handful of seven others."""
    rows = [(5000, 5000, 100, 90000)] + [(1, 9, 9, 91)] * 7
    found = odds_ratios(*tables(rows))
    assert found.n_effective[0] < 2
    assert found.p[0] > 0.05


def test_what_occurs_in_seizures_alone_has_a_large_finite_ratio() -> None:
    rows = [(20 + k, 80, 0, 900) for k in range(8)]
    found = odds_ratios(*tables(rows))
    assert found.corrected[0]
    assert found.log_odds_ratio[0] > np.log(50)
    assert found.ci_low[0] > np.log(5)
    assert found.q[0] < 0.05
    assert found.log_odds_ratio[1] == pytest.approx(-found.log_odds_ratio[0])


def test_a_code_that_nobody_shows_has_none() -> None:
    seizure, background = (np.array([[0, 5, 3]] * 8), np.array([[0, 50, 30]] * 8))
    found = odds_ratios(seizure, background)
    assert np.isnan([found.log_odds_ratio[0], found.p[0], found.q[0]]).all()
    assert found.n_informative[0] == 0


@given(
    st.lists(st.tuples(*[st.integers(0, 50)] * 4), min_size=1, max_size=12),
    st.integers(0, 2**31),
)
def test_classes_swapped_flip_the_sign_and_subjects_have_no_order(
    rows: list[tuple[int, int, int, int]], seed: int
) -> None:
    seizure, background = tables(rows)
    found, swapped = odds_ratios(seizure, background), odds_ratios(background, seizure)
    order = np.random.default_rng(seed).permutation(len(rows))
    mixed = odds_ratios(seizure[order], background[order])
    for one, other in ((swapped, -1), (mixed, 1)):
        np.testing.assert_allclose(one.log_odds_ratio, other * found.log_odds_ratio, atol=1e-9)
        np.testing.assert_allclose(one.p, found.p, atol=1e-7)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_q_is_that_of_benjamini_and_hochberg(values: list[float]) -> None:
    p = np.array(values)
    np.testing.assert_allclose(false_discovery(p), false_discovery_control(p), atol=1e-12)
    gaps = np.concatenate([[np.nan], p, [np.nan]])
    np.testing.assert_allclose(false_discovery(gaps)[1:-1], false_discovery(p))
    assert np.isnan(false_discovery(gaps)[[0, -1]]).all()


def bad_counts() -> list[Counts]:
    one = np.ones((2, 3), dtype=np.int64)
    return [(one, one[:, :2]), (one[0], one[0]), (one, -one)]


@pytest.mark.parametrize("counts", bad_counts())
def test_counts_that_fit_nothing_are_refused(counts: Counts) -> None:
    with pytest.raises(ValueError, match="got"):
        odds_ratios(*counts)


def simulated(
    rng: np.random.Generator,
    n_subjects: int,
    n_codes: int,
    effect: float | NDArray[np.float64],
    spread: float,
    rarest: float = -9,
) -> Counts:
    """Subjects who differ e-fold in length and 4.5-fold in how often they show each code.

    ``effect`` is the log odds ratio; in seizure and in background each subject's rates wander by
    ``spread`` besides, as states of one person do.
    """
    n = [rng.lognormal(mean, 1, (n_subjects, 1)).astype(int) + 50 for mean in (7.5, 10.0)]
    usual = rarest + rng.uniform(0, 3, n_codes) + rng.normal(0, 1.5, (n_subjects, n_codes))
    shape = (n_subjects, n_codes)
    logits = [usual + rng.normal(0, spread, shape) for _ in range(2)]
    counts = [
        rng.binomial(total, 1 / (1 + np.exp(-logit - add)))
        for total, logit, add in zip(n, logits, (effect, 0), strict=True)
    ]
    rest = [np.maximum(t - c.sum(axis=1, keepdims=True), 0) for t, c in zip(n, counts, strict=True)]
    seizure, background = (np.hstack(pair) for pair in zip(counts, rest, strict=True))
    return seizure, background


@pytest.mark.parametrize("n_subjects", [8, 15, 40])
@pytest.mark.parametrize("effect", [-1.0, 0.0, 2.0])
def test_intervals_hold_the_truth(n_subjects: int, effect: float) -> None:
    """Seizure and background of one code against all else, 600 times, strong subject effects."""
    rng = np.random.default_rng([1, n_subjects])
    held = []
    for _ in range(600):
        seizure, background = simulated(rng, n_subjects, 1, effect, 0.0, rarest=-6)
        found = odds_ratios(seizure, background)
        if np.isfinite(found.ci_low[0]):
            held.append(found.ci_low[0] <= effect <= found.ci_high[0])
    assert len(held) > 400
    assert np.mean(held) >= 0.90


@pytest.mark.parametrize("n_subjects", [8, 15, 40])
@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0])
def test_of_null_codes_hardly_any_is_discovered(n_subjects: int, spread: float) -> None:
    """All 100 codes are null: at q < .05 at most one run in twenty may discover anything.

    ``spread`` is heterogeneity: in one person a code is commoner in seizures, in the next rarer.
    """
    rng = np.random.default_rng([2, n_subjects, int(10 * spread)])
    runs, wrong = 150, 0
    for _ in range(runs):
        found = odds_ratios(*simulated(rng, n_subjects, 100, 0.0, spread))
        wrong += bool((found.q[:-1] < 0.05).any())
    assert wrong <= runs * 0.05 + 2 * np.sqrt(runs * 0.05 * 0.95)


def test_true_codes_are_found_and_one_in_twenty_of_the_found_is_false() -> None:
    rng = np.random.default_rng(3)
    shares, power = [], []
    for _ in range(60):
        effects = np.repeat([2.0, 0.0], [15, 60])
        found = odds_ratios(*simulated(rng, 20, 75, effects, 0.5)).q[:-1] < 0.05
        shares.append(found[15:].sum() / max(found.sum(), 1))
        power.append(found[:15].mean())
    assert np.mean(shares) <= 0.06
    assert np.mean(power) > 0.5

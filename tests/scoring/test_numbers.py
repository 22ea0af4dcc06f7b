"""Scores of numbers are scikit-learn's and SciPy's; their intervals are over patients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from eegssl.errors import InputError
from eegssl.scoring.number_scores import (
    NUMBER_METRICS,
    number_intervals,
    number_scores,
    weighted_spearman,
)

PAIRS = st.lists(
    st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=3, max_size=40
).filter(
    lambda rows: (
        len(set(rows)) > 2 and all(len(set(column)) > 1 for column in zip(*rows, strict=True))
    )
)


@given(PAIRS, st.floats(-1e6, 1e6))
def test_scores_are_those_of_the_references(rows: list[tuple[int, int]], offset: float) -> None:
    truth, value = (np.array(column) / 4 + round(offset) for column in zip(*rows, strict=True))
    got = number_scores(truth, value)
    wanted = {
        "mae": mean_absolute_error(truth, value),
        "rmse": root_mean_squared_error(truth, value),
        "r2": r2_score(truth, value),
        "pearson": pearsonr(truth, value).statistic,
        "spearman": spearmanr(truth, value).statistic,
    }
    for name, expected in wanted.items():
        assert got[name] == pytest.approx(expected, rel=1e-6, abs=1e-6), name


def test_a_constant_has_no_correlation_and_says_why() -> None:
    flat = number_scores(np.arange(5.0), np.full(5, 2.5))
    assert flat["pearson"] is None
    assert flat["spearman"] is None
    assert flat["undefined"]["spearman"] == "all predicted numbers are the same"
    assert flat["r2"] == pytest.approx(-0.125)
    same = number_scores(np.full(5, 40.1), np.arange(5.0))
    assert same["r2"] is None
    assert same["undefined"]["r2"] == "all true numbers are the same"
    assert same["mae"] == pytest.approx(np.abs(np.arange(5.0) - 40.1).mean())


@pytest.mark.parametrize(
    ("truth", "value"), [([3.0], [4.0]), ([20.0, 30.0], [26.0, 25.0]), ([1.0, 2.0] * 9, [5, 4] * 9)]
)
def test_two_points_lie_on_a_line_whatever_they_are(truth: list[float], value: list[float]) -> None:
    """So their correlation is 1 or -1, and says nothing."""
    found = number_scores(np.array(truth), np.array(value, dtype=float))
    for name in ("r2", "pearson", "spearman"):
        assert found[name] is None, name
        assert "fewer than 3 different" in found["undefined"][name]
    assert found["mae"] is not None
    subjects = [f"s{k}" for k in range(len(truth))]
    given = number_intervals(subjects, np.array(truth), np.array(value), seed=0, n_resamples=50)
    assert given["spearman"]["bca"].low is None


@given(st.lists(st.integers(0, 3), min_size=6, max_size=6), st.integers(0, 100))
def test_a_pair_that_weighs_double_is_a_pair_that_comes_twice(weights: list[int], k: int) -> None:
    rng = np.random.default_rng(k)
    x, y = rng.integers(0, 4, (2, 6)).astype(float)
    w = np.array(weights)
    again = np.repeat(x, w), np.repeat(y, w)
    got = weighted_spearman(x, y, w[None])[0]
    if any(len(set(column.tolist())) < 2 for column in again):
        assert np.isnan(got)
    else:
        assert got == pytest.approx(spearmanr(*again).statistic)


def test_intervals_hold_the_score_and_shrink_with_patients() -> None:
    rng = np.random.default_rng(3)
    widths = []
    for n_patients in (12, 120):
        truth = np.repeat(rng.normal(size=n_patients), 3)
        value = truth + rng.normal(size=len(truth))
        subjects = [f"s{k // 3}" for k in range(len(truth))]
        found = number_intervals(subjects, truth, value, seed=0, n_resamples=300)
        scores = number_scores(truth, value)
        assert set(found) == set(NUMBER_METRICS)
        for name, methods in found.items():
            low, high = methods["percentile"].low, methods["percentile"].high
            assert low is not None
            assert high is not None
            assert low < scores[name] < high, name
        widths.append(found["spearman"]["percentile"])
    assert widths[1].high - widths[1].low < widths[0].high - widths[0].low


def test_below_ten_patients_there_is_no_interval_but_a_reason() -> None:
    x = np.arange(9.0)
    found = number_intervals([f"s{k}" for k in range(9)], x, x + 1, seed=0, n_resamples=100)
    assert found["mae"]["bca"].low is None
    assert "fewer than 10" in found["mae"]["bca"].reason


@pytest.mark.parametrize(
    ("truth", "value"),
    [([], []), ([1.0, 2.0], [1.0]), ([1.0, np.nan], [1.0, 2.0]), ([1.0, 2.0], [1.0, np.inf])],
)
def test_what_are_no_pairs_of_numbers_is_refused(truth: list[float], value: list[float]) -> None:
    with pytest.raises(InputError):
        number_scores(np.array(truth), np.array(value))

"""Phase errors go the short way round, and their scores are known for known errors."""

from itertools import pairwise

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.errors import InputError
from eegssl.scoring.forecasts.circular import (
    phase_error_deg,
    phase_scores,
    phase_scores_by_amplitude,
)

angles = st.floats(-20, 20)


@examples(100)
@given(angles, angles, st.integers(-3, 3))
def test_errors_lie_on_the_circle_and_whole_turns_do_not_matter(truth, forecast, turns):
    error = phase_error_deg(np.array([truth]), np.array([forecast]))[0]
    assert -180 < error <= 180
    same = np.exp(1j * np.deg2rad(error)) * np.exp(1j * truth)
    assert same == pytest.approx(np.exp(1j * forecast), abs=1e-9)
    turned = phase_error_deg(np.array([truth]), np.array([forecast + 2 * np.pi * turns]))[0]
    assert abs(np.exp(1j * np.deg2rad(turned)) - np.exp(1j * np.deg2rad(error))) < 1e-9


def test_across_the_edge_of_the_circle_the_error_is_small():
    truth, forecast = np.deg2rad([179.0, -179.0]), np.deg2rad([-179.0, 179.0])
    assert phase_error_deg(truth, forecast) == pytest.approx([2, -2])


@pytest.mark.parametrize("lead_deg", [-120.0, -45.0, 0.0, 30.0, 90.0, 170.0])
def test_a_constant_lead_is_all_bias_and_fully_locked(lead_deg):
    truth = np.random.default_rng(0).uniform(-np.pi, np.pi, (4, 50))
    scores = phase_scores(truth, truth + np.deg2rad(lead_deg * 0.999))
    assert scores.bias_deg == pytest.approx(lead_deg * 0.999)
    assert scores.mae_deg == pytest.approx(abs(lead_deg) * 0.999)
    assert scores.phase_locking == pytest.approx(1)
    assert scores.share_within_45_deg == (1 if abs(lead_deg) <= 45 else 0)
    assert scores.n == 200


def test_half_a_turn_is_180_and_45_degrees_are_within_45():
    half, eighth = phase_error_deg(np.zeros(2), np.array([np.pi, np.pi / 4]))
    assert (half, eighth) == (180, 45)
    assert phase_scores(np.zeros(1), np.array([np.pi / 4])).share_within_45_deg == 1


def test_knowing_nothing_gives_90_degrees_a_quarter_and_hardly_any_locking():
    rng = np.random.default_rng(1)
    locking = []
    for _ in range(200):
        scores = phase_scores(*rng.uniform(-np.pi, np.pi, (2, 400)))
        locking.append(scores.phase_locking)
    assert np.mean(locking) == pytest.approx(0.886 / 20, rel=0.15)  # Rayleigh: sqrt(pi)/2/sqrt(n)
    scores = phase_scores(*rng.uniform(-np.pi, np.pi, (2, 40_000)))
    assert scores.mae_deg == pytest.approx(90, abs=1)
    assert scores.share_within_45_deg == pytest.approx(0.25, abs=0.01)


def test_normal_errors_lock_as_theory_says():
    sd = 0.7
    error = np.random.default_rng(2).normal(0.2, sd, 100_000)
    scores = phase_scores(np.zeros_like(error), error)
    assert scores.phase_locking == pytest.approx(np.exp(-(sd**2) / 2), abs=0.005)
    assert scores.bias_deg == pytest.approx(np.rad2deg(0.2), abs=0.5)


def test_opposite_errors_have_no_direction():
    scores = phase_scores(np.zeros(2), np.array([np.pi / 2, -np.pi / 2]))
    assert (scores.bias_deg, scores.mae_deg) == (None, 90)


def test_no_phases_have_no_scores():
    nothing = phase_scores(np.zeros(0), np.zeros(0))
    assert (nothing.n, nothing.mae_deg, nothing.phase_locking) == (0, None, None)
    assert phase_scores_by_amplitude(np.zeros(0), np.zeros(0), np.zeros(0)) == []


def test_strata_of_amplitude_are_equally_full_and_show_that_weak_phases_are_noise():
    rng = np.random.default_rng(3)
    amplitude = rng.random(4000)
    error = rng.uniform(-np.pi, np.pi, 4000) * (amplitude < 0.25)
    found = phase_scores_by_amplitude(np.zeros(4000), error, amplitude)
    assert [s.scores.n for s in found] == pytest.approx([1000] * 4, abs=1)
    assert found[0].scores.mae_deg == pytest.approx(90, abs=6)
    assert [s.scores.mae_deg for s in found[2:]] == [0, 0]
    assert all(a.high <= b.low for a, b in pairwise(found))


@examples(50)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(1, 6))
def test_equal_amplitudes_stay_together_and_none_is_lost(amplitudes, n_strata):
    size = np.array(amplitudes, dtype=float)
    found = phase_scores_by_amplitude(size * 0, size * 0, size, n_strata)
    assert sum(s.scores.n for s in found) == len(size)
    assert len(found) <= n_strata
    assert all(a.high < b.low for a, b in pairwise(found))


@pytest.mark.parametrize(
    ("truth", "forecast"), [(np.zeros(2), np.zeros(3)), (np.zeros(2), np.array([0, np.nan]))]
)
def test_phases_that_do_not_fit_are_refused(truth, forecast):
    with pytest.raises(InputError, match="got"):
        phase_scores(truth, forecast)


@pytest.mark.parametrize("amplitude", [np.ones(3), np.array([1.0, -1.0])])
def test_amplitudes_that_do_not_fit_are_refused(amplitude):
    with pytest.raises(InputError, match="amplitudes"):
        phase_scores_by_amplitude(np.zeros(2), np.zeros(2), amplitude)

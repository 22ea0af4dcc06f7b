"""Forecast scores are their definitions, by hand, by physics and against scikit-learn."""

import numpy as np
import pytest
from forecast_scores import forecast_scores
from scipy import stats
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from eegssl.errors import InputError
from eegssl.signal.bands import BANDS_HZ

SFREQ_HZ = 200.0


def noise(shape, seed=0):
    return np.random.default_rng(seed).normal(0, 20, shape)


@pytest.fixture
def pair():
    truth = noise((7, 3, 400)) + np.array([0.0, 50.0, -80.0])[:, None]
    return truth, 0.6 * truth + noise(truth.shape, seed=1) / 2 + 3


def test_one_channel_has_the_scores_of_scikit_learn_and_scipy(pair):
    truth, forecast = pair
    scores = forecast_scores(truth, forecast, SFREQ_HZ, channels=["A", "B", "C"])
    for k, name in enumerate("ABC"):
        y, f, got = truth[:, k].ravel(), forecast[:, k].ravel(), scores.per_channel[name]
        assert got["mae"] == pytest.approx(mean_absolute_error(y, f))
        assert got["mse"] == pytest.approx(mean_squared_error(y, f))
        assert got["rmse"] == pytest.approx(np.sqrt(mean_squared_error(y, f)))
        assert got["r2"] == pytest.approx(r2_score(y, f))
        assert got["nrmse"] == pytest.approx(got["rmse"] / y.std())
        assert got["pearson"] == pytest.approx(stats.pearsonr(y, f)[0])


def test_overall_r2_does_not_reward_offsets_between_channels():
    truth = noise((5, 2, 300)) + np.array([0.0, 1000.0])[:, None]
    means = np.broadcast_to(truth.mean(axis=(0, 2), keepdims=True), truth.shape)
    scores = forecast_scores(truth, means, SFREQ_HZ).overall
    assert scores["r2"] == pytest.approx(0, abs=1e-9)
    assert scores["nrmse"] == pytest.approx(1)
    assert scores["pearson"] is None
    assert scores["undefined"]["pearson"] == "the forecast is constant"


def test_errors_of_channels_and_stretches_add_up_to_the_overall_ones(pair):
    truth, forecast = pair
    scores = forecast_scores(truth, forecast, SFREQ_HZ, horizons_s=(0.5, 1.0))
    stretches = scores.per_horizon
    assert [(s["from_s"], s["to_s"]) for s in stretches] == [(0, 0.5), (0.5, 1), (1, 2)]
    for name in ("mae", "mse"):
        per_channel = [s[name] for s in scores.per_channel.values()]
        assert np.mean(per_channel) == pytest.approx(scores.overall[name])
        weighted = [s[name] * (s["to_s"] - s["from_s"]) for s in stretches]
        assert sum(weighted) / 2 == pytest.approx(scores.overall[name])


def test_an_error_late_in_the_horizon_shows_only_there():
    truth = noise((4, 2, 400))
    forecast = truth.copy()
    forecast[..., 200:] += 7
    early, late = forecast_scores(truth, forecast, SFREQ_HZ, horizons_s=(1.0,)).per_horizon
    assert (early["mae"], early["r2"]) == (0, 1)
    assert late["mae"] == pytest.approx(7)


def test_mase_by_hand():
    # Steps of the contexts: |3|, |1|, mean 2; and |4|, |4|, mean 4. Errors 1 and 2 everywhere:
    # 1/2 and 2/4, mean 0.5. Held values 2 and 8 against truths of 0: MAE 5 against 1.5.
    context = np.array([[[0.0, 3, 2]], [[0, 4, 8]]])
    truth = np.zeros((2, 1, 10))
    forecast = np.array([1.0, 2.0])[:, None, None] + truth
    overall = forecast_scores(truth, forecast, SFREQ_HZ, context).overall
    assert overall["mase"] == pytest.approx(0.5)
    assert overall["mae_over_persistence"] == pytest.approx(1.5 / 5)


def test_persistence_itself_is_1_at_every_horizon_and_channel():
    signal = np.cumsum(noise((6, 2, 600)), axis=-1)
    context, truth = signal[..., :200], signal[..., 200:]
    held = np.broadcast_to(context[..., -1:], truth.shape)
    scores = forecast_scores(truth, held, SFREQ_HZ, context)
    parts = (scores.overall, *scores.per_channel.values(), *scores.per_horizon)
    assert [part["mae_over_persistence"] for part in parts] == pytest.approx([1] * len(parts))
    # One step ahead of a random walk, holding the last value is as good as in the context.
    next_one = forecast_scores(
        truth[..., :1].repeat(8, axis=-1), held[..., :8], SFREQ_HZ, context
    ).overall
    assert next_one["mase"] == pytest.approx(1, abs=0.5)


def test_mase_does_not_depend_on_the_unit(pair):
    truth, forecast = pair
    context = noise((7, 3, 100), seed=5)
    one, other = (
        forecast_scores(k * truth, k * forecast, SFREQ_HZ, k * context).overall for k in (1, 1000)
    )
    for name in ("mase", "mae_over_persistence", "nrmse", "r2", "pearson", "log_psd_distance_db"):
        assert one[name] == pytest.approx(other[name])
    assert other["mae"] == pytest.approx(1000 * one["mae"])


def test_flat_contexts_are_left_out_of_mase_and_all_flat_ones_leave_none():
    truth, forecast = np.zeros((2, 1, 8)), np.ones((2, 1, 8))
    context = np.array([[[5.0, 5, 5]], [[0, 2, 4]]])
    assert forecast_scores(truth, forecast, SFREQ_HZ, context).overall["mase"] == 0.5
    flat = forecast_scores(truth, forecast, SFREQ_HZ, np.zeros((2, 1, 3))).overall
    assert (flat["mase"], flat["mae_over_persistence"]) == (None, None)
    assert "flat" in flat["undefined"]["mase"]
    assert "no error" in flat["undefined"]["mae_over_persistence"]


def test_a_perfect_forecast_has_no_error_at_all():
    truth = noise((3, 2, 400))
    overall = forecast_scores(truth, truth, SFREQ_HZ).overall
    assert (overall["mse"], overall["r2"], overall["log_psd_distance_db"]) == (0, 1, 0)
    assert overall["pearson"] == pytest.approx(1)
    assert all(band["power_error_db"] == 0 for band in overall["bands"].values())
    assert overall["undefined"]["mase"] == "no context given"


def test_twice_the_amplitude_is_6_db_in_every_band():
    truth = noise((3, 2, 800))
    overall = forecast_scores(truth, 2 * truth, SFREQ_HZ).overall
    six = 20 * np.log10(2)
    assert overall["log_psd_distance_db"] == pytest.approx(six)
    for band in overall["bands"].values():
        assert band["power_error_db"] == pytest.approx(six)
        assert band["power_bias_db"] == pytest.approx(six)


def test_the_log_psd_distance_is_a_mean_over_windows():
    truth = noise((2, 1, 400))
    forecast = truth * np.array([1, 2])[:, None, None]
    overall = forecast_scores(truth, forecast, SFREQ_HZ).overall
    assert overall["log_psd_distance_db"] == pytest.approx(20 * np.log10(2) / 2)


def test_half_the_alpha_shows_in_alpha_only():
    t_s = np.arange(800) / SFREQ_HZ
    hz = np.array([2.5, 6, 10.25, 20, 45])
    phase = np.random.default_rng(0).uniform(0, 2 * np.pi, (10, 1, 5, 1))
    tones = 10 * np.sin(2 * np.pi * hz[:, None] * t_s + phase)
    truth, forecast = tones.sum(axis=2), (tones * np.array([1, 1, 0.5, 1, 1])[:, None]).sum(axis=2)
    bands = forecast_scores(truth, forecast, SFREQ_HZ).overall["bands"]
    assert bands["alpha"]["power_bias_db"] == pytest.approx(-20 * np.log10(2), abs=0.1)
    for name in set(BANDS_HZ) - {"alpha"}:
        assert bands[name]["power_error_db"] < 0.1


def test_two_draws_of_the_same_noise_lie_7_9_db_apart_without_bias():
    overall = forecast_scores(noise((200, 1, 1000)), noise((200, 1, 1000), 1), SFREQ_HZ).overall
    assert overall["log_psd_distance_db"] == pytest.approx(7.88, abs=0.15)
    assert overall["bands"]["beta"]["power_bias_db"] == pytest.approx(0, abs=0.3)


def test_a_flat_forecast_is_far_off_but_finite_and_a_flat_truth_is_said():
    moving, flat = noise((2, 1, 400)), np.zeros((2, 1, 400))
    lost = forecast_scores(moving, flat, SFREQ_HZ).overall
    assert 40 < lost["log_psd_distance_db"] <= 62
    nothing = forecast_scores(flat, moving, SFREQ_HZ).overall
    assert nothing["log_psd_distance_db"] is None
    assert nothing["undefined"]["alpha"] == "the truth is flat"
    assert nothing["undefined"]["r2"] == "the truth is constant"


def test_bands_that_a_short_stretch_does_not_resolve_have_no_score():
    truth = noise((2, 1, 100))
    overall = forecast_scores(truth, truth + 1, SFREQ_HZ, horizons_s=()).overall
    assert overall["bands"]["alpha"]["power_error_db"] == pytest.approx(0, abs=1e-9)
    short = forecast_scores(truth[..., :20], truth[..., :20], SFREQ_HZ).overall  # bins of 10 Hz
    assert short["bands"]["delta"]["power_error_db"] is None
    assert "no frequency" in short["undefined"]["delta"]
    assert (
        "too few samples"
        in forecast_scores(truth[..., :5], truth[..., :5], SFREQ_HZ).overall["undefined"]["delta"]
    )


def test_a_constant_truth_at_any_offset_is_seen_as_constant():
    truth = np.full((3, 1, 50), 0.1)
    assert forecast_scores(truth, truth + 1, SFREQ_HZ).overall["r2"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"truth": np.zeros((2, 3))},
        {"forecast": np.zeros((2, 3, 9))},
        {"forecast": np.full((2, 3, 10), np.nan)},
        {"context": np.zeros((2, 2, 5))},
        {"context": np.zeros((2, 3, 0))},
        {"context": np.full((2, 3, 5), np.inf)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(wrong):
    good = {"truth": np.zeros((2, 3, 10)), "forecast": np.zeros((2, 3, 10)), "sfreq_hz": 100.0}
    with pytest.raises(InputError, match="got"):
        forecast_scores(**(good | wrong))

"""Frequencies and phases of signals whose frequencies and phases are known."""

import numpy as np
import pytest
import scipy.signal
from fewerexamples import examples
from forecastdata import NAMES, RATE_HZ, as_context, noise, sines
from hypothesis import given
from hypothesis import strategies as st

from eegssl.errors import InputError
from eegssl.scoring.forecasts.circular import phase_error_deg
from eegssl.signal.config import FilterConfig
from eegssl.signal.filtering.filters import chain
from eegssl.tasks.forecast.config import AutoregressionConfig
from eegssl.tasks.forecast.data import PairBatch
from eegssl.tasks.forecast.methods.phase_compensation import filter_phase_rad
from eegssl.tasks.phase.config import PhaseConfig
from eegssl.tasks.phase.dominant_frequency import dominant_frequencies
from eegssl.tasks.phase.instantaneous_phase import (
    analytic_signal,
    edge_s,
    phases_by_ar,
    phases_by_rotation,
    phases_of_forecast,
    true_phases,
)
from eegssl.tasks.phase.scores import band_scores

CONFIG = PhaseConfig()
BANDS = list(CONFIG.bands)
ALPHA = BANDS.index("alpha")
AR = AutoregressionConfig()


def pair_of(signal_uv: np.ndarray, t: int, n: int) -> PairBatch:
    """Signals [n, C, T] around a target of ``n`` samples at ``t``."""
    signal = signal_uv.astype(np.float32)
    before = signal[..., :t]
    return PairBatch(
        as_context(before, NAMES), signal[..., t : t + n], before, signal[..., t + n :]
    )


def apart_deg(truth_rad: np.ndarray, rad: np.ndarray) -> np.ndarray:
    """Absolute errors."""
    return np.abs(phase_error_deg(np.broadcast_to(truth_rad, rad.shape), rad))


@examples(25)
@given(hz=st.floats(8.3, 12.7), seconds=st.sampled_from([6.0, 12.0, 20.0]))
def test_the_peak_of_a_sine_in_brown_noise_is_found_between_the_bins(
    hz: float, seconds: float
) -> None:
    t_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    signal_uv = noise(len(t_s), 3) + 30 * np.cos(2 * np.pi * hz * t_s)
    peaks = dominant_frequencies(signal_uv, RATE_HZ, CONFIG)
    assert peaks.hz.shape == (3, 4)
    assert peaks.oscillates[:, ALPHA].all()
    np.testing.assert_allclose(peaks.hz[:, ALPHA], hz, atol=0.1)
    loudest = np.abs(np.fft.rfft(noise(len(t_s), 3)[0]))[1:].argmax() + 1
    assert loudest / seconds < 8, "a raw spectrum would have named something slow"


@pytest.mark.parametrize("seconds", [6, 12, 20, 90])
def test_noise_without_oscillations_has_few_peaks_and_its_frequencies_lie_in_the_bands(
    seconds: int,
) -> None:
    signal_uv = noise(seconds * 200, 5, channels=60)
    peaks = dominant_frequencies(signal_uv, RATE_HZ, CONFIG)
    assert peaks.oscillates.mean() < 0.1
    for k, (low, high) in enumerate(CONFIG.bands.values()):
        assert np.all((peaks.hz[:, k] >= low) & (peaks.hz[:, k] <= high))


def test_each_band_has_its_own_frequency_whatever_the_scale() -> None:
    t_s = np.arange(4000) / RATE_HZ
    parts = [(3.0, 20), (6.2, 15), (10.4, 20), (21.0, 10)]
    signal_uv = noise(4000, 1) + sum(a * np.cos(2 * np.pi * f * t_s) for f, a in parts)
    for scale in (1.0, 1000.0):
        peaks = dominant_frequencies(scale * signal_uv, RATE_HZ, CONFIG)
        np.testing.assert_allclose(peaks.hz, [[f for f, _ in parts]] * 3, atol=0.15)
        assert peaks.oscillates.all()


def test_a_flat_signal_has_frequencies_and_no_oscillation() -> None:
    peaks = dominant_frequencies(np.zeros((1, 2000)), RATE_HZ, CONFIG)
    assert np.isfinite(peaks.hz).all()
    assert not peaks.oscillates.any()


def test_signals_too_short_for_a_band_are_refused() -> None:
    with pytest.raises(InputError, match="longer"):
        dominant_frequencies(np.ones((1, 10)), RATE_HZ, CONFIG)


def test_the_analytic_signal_is_a_band_pass_and_a_hilbert_transform() -> None:
    signal_uv = noise(16000, 2)[0]
    edge = round(edge_s(RATE_HZ, CONFIG) * RATE_HZ)
    taps = scipy.signal.firwin(
        2 * edge + 1,
        CONFIG.half_width_hz,
        window=("kaiser", scipy.signal.kaiser_beta(CONFIG.stop_db)),
        fs=RATE_HZ,
    )
    up = 2 * np.cos(2 * np.pi * 10 * np.arange(-edge, edge + 1) / RATE_HZ)
    expected = scipy.signal.hilbert(np.convolve(signal_uv, taps * up, mode="same"))
    ours = analytic_signal(signal_uv, np.array([10.0]), RATE_HZ, CONFIG)[0]
    inner = slice(8 * edge, -8 * edge)
    scale = np.abs(expected[inner]).max()
    np.testing.assert_allclose(ours[inner], expected[inner], atol=2e-3 * scale)


@pytest.mark.parametrize("hz", [1.5, 6.0, 10.3, 20.0])
def test_the_true_phase_of_a_sine_is_known_to_a_degree(hz: float) -> None:
    signal_uv, phase = sines(2, 12, hz, seed=1)
    pair = pair_of(signal_uv, 1200, 400)
    truth = true_phases(pair, np.full((2, 3, 1), hz + 0.2), RATE_HZ, CONFIG)
    assert apart_deg(phase[..., None, 1200:1600], truth.rad).max() < 1.5
    np.testing.assert_allclose(truth.uv, 30, rtol=0.03)


def test_the_true_phase_follows_a_chirp() -> None:
    t_s = np.arange(2400) / RATE_HZ
    phase = 2 * np.pi * (9.8 * t_s + 0.5 * 0.04 * t_s**2)  # 9.8 to 10.3 Hz in 12 s
    signal_uv = np.tile(30 * np.cos(phase), (1, 3, 1))
    truth = true_phases(pair_of(signal_uv, 1200, 600), np.full((1, 3, 1), 10.0), RATE_HZ, CONFIG)
    assert apart_deg(phase[1200:1800], truth.rad).max() < 2


def test_a_true_phase_needs_its_edges_and_looks_no_further() -> None:
    edge = round(edge_s(RATE_HZ, CONFIG) * RATE_HZ)
    signal_uv = noise(3000, 0)[None]
    centres = np.full((1, 3, 1), 10.0)
    own = true_phases(pair_of(signal_uv, 1000, 400), centres, RATE_HZ, CONFIG)
    changed_uv = signal_uv.copy()
    changed_uv[..., : 1000 - edge] = 99
    changed_uv[..., 1400 + edge :] = 99
    other = true_phases(pair_of(changed_uv, 1000, 400), centres, RATE_HZ, CONFIG)
    np.testing.assert_array_equal(own.rad, other.rad)
    short = pair_of(signal_uv[..., : 1400 + edge - 1], 1000, 400)
    with pytest.raises(InputError, match="after_s"):
        true_phases(short, centres, RATE_HZ, CONFIG)


@pytest.mark.parametrize("hz", [3.0, 6.5, 10.3, 20.0])
def test_both_baselines_forecast_the_phase_of_a_sine(hz: float) -> None:
    signal_uv, phase = sines(2, 30, hz, seed=2)
    pair = pair_of(signal_uv, 4800, 400)
    context_uv = pair.context.signal_uv
    found = dominant_frequencies(context_uv, RATE_HZ, CONFIG)
    band = next(k for k, (low, high) in enumerate(CONFIG.bands.values()) if low <= hz < high)
    centres = found.hz[..., band : band + 1]
    due = phase[..., None, 4800:5200]
    turned = phases_by_rotation(context_uv, 400, centres, RATE_HZ, CONFIG)
    assert apart_deg(due, turned.rad)[..., :100].max() < 12
    by_ar = phases_by_ar(context_uv, 400, centres, RATE_HZ, CONFIG, AR)
    assert apart_deg(due, by_ar.rad)[..., :100].max() < 12


def test_noise_can_not_be_forecast_beyond_its_memory() -> None:
    rng = np.random.default_rng(0)
    signal_uv = 20 * rng.standard_normal((20, 3, 4000))
    pair = pair_of(signal_uv, 2600, 1000)
    centres = np.full((20, 3, 1), 10.0)
    truth = true_phases(pair, centres, RATE_HZ, CONFIG).rad[..., 600:]
    ahead = phases_by_rotation(pair.context.signal_uv, 1000, centres, RATE_HZ, CONFIG).rad
    assert abs(apart_deg(truth, ahead[..., 600:]).mean() - 90) < 12


def test_a_perfect_signal_forecast_has_the_true_phase() -> None:
    signal_uv, _ = sines(2, 20, 10.0, seed=4)
    signal_uv += np.stack([noise(4000, 8), noise(4000, 9)])
    pair = pair_of(signal_uv, 2600, 600)
    centres = np.full((2, 3, 1), 10.0)
    truth = true_phases(pair, centres, RATE_HZ, CONFIG)
    longer = np.concatenate([pair.target_uv, pair.after_uv], axis=-1)
    same = phases_of_forecast(pair.context.signal_uv, longer, 600, centres, RATE_HZ, CONFIG)
    assert apart_deg(truth.rad, same.rad).max() < 1
    cut = phases_of_forecast(pair.context.signal_uv, pair.target_uv, 600, centres, RATE_HZ, CONFIG)
    assert np.median(apart_deg(truth.rad, cut.rad)) < 5


def test_the_delay_of_causal_filters_can_be_taken_back() -> None:
    hz = np.array([3.0, 6.0, 10.0, 20.0])
    filters = chain(256.0, FilterConfig(phase="causal"), 50.0)
    t_s, new_s = np.arange(20 * 256) / 256.0, np.arange(4000) / RATE_HZ
    for k, f in enumerate(hz):
        late = filters.apply(np.cos(2 * np.pi * f * t_s))
        seen = np.angle(analytic_signal(late, hz[k : k + 1], RATE_HZ, CONFIG))[0, 2000:3000]
        true = 2 * np.pi * f * new_s[2000:3000]
        assert apart_deg(true, seen).min() > 5
        assert apart_deg(true, seen - filter_phase_rad(filters, hz)[k]).max() < 1
    assert not filter_phase_rad(chain(256.0, FilterConfig(), 50.0), hz).any()


def test_scores_tell_a_known_error_of_phase_and_frequency() -> None:
    rng = np.random.default_rng(0)
    rad = rng.uniform(-np.pi, np.pi, (5, 1000))
    ahead, off_hz = rad + np.deg2rad(20), np.full(5, 0.5)
    every = np.ones(5, dtype=bool)
    band = band_scores(rad, rng.random(rad.shape), ahead, off_hz, every, RATE_HZ, 4)
    assert band["phase"]["bias_deg"] == pytest.approx(20)
    assert band["frequency_mae_hz"] == pytest.approx(0.5)
    assert band["per_horizon"][-1]["to_s"] == 5.0
    assert len(band["by_amplitude"]) == 4
    assert sum(s["scores"]["n"] for s in band["by_amplitude"]) == 5000

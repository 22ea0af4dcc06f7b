"""Band power is physics, and the baseline learns what differs in it."""

import numpy as np
import pytest
from scipy.signal import welch

from eegssl.adaptation.linear import fit_logistic
from eegssl.baselines.band_power import (
    BANDS_HZ,
    band_power_features,
    feature_names,
    log_band_power,
)

SFREQ_HZ = 200.0
TIME_S = np.arange(int(10 * SFREQ_HZ)) / SFREQ_HZ


@pytest.mark.parametrize(
    ("tone_hz", "band"), [(2, "delta"), (6, "theta"), (10, "alpha"), (20, "beta"), (45, "gamma")]
)
def test_a_tone_has_its_power_in_its_band(tone_hz, band):
    tone_uv = 20 * np.sqrt(2) * np.sin(2 * np.pi * tone_hz * TIME_S)
    power = log_band_power(tone_uv[None, None], SFREQ_HZ)[0, 0]
    index = list(BANDS_HZ).index(band)
    assert power[index] == pytest.approx(np.log10(400), abs=0.01)  # 20 µV rms
    assert np.all(np.delete(power, index) < power[index] - 3)


def test_the_density_is_that_of_scipys_welch():
    signal_uv = np.random.default_rng(0).normal(0, 20, (2, 3, 2000))
    freqs_hz, density = welch(signal_uv, SFREQ_HZ, nperseg=400, detrend="constant")
    alpha = (freqs_hz >= 8) & (freqs_hz < 13)
    expected = np.log10(density[..., alpha].sum(-1) * 0.5 + 1e-3)
    got = log_band_power(signal_uv, SFREQ_HZ)[..., list(BANDS_HZ).index("alpha")]
    assert np.allclose(got, expected)


def test_an_offset_and_a_flat_channel_stay_finite_and_powerless():
    power = log_band_power(np.full((1, 1, 2000), 187_000.0), SFREQ_HZ)
    assert np.allclose(power, -3, atol=1e-3)


def test_too_little_signal_is_refused():
    with pytest.raises(ValueError, match="tell the bands"):
        log_band_power(np.zeros((1, 1, 100)), SFREQ_HZ)
    with pytest.raises(ValueError, match="tell the bands"):
        log_band_power(np.zeros((1, 1, 1000)), 100.0)
    with pytest.raises(ValueError, match="expected \\[B, C, T\\]"):
        log_band_power(np.zeros((1, 1000)), SFREQ_HZ)


def test_features_do_not_depend_on_the_order_of_channels_and_fit_any_number():
    rng = np.random.default_rng(1)
    signal_uv = rng.normal(0, 20, (4, 7, 2000))
    features = band_power_features(signal_uv, SFREQ_HZ)
    assert np.allclose(features, band_power_features(signal_uv[:, rng.permutation(7)], SFREQ_HZ))
    assert features.shape == (4, len(feature_names()))
    assert band_power_features(signal_uv[:, :1], SFREQ_HZ).shape == features.shape


def _planted(n=300, seed=0):
    """Windows of noise; in those of class 1, one channel of five carries a 3 Hz rhythm."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.3).astype(int)
    signal_uv = rng.normal(0, 20, (n, 5, 800))
    rhythm_uv = 15 * np.sin(2 * np.pi * 3 * np.arange(800) / SFREQ_HZ)
    signal_uv[np.arange(n), rng.integers(0, 5, n)] += truth[:, None] * rhythm_uv
    return band_power_features(signal_uv, SFREQ_HZ), truth


def _fitted(x, y):
    weight = (1 / np.bincount(y))[y]
    return next(fit_logistic(x, np.eye(2)[y], weight, [1.0], 2000))


def test_it_learns_a_planted_rhythm_on_new_windows_and_nothing_from_permuted_labels():
    (x, y), (new_x, new_y) = _planted(), _planted(seed=1)
    correct = _fitted(x, y).probabilities(new_x).argmax(1) == new_y
    assert correct.mean() > 0.95
    permuted = np.random.default_rng(2).permutation(y)
    p = _fitted(x, permuted).probabilities(new_x)[:, 1]
    assert abs(p[new_y == 1].mean() - p[new_y == 0].mean()) < 0.1

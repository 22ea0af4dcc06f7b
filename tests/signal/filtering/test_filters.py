"""Cleaning keeps EEG, kills mains and offsets, moves nothing in time; agrees with mne."""

import numpy as np
import pytest
import scipy.signal
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from eegssl.errors import RecordingRefused
from eegssl.signal.config import FilterConfig
from eegssl.signal.filtering.filters import chain, effective_band

RATES_HZ = (160.0, 250.0, 256.0, 500.0, 512.0, 1000.0)
CONFIG = FilterConfig()
EDGE = 2000
"""Samples at 200 Hz within reach of an edge: half a filter is under 7 s."""


def tone_uv(frequency_hz: float, sfreq_hz: float, duration_s: float = 40.0) -> np.ndarray:
    """A cosine of 100 uV and phase .3, [1,T]."""
    time_s = np.arange(round(duration_s * sfreq_hz)) / sfreq_hz
    return 100 * np.cos(2 * np.pi * frequency_hz * time_s + 0.3)[None]


def brownian_uv(seed: int, channels: int, sfreq_hz: float, duration_s: float) -> np.ndarray:
    """EEG-like noise: a random walk of 50 uV with white noise on top, [C,T]."""
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((channels, round(duration_s * sfreq_hz)))
    walk = np.cumsum(steps, axis=1)
    return 50 * walk / walk.std(axis=1, keepdims=True) + 5 * rng.standard_normal(walk.shape)


def clean(
    signal_uv: np.ndarray, sfreq_hz: float, config: FilterConfig, line_hz: float
) -> np.ndarray:
    """Each channel of [C,T] by the chain of its rate, float32 [C,T']."""
    filters = chain(sfreq_hz, config, line_hz)
    return np.stack([filters.apply(channel) for channel in signal_uv])


@pytest.mark.parametrize("sfreq_hz", RATES_HZ)
@pytest.mark.parametrize("frequency_hz", [1.0, 10.0, 30.0, 45.0, 69.0])
def test_a_tone_in_the_band_comes_through_unchanged_and_in_place(sfreq_hz, frequency_hz):
    cleaned = clean(tone_uv(frequency_hz, sfreq_hz), sfreq_hz, CONFIG, 50.0)
    expected = tone_uv(frequency_hz, 200.0)
    assert cleaned.shape == expected.shape
    assert np.abs(cleaned - expected)[:, EDGE:-EDGE].max() < 1.0


@pytest.mark.parametrize("sfreq_hz", RATES_HZ)
@pytest.mark.parametrize(("frequency_hz", "line_hz"), [(50, 50), (60, 60), (0.02, 50)])
def test_mains_and_drift_are_killed(sfreq_hz, frequency_hz, line_hz):
    signal_uv = tone_uv(frequency_hz, sfreq_hz, duration_s=60)
    cleaned = clean(signal_uv, sfreq_hz, CONFIG, line_hz)
    assert np.abs(cleaned[:, EDGE:-EDGE]).max() < 1.0  # -40 dB of 100 uV


@pytest.mark.parametrize("sfreq_hz", [250.0, 256.0, 500.0, 512.0, 1000.0])
def test_nothing_folds_back_into_the_band(sfreq_hz):
    for frequency_hz in np.arange(90.0, sfreq_hz / 2, 17.3):
        cleaned = clean(tone_uv(frequency_hz, sfreq_hz), sfreq_hz, CONFIG, 50.0)
        assert np.abs(cleaned[:, EDGE:-EDGE]).max() < 0.3


@pytest.mark.parametrize("sfreq_hz", RATES_HZ)
def test_cross_correlation_with_the_input_peaks_at_zero_lag(sfreq_hz):
    signal_uv = brownian_uv(0, 1, sfreq_hz, 40)
    cleaned = clean(signal_uv, sfreq_hz, CONFIG, 50.0)[0, EDGE:-EDGE]
    # the same by FFT, its ringing at the edges cut off
    direct = scipy.signal.resample(signal_uv[0] - signal_uv[0].mean(), 8000)[EDGE:-EDGE]
    lags = scipy.signal.correlation_lags(cleaned.size, direct.size)
    assert lags[np.argmax(scipy.signal.correlate(cleaned, direct))] == 0


@pytest.mark.parametrize("sfreq_hz", [200.0, 256.0])
def test_an_impulse_stays_symmetric(sfreq_hz):
    impulse_uv = np.zeros((1, round(64 * sfreq_hz)))
    impulse_uv[0, round(32 * sfreq_hz)] = 1000.0
    cleaned = clean(impulse_uv, sfreq_hz, CONFIG, 60.0)[0].astype(float)
    assert np.argmax(cleaned) == 6400
    before, after = cleaned[6400 - 5000 : 6400][::-1], cleaned[6401 : 6401 + 5000]
    assert np.abs(before - after).max() < 1e-3 * cleaned.max()


def test_an_offset_of_187_millivolts_leaves_no_residue():
    signal_uv = brownian_uv(1, 2, 256.0, 60)
    offset_uv = np.array([[187_000.0], [-187_000.0]])
    with_offset = clean(signal_uv + offset_uv, 256.0, CONFIG, 50.0)
    assert np.abs(with_offset - clean(signal_uv, 256.0, CONFIG, 50.0)).max() < 1e-4
    constant = clean(np.full((1, 5120), 187_000.1), 256.0, CONFIG, 50.0)
    assert np.abs(constant).max() < 1e-6


def test_edges_neither_ring_nor_jump():
    steep_uv = np.linspace(0, 10_000, 60 * 256)[None] + tone_uv(10, 256.0, 60)
    cleaned = clean(steep_uv, 256.0, CONFIG, 50.0)
    assert np.abs(cleaned).max() < 210


@examples(30)
@given(
    st.sampled_from([*RATES_HZ, 128.0, 200.0, 173.61, 199.9, 2048.0]),
    st.integers(min_value=8 * 256, max_value=12 * 256),
)
def test_the_output_lasts_as_long_as_the_input(sfreq_hz, samples):
    samples = round(samples * sfreq_hz / 256)
    signal_uv = np.random.default_rng(samples).standard_normal((1, samples))
    cleaned = clean(signal_uv, sfreq_hz, CONFIG, 50.0)
    assert cleaned.shape == (1, round(samples * 200 / sfreq_hz))
    assert cleaned.dtype == np.float32
    assert np.isfinite(cleaned).all()


def test_an_odd_rate_keeps_time_over_half_an_hour():
    cleaned = clean(tone_uv(10, 173.61, 1800), 173.61, CONFIG, 50.0)
    time_s = np.arange(cleaned.shape[1]) / 200
    expected = 100 * np.cos(2 * np.pi * 10 * time_s + 0.3)
    assert np.abs(cleaned[0] - expected)[-EDGE - 200 : -EDGE].max() < 1.0


def test_channels_do_not_touch_each_other():
    signal_uv = brownian_uv(3, 3, 256.0, 20)
    together = clean(signal_uv, 256.0, CONFIG, 50.0)
    alone = clean(signal_uv[1:2], 256.0, CONFIG, 50.0)
    assert np.array_equal(together[1:2], alone)


def test_the_band_is_lowered_where_the_recording_is_slow_and_said_so():
    assert effective_band(256.0, CONFIG) == (0.5, 70.0)
    assert effective_band(160.0, CONFIG) == (0.5, 70.0)
    assert effective_band(128.0, CONFIG) == (0.5, 60.0)
    assert chain(128.0, CONFIG, 50.0).band_hz == (0.5, 60.0)
    cleaned = clean(tone_uv(40, 128.0), 128.0, CONFIG, 50.0)
    assert np.abs(cleaned - tone_uv(40, 200.0))[:, EDGE:-EDGE].max() < 1.0


def test_harmonics_below_the_stop_band_are_notched_too():
    wide = FilterConfig(sfreq_hz=500.0, high_hz=170.0)
    for frequency_hz in (50.0, 100.0, 150.0):
        cleaned = clean(tone_uv(frequency_hz, 1000.0), 1000.0, wide, 50.0)
        assert np.abs(cleaned[:, 5000:-5000]).max() < 1.0
    kept = clean(tone_uv(120.0, 1000.0), 1000.0, wide, 50.0)
    assert np.abs(kept - tone_uv(120.0, 500.0))[:, 5000:-5000].max() < 1.0


@pytest.mark.parametrize(
    ("notch", "known_hz", "expected_hz"),
    [
        ("off", 50.0, None),
        ("60", 50.0, 60.0),
        ("auto", 50.0, 50.0),
        ("each", 60.0, 60.0),
        ("auto", None, None),
    ],
)
def test_the_notch_follows_setting_then_knowledge(notch, known_hz, expected_hz):
    assert chain(256.0, FilterConfig(notch=notch), known_hz).line_hz == expected_hz


@pytest.mark.parametrize(
    ("samples", "sfreq_hz", "code"),
    [(1000, 256.0, "too-short"), (0, 256.0, "too-short"), (5000, 1.0, "sampled-too-slowly")],
)
def test_what_cannot_be_cleaned_is_refused_with_its_reason(samples, sfreq_hz, code):
    with pytest.raises(RecordingRefused) as refused:
        chain(sfreq_hz, CONFIG).require_long_enough(samples)
    assert refused.value.code == code
    assert "got" in refused.value.reason
    assert "expected" in refused.value.reason


def test_integers_are_cleaned_as_they_are():
    digital = np.random.default_rng(5).integers(-3000, 3000, (2, 6000)).astype(np.int16)
    cleaned = clean(digital, 256.0, CONFIG, 50.0)
    assert np.allclose(cleaned, clean(digital.astype(float), 256.0, CONFIG, 50.0), atol=2e-3)


def test_a_chain_is_designed_once_for_its_arguments():
    assert chain(256.0, CONFIG, 50.0) is chain(256.0, FilterConfig(), 50.0)
    assert chain(256.0, CONFIG, 50.0) is not chain(256.0, CONFIG, 60.0)


@pytest.mark.parametrize("wrong", [{"low_hz": 80.0}, {"high_hz": 100.0}, {"notch": "55"}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        FilterConfig(**wrong)

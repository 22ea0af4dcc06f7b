"""The band of a patch: that of its rhythm, over a background that falls off with frequency."""

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.signal.bands import BANDS_HZ, dominant_band

NAMES = list(BANDS_HZ)


def pink(rng, n):
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    return np.fft.irfft(spectrum, n)


@examples(60)
@given(
    st.sampled_from(NAMES),
    st.floats(0.25, 0.75),
    st.sampled_from([128, 200, 256]),
    st.integers(0, 99),
)
def test_a_rhythm_decides_over_a_falling_background(band, place, sfreq_hz, seed):
    low, high = BANDS_HZ[band]
    hz = max(low + place * (min(high, sfreq_hz / 2) - low), 1.5)
    t = np.arange(3 * sfreq_hz) / sfreq_hz
    rng = np.random.default_rng(seed)
    background = pink(rng, len(t))
    signal = 20 * np.sin(2 * np.pi * hz * t) + 3 * background / background.std() + 1e4
    assert [NAMES[k] for k in dominant_band(signal[None], sfreq_hz, sfreq_hz)[0]] == [band] * 3


def test_no_band_wins_all_of_a_background_that_falls_as_one_over_frequency():
    rng = np.random.default_rng(0)
    signal = np.stack([pink(rng, 4000) for _ in range(50)])
    share = np.bincount(dominant_band(signal, 200, 200.0).ravel(), minlength=5) / 1000
    assert share.max() < 0.6
    assert np.count_nonzero(share > 0.02) >= 4


def test_shapes_flat_patches_and_missing_bands():
    assert (
        dominant_band(np.zeros((2, 3, 410), np.float32), 200, 200.0).tolist() == [[[0, 0]] * 3] * 2
    )
    noise = np.random.default_rng(0).standard_normal((4, 500))
    short = dominant_band(noise, 20, 200.0)  # bins every 10 Hz: no delta, no theta
    assert short.shape == (4, 25)
    assert short.min() >= NAMES.index("alpha")
    assert dominant_band(noise, 500, 100.0).max() <= NAMES.index("gamma")


def test_patches_are_judged_alone():
    rng = np.random.default_rng(1)
    signal = rng.standard_normal((2, 1000))
    other = signal.copy()
    other[:, 400:600] = 50 * rng.standard_normal((2, 200))
    same = dominant_band(signal, 200, 200.0) == dominant_band(other, 200, 200.0)
    assert same[:, [0, 1, 3, 4]].all()


@pytest.mark.parametrize("name", NAMES)
def test_bands_follow_each_other(name):
    edges = list(BANDS_HZ.values())
    k = NAMES.index(name)
    assert edges[k][0] < edges[k][1]
    assert k == 0 or edges[k - 1][1] == edges[k][0]

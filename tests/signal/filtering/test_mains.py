"""Mains hum is found at the frequency where it is, and nowhere else."""

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from realdata import real_data

from eegssl.signal.filtering.mains import detect_line


def noise_uv(seed: int, channels: int, sfreq_hz: float, duration_s: float) -> np.ndarray:
    """White noise of 10 uV, [C,T]."""
    return 10 * np.random.default_rng(seed).standard_normal(
        (channels, round(duration_s * sfreq_hz))
    )


def line_hz_of(signal_uv: np.ndarray, sfreq_hz: float) -> float | None:
    """The mains frequency in a recording [C,T], by the 4 s windows that it can be cut into."""
    samples = round(4 * sfreq_hz)
    count = signal_uv.shape[1] // samples
    windows_uv = signal_uv[:, : count * samples].reshape(len(signal_uv), count, samples)
    return detect_line(windows_uv.swapaxes(0, 1), sfreq_hz)


@examples(40)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([50.0, 60.0]),
    st.sampled_from([160.0, 256.0, 500.0]),
    st.integers(1, 20),
    st.floats(-0.2, 0.2),
)
def test_hum_is_found_also_when_it_is_a_little_off(seed, line_hz, sfreq_hz, channels, off_hz):
    signal_uv = noise_uv(seed, channels, sfreq_hz, 30) + 187_000
    time_s = np.arange(signal_uv.shape[1]) / sfreq_hz
    signal_uv += 5 * np.sin(2 * np.pi * (line_hz + off_hz) * time_s)
    assert line_hz_of(signal_uv, sfreq_hz) == line_hz


@examples(40)
@given(st.integers(0, 2**32 - 1), st.integers(4, 20), st.sampled_from([30.0, 120.0]))
def test_without_hum_there_is_none(seed, channels, duration_s):
    assert line_hz_of(noise_uv(seed, channels, 256.0, duration_s), 256.0) is None


def test_hum_on_most_channels_counts_and_on_one_does_not():
    signal_uv = noise_uv(0, 9, 256.0, 60)
    hum = 20 * np.sin(2 * np.pi * 50 * np.arange(signal_uv.shape[1]) / 256)
    one, most = signal_uv.copy(), signal_uv.copy()
    one[0] += hum
    most[:6] += hum
    assert line_hz_of(one, 256.0) is None
    assert line_hz_of(most, 256.0) == 50.0


def test_nothing_is_claimed_of_flat_short_or_slow_signals():
    hum = np.sin(2 * np.pi * 50 * np.arange(600) / 256)[None]
    assert line_hz_of(np.zeros((3, 5000)), 256.0) is None
    assert line_hz_of(hum, 256.0) is None
    assert line_hz_of(noise_uv(0, 2, 64.0, 60), 64.0) is None
    assert line_hz_of(np.zeros((0, 5000)), 256.0) is None


@examples(20)
@given(st.integers(0, 2**32 - 1), st.sampled_from([50.0, 60.0]), st.sampled_from([256.0, 500.0]))
def test_windows_already_cut_tell_the_same_in_any_unit(seed, line_hz, sfreq_hz):
    samples = round(4 * sfreq_hz)
    signal_uv = noise_uv(seed, 3, sfreq_hz, 40)
    signal_uv += 5 * np.sin(2 * np.pi * line_hz * np.arange(signal_uv.shape[1]) / sfreq_hz)
    windows = signal_uv.reshape(3, 10, samples).swapaxes(0, 1)
    assert detect_line(windows, sfreq_hz) == line_hz
    assert detect_line((windows * 50 + 900).astype(np.int16), sfreq_hz) == line_hz
    assert detect_line(windows[:0], sfreq_hz) is None
    quiet = noise_uv(seed, 30, sfreq_hz, 40).reshape(30, 10, samples).swapaxes(0, 1)
    assert detect_line(quiet, sfreq_hz) is None


@pytest.mark.real
@pytest.mark.parametrize(
    ("pattern", "line_hz"),
    [("chbmit_clips/**/chb01_*_to_end.edf", 60.0), ("eegmat/Subject0[0-4]_2.edf", None)],
)
def test_real_corpora_have_the_mains_of_their_country_or_were_notched(pattern, line_hz):
    import pyedflib

    clips = sorted(real_data().glob(pattern))
    assert clips
    for clip in clips:
        with pyedflib.EdfReader(str(clip)) as edf:
            signal_uv = np.array([edf.readSignal(i) for i in range(19)])
            assert line_hz_of(signal_uv, edf.getSampleFrequency(0)) == line_hz
